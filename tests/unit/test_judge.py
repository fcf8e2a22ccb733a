from __future__ import annotations

from io import BytesIO

import pytest

from iotagg.core.dialect import ReadingOptions
from iotagg.core.judge import LineCounts, LineJudge
from iotagg.core.tally import PurePythonTally
from iotagg.errors import FileRefused
from tests.unit.test_tally import DIALECT, KNOWN, row

PAIR, DATE = KNOWN[:2], KNOWN[3]


def judge(most: int = 9) -> LineJudge:
    return LineJudge.of(
        DIALECT,
        ReadingOptions(),
        LineCounts(headers=1),
        max_pair_days=most,
        new_file=BytesIO,
        new_tally=PurePythonTally,
    )


def test_cells_alone_tell_a_group_once_their_date_is_settled() -> None:
    found = judge()
    assert found.group(0, *PAIR, DATE) is None
    found.line(0, row(5, 2))
    assert found.group(1, *PAIR, DATE) == 0
    assert found.group(1, PAIR[1], PAIR[0], DATE) == 1


@pytest.mark.parametrize("cells", [(b"no address", PAIR[1]), (PAIR[0], b"::%zone"), (b"Src IP", b"Dst IP")])
def test_cells_that_are_no_addresses_take_a_look_at_the_line(cells: tuple[bytes, bytes]) -> None:
    found = judge()
    found.line(0, row(5, 2))
    assert found.group(1, *cells, DATE) is None


def test_one_pair_and_day_too_many_is_refused_by_its_line() -> None:
    found = judge(most=1)
    found.first = 10
    found.line(0, row(5, 2))
    with pytest.raises(FileRefused, match=r"^line 13: more than 1 pairs and days in one file"):
        found.group(3, PAIR[1], PAIR[0], DATE)
