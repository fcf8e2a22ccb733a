"""Lines: the same lines come out wherever the blocks were cut, in bounded memory."""

import gzip
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core import lines as module
from iotagg.core.inflating import library_in_use
from iotagg.core.lines import Batch, Overlong, blocks, lines
from iotagg.errors import FileRefused
from tests.examples import examples
from tests.strategies import ShortReads, gzipped, read_sizes


@pytest.fixture(autouse=True, scope="module", params=["isal", "Python"])
def each_library(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "Python":
            patch.setitem(sys.modules, "isal", None)
        yield


many = settings(max_examples=examples(120), deadline=None)
contents = st.text('ab"\n\n\r', max_size=60).map(str.encode)


def flattened(batches: Iterable[Batch | Overlong]) -> list[bytes | Overlong]:
    found: list[bytes | Overlong] = []
    for batch in batches:
        found += [batch] if isinstance(batch, Overlong) else batch.split()[0]
    return found


def expected_lines(content: bytes, longest: int) -> list[bytes | Overlong]:
    *complete, last = content.split(b"\n")
    return [
        Overlong(line[:longest]) if len(line) > longest else line for line in ([*complete, last] if last else complete)
    ]


@many
@given(st.data(), contents, st.integers(1, 12))
def test_lines_depend_on_the_bytes_alone(data: st.DataObject, content: bytes, block: int) -> None:
    longest = data.draw(st.integers(block, 20))
    sizes = data.draw(read_sizes)
    with patch.object(module, "BLOCK", block), patch.object(module, "MAX_LINE", longest):
        assert flattened(lines(blocks(ShortReads(content, sizes)))) == expected_lines(content, longest)


@many
@given(contents, st.integers(1, 12))
def test_a_batch_with_a_quote_says_so(content: bytes, block: int) -> None:
    with patch.object(module, "BLOCK", block):
        for batch in lines(blocks(BytesIO(content))):
            assert isinstance(batch, Batch)
            found, quoted = batch.split()
            assert quoted == any(b'"' in line for line in found)


@many
@given(st.data(), st.binary(max_size=80), st.integers(2, 12))
def test_gzip_is_decompressed_whatever_its_members_and_reads(data: st.DataObject, content: bytes, block: int) -> None:
    compressed = data.draw(gzipped(content))
    with patch.object(module, "BLOCK", block):
        found = list(blocks(ShortReads(compressed, data.draw(read_sizes))))
    assert b"".join(found) == content
    assert all(0 < len(part) <= block for part in found)


@many
@given(st.binary(max_size=80).filter(lambda content: not content.startswith(b"\x1f\x8b")), read_sizes)
def test_other_content_comes_as_it_is(content: bytes, sizes: tuple[int, ...]) -> None:
    assert b"".join(blocks(ShortReads(content, sizes))) == content


def test_a_line_of_exactly_the_longest_length_is_one() -> None:
    assert flattened(lines([b"x" * module.MAX_LINE + b"\ny"])) == [b"x" * module.MAX_LINE, b"y"]


def test_a_line_longer_than_that_keeps_its_beginning_only() -> None:
    longest = module.MAX_LINE
    content = b"a\n" + b"x" * (3 * longest) + b"\nb\n" + b"y" * (longest + 1)
    assert flattened(lines(blocks(BytesIO(content)))) == [
        b"a",
        Overlong(b"x" * longest),
        b"b",
        Overlong(b"y" * longest),
    ]


@pytest.mark.parametrize("kept", [2, 5, 15, -9, -8, -1])
@pytest.mark.parametrize("sizes", [(1,), (1 << 18,)])
def test_gzip_that_was_cut_is_refused(kept: int, sizes: tuple[int, ...]) -> None:
    with pytest.raises(FileRefused, match="the gzip content ends early"):
        list(blocks(ShortReads(gzip.compress(b"a,b\n" * 9)[:kept], sizes)))


@pytest.mark.parametrize("place", [2, 12, -8, -1])
def test_gzip_that_is_damaged_is_refused(place: int) -> None:
    damaged = bytearray(gzip.compress(b"a,b\n" * 9))
    damaged[place] ^= 0xFF
    with pytest.raises(FileRefused, match=r"the gzip content is damaged \(.+\); fetch it again"):
        list(blocks(BytesIO(bytes(damaged))))


def test_gzip_with_other_content_behind_it_is_refused() -> None:
    with pytest.raises(FileRefused, match="damaged"):
        list(blocks(BytesIO(gzip.compress(b"a,b\n") + b"c,d\n" * 9)))


def test_what_inflates_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library_in_use() in {"isal", "Python"}
    isal = ModuleType("isal")
    vars(isal).update(igzip=SimpleNamespace(IGzipFile=int), igzip_lib=SimpleNamespace(IsalError=OSError))
    for installed, name in ((None, "Python"), (isal, "isal")):
        monkeypatch.setitem(sys.modules, "isal", installed)
        assert library_in_use() == name


def test_an_empty_stream_has_no_lines() -> None:
    assert flattened(lines(blocks(BytesIO()))) == []
    assert flattened(lines(blocks(BytesIO(gzip.compress(b""))))) == []
