from __future__ import annotations

import gzip
import hashlib
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.content import HashedContent, content_digest


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
