"""The compiled scanner says what Python alone says; many more lines by hand: python -m tests.sameness."""

from __future__ import annotations

import pytest

from iotagg.core.native import compiled_scanner
from iotagg.core.rejects import read_rejects
from iotagg.core.tally import PurePythonTally
from tests.examples import LONG
from tests.sameness.cases import case
from tests.sameness.checking import check
from tests.sameness.comparing import Reader

KINDS_OF_REASONS = (
    *("is no IP address", "has a zone", "is no number", "is not whole", "is more than 10^16", "µs", "is no date"),
    *("is an impossible date", "other rows show day-first", "but a time", "fields where the header has"),
    *("broken quoting", "the line is longer than 1 MiB"),
)
KINDS_OF_REFUSALS = ("another header", "pairs and days in one file", "no flow CSV", "empty", "NUL")


@pytest.mark.parametrize("seed", range(4 if LONG else 1))
def test_lines_of_every_quirk_are_read_alike(seed: int) -> None:
    scanner = compiled_scanner()
    if scanner is None:
        pytest.skip("the scanner is not compiled here")
    checked = check(scanner, seed, 25_000)
    assert checked.differing == []
    assert checked.became["forgotten"] > 0
    assert checked.became["judged"] < checked.lines * 0.9  # a scanner that leaves all to others proves nothing


def test_among_the_lines_is_every_reason_to_reject_one_or_to_refuse_a_file() -> None:
    outcomes = [Reader(PurePythonTally).read(case(5, number)) for number in range(200) if number % 4 < 3]
    reasons = "\n".join(reject.reason for outcome in outcomes for reject in read_rejects(outcome.rejects))
    refusals = "\n".join(outcome.refused for outcome in outcomes)
    assert [kind for kind in KINDS_OF_REASONS if kind not in reasons] == []
    assert [kind for kind in KINDS_OF_REFUSALS if kind not in refusals] == []
