from __future__ import annotations

import gzip
import hashlib
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.content import HashedContent, beginning_digest, content_digest


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=6), st.sets(st.integers(0, 130), max_size=6))
def test_each_beginning_that_is_reached_is_hashed_however_the_content_is_cut(
    blocks: list[bytes], lengths: set[int]
) -> None:
    content = HashedContent(iter(blocks), lengths)
    whole = b"".join(blocks)
    assert b"".join(content) == whole
    assert (content.length, content.digest()) == (len(whole), hashlib.sha256(whole).hexdigest())
    reached = {length for length in lengths if length <= len(whole)} if blocks else set()
    assert content.prefixes == {length: hashlib.sha256(whole[:length]).hexdigest() for length in reached}


def test_the_digest_is_of_the_content_before_it_was_compressed() -> None:
    text = b"Src IP,Dst IP\n" * 1000
    expected = (hashlib.sha256(text).hexdigest(), len(text))
    assert content_digest(BytesIO(text)) == expected
    assert content_digest(BytesIO(gzip.compress(text))) == expected


def is_no_gzip(content: bytes) -> bool:
    return not content.startswith(b"\x1f\x8b")


@settings(deadline=None)
@given(st.binary(max_size=60).filter(is_no_gzip), st.integers(0, 70), st.booleans())
def test_the_digest_of_a_beginning_is_that_of_its_bytes_or_none_where_there_are_fewer(
    content: bytes, length: int, compressed: bool
) -> None:
    stream = BytesIO(gzip.compress(content) if compressed else content)
    reached = length <= len(content) and content != b""
    assert beginning_digest(stream, length) == (hashlib.sha256(content[:length]).hexdigest() if reached else "")


def test_no_more_is_read_for_the_digest_of_a_beginning_than_it_takes() -> None:
    stream = BytesIO(bytes(10_000_000))
    assert beginning_digest(stream, 10) == hashlib.sha256(bytes(10)).hexdigest()
    assert stream.tell() < 5_000_000
