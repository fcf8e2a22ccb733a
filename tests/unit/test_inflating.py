from __future__ import annotations

import gzip
import sys
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.inflating import inflated
from iotagg.errors import FileRefused

CONTENT = b"192.0.2.1,192.0.2.2,6/12/2022,5,2\n" * 40


def outcome(packed: bytes, *, by_python: bool) -> bytes | None:
    with pytest.MonkeyPatch.context() as patch:
        if by_python:
            patch.setitem(sys.modules, "isal", None)
        try:
            return b"".join(inflated(BytesIO(packed), 64))
        except FileRefused:
            return None


@settings(deadline=None)
@given(st.data())
def test_every_library_gives_the_same_content_and_refuses_the_same_damage(data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(CONTENT) + gzip.compress(b"x" * 9))
    for _ in range(data.draw(st.integers(0, 2))):
        packed[data.draw(st.integers(2, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(packed[: data.draw(st.integers(2, len(packed)) | st.just(len(packed)))])
    assert outcome(cut, by_python=False) == outcome(cut, by_python=True)


def test_blocks_are_no_longer_than_asked_for() -> None:
    blocks = list(inflated(BytesIO(gzip.compress(CONTENT)), 64))
    assert max(map(len, blocks)) == 64
    assert b"".join(blocks) == CONTENT
