"""Contributions put together again from their chunks."""

from __future__ import annotations

import pytest

from iotagg.core.contribution import read_chunk
from iotagg.core.reassembly import reassembled
from tests.pipeline.csvs import contribution, csv, flow, many_pairs


@pytest.mark.parametrize("content", [many_pairs(300), csv(flow()), csv()])
def test_a_contribution_put_together_from_its_chunks_is_the_same(content: bytes) -> None:
    whole = contribution(content)
    assert reassembled(whole.head, map(read_chunk, whole.members)) == whole


def test_a_chunk_too_few_is_noticed() -> None:
    whole = contribution(many_pairs(300))
    with pytest.raises(ValueError, match=f"{whole.head.chunks - 1} chunks"):
        reassembled(whole.head, map(read_chunk, whole.members[1:]))
