"""Contributions put together again from their chunks."""

from __future__ import annotations

import pytest

from iotagg.core.contribution import read_chunk
from iotagg.core.reassembly import reassembled
from iotagg.errors import Damaged
from tests.pipeline.csvs import contribution, csv, flow, many_pairs


@pytest.mark.parametrize("content", [many_pairs(300), csv(flow()), csv()])
def test_a_contribution_put_together_from_its_chunks_is_the_same(content: bytes) -> None:
    whole = contribution(content)
    assert reassembled(whole.head, map(read_chunk, whole.members)) == whole


def test_a_chunk_too_few_is_noticed() -> None:
    whole = contribution(many_pairs(300))
    with pytest.raises(Damaged, match=f"{whole.head.chunks - 1} chunks"):
        reassembled(whole.head, map(read_chunk, whole.members[1:]))


@pytest.mark.parametrize("name", ["flows", "dur", "f03"])
def test_a_chunk_with_other_figures_than_a_file_adds_is_noticed(name: str) -> None:
    whole = contribution(csv(flow()))
    (row,) = read_chunk(whole.members[0])
    for sums in ({name: -1}, {"flows": 10**6}, {"pk": 1}, {"expires": 1}):
        with pytest.raises(Damaged, match="is damaged"):
            reassembled(whole.head, [[row.with_sums(row.sums | sums)]])
