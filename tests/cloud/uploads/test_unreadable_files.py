"""A file that changes while it is sent, or cannot be read, is refused and leaves nothing."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.errors import FileUnreadable
from tests.cloud.uploads.bucket import PART, THREE_PARTS, Bucket, content_of, once, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("change", [b"more\n", b""])
def test_a_large_file_that_changes_is_refused_and_leaves_nothing(bucket: Bucket, large: Path, change: bytes) -> None:
    changed = large.read_bytes() + change if change else large.read_bytes()[:-1]

    def write(**_: Any) -> None:
        written(large, changed)

    bucket.before("UploadPart", once(write))
    with pytest.raises(FileUnreadable, match=r"^it changed while it was"):
        bucket.send(large, threads=1)
    assert bucket.etags() == []
    assert bucket.unfinished() == []


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_a_change_that_size_and_time_do_not_show_is_refused(bucket: Bucket, tmp_path: Path, length: int) -> None:
    file = written(tmp_path / "flows.csv", content_of(length))
    old = bucket.put(b"old")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)

    def change(**_: Any) -> None:
        written(file, content_of(length, b"!"))
        os.utime(file, ns=times)

    bucket.before("HeadObject", change)  # after it was hashed, before it is sent
    with pytest.raises(FileUnreadable, match=r"^it changed while it was sent; upload it again when it is complete$"):
        bucket.send(file, replace_etag=old)
    assert bucket.etags() == [old]
    assert bucket.unfinished() == []


def test_a_file_that_grows_without_end_is_refused(bucket: Bucket, large: Path) -> None:
    def grow(**_: Any) -> None:
        with large.open("ab") as out:
            out.write(bytes(PART))

    bucket.before("UploadPart", grow)
    with pytest.raises(FileUnreadable, match=r"^it changed while it was"):
        bucket.send(large, threads=1)
    assert bucket.unfinished() == []


def test_no_more_parts_are_sent_than_were_hashed(bucket: Bucket, large: Path) -> None:
    def grow(**_: Any) -> None:
        written(large, content_of(5 * PART))

    bucket.before("HeadObject", grow)
    with pytest.raises(FileUnreadable, match=r"^it changed while it was sent"):
        bucket.send(large, threads=1)
    assert bucket.parts_sent() <= 4  # one more would take the label's place


@pytest.mark.parametrize(("name", "reason"), [("nothing.csv", "no such file"), ("", "a folder, not a file")])
def test_what_cannot_be_read_is_not_sent(bucket: Bucket, tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(FileUnreadable, match=f"^{reason}$"):
        bucket.send(tmp_path / name)
    assert bucket.asked == []


def test_what_can_be_read_only_once_is_sent(bucket: Bucket, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"through a pipe\n"])
    writer.start()
    assert bucket.send(pipe).new
    writer.join(10)
    assert bucket.content() == b"through a pipe\n"
