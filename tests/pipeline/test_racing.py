"""Threads that upload the same files count each once, and a growing one as it last was."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.pipeline.contents import GROWN_MORE, A
from tests.pipeline.csvs import many_pairs, put

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


def test_threads_that_upload_the_same_files_count_each_once(desk: Desk) -> None:
    contents = [many_pairs(120, packets=number) for number in range(4)]
    for number, content in enumerate(contents):
        put(desk.folder / f"{number}.csv", content)
    outcomes: list[str] = []

    def upload_all() -> None:
        outcomes.extend(desk.upload(f"{number}.csv").state for number in range(4))

    threads = [threading.Thread(target=upload_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already counted"] * 12 + ["counted"] * 4
    assert desk.sums() == desk.clean(*contents)


def test_threads_that_upload_one_growing_file_end_at_its_last_content(desk: Desk) -> None:
    desk.upload("a.csv", GROWN_MORE)
    desk.retract("a.csv")
    desk.upload("a.csv", A)
    put(desk.folder / "a.csv", GROWN_MORE)
    threads = [threading.Thread(target=desk.upload, args=("a.csv",), kwargs={"again": True}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.sums() == desk.clean(GROWN_MORE)
