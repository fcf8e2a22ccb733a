"""Tolerance: how many rejected rows a file may have."""

from fractions import Fraction
from io import BytesIO

import pytest

from iotagg.core.judge import LineCounts
from iotagg.core.rejects import RejectLog
from iotagg.core.tolerance import Tolerance
from iotagg.errors import InvalidValue


def refusal(text: str, counted: int, rejected: int) -> str:
    tolerance = Tolerance.parse(text) if text else Tolerance()
    log = RejectLog(BytesIO)
    for line in range(rejected):
        log.add(line + 7, "torn", b"text")
    return tolerance.refusal(LineCounts(headers=1, blank=5, counted=counted, rejected=rejected), log)


@pytest.mark.parametrize(
    ("text", "rows", "share"),
    [
        ("20", 20, None),
        ("0", 0, None),
        ("1%", None, Fraction(1, 100)),
        (" 0.5% ", None, Fraction(1, 200)),
        ("100%", None, Fraction(1)),
    ],
)
def test_a_tolerance_is_a_number_of_rows_or_a_share(text: str, rows: int | None, share: Fraction | None) -> None:
    tolerance = Tolerance.parse(text)
    assert (tolerance.rows, tolerance.share) == (rows, share)


@pytest.mark.parametrize("text", ["", "%", "-1", "1.5", "1 %", "one", "1%%", ".5%", "nan", "1e2", "1" * 10])
def test_what_is_no_tolerance_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidValue, match="is neither a number of rows, such as 20, nor a share of them, such as 1%"):
        Tolerance.parse(text)


@pytest.mark.parametrize(
    ("text", "counted", "rejected"),
    [("", 1, 99), ("1%", 99, 1), ("1", 1, 1), ("0", 5, 0), ("0%", 5, 0), ("0.1%", 999, 1), ("", 0, 0), ("0", 0, 0)],
)
def test_a_file_within_its_tolerance_is_not_refused(text: str, counted: int, rejected: int) -> None:
    assert refusal(text, counted, rejected) == ""


@pytest.mark.parametrize(("text", "counted", "rejected"), [("1%", 98, 1), ("1", 98, 2), ("0", 5, 1), ("0.1%", 998, 1)])
def test_a_file_worse_than_its_tolerance_is_refused(text: str, counted: int, rejected: int) -> None:
    rows = counted + rejected
    assert refusal(text, counted, rejected) == (
        f"{rejected} of its {rows} rows were rejected, more than --max-rejects {text}; the first, line 7: torn"
    )


@pytest.mark.parametrize("text", ["", "100%", "9999"])
def test_a_file_with_rejected_rows_alone_is_always_refused(text: str) -> None:
    assert refusal(text, 0, 1_000) == "none of its 1,000 rows can be counted; the first, line 7: torn"
