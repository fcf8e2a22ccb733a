"""Outcomes: what became of a file, as machines read it."""

import json

import pytest

from iotagg.core.outcome import Outcome, State

PROMISED = (
    *("file", "site", "contribution", "state", "lines", "counted", "rejected", "blank", "headers", "pairs", "reason"),
)


def test_a_counted_file_tells_all_its_figures() -> None:
    outcome = Outcome(
        file="a.csv",
        site="paris",
        state="counted",
        contribution="abc-def",
        lines={"lines": 10**20, "headers": 1, "blank": 2, "counted": 3, "rejected": 4},
        pairs=5,
        first_day="2022-12-05",
        last_day="2022-12-06",
        day_order="dmy",
        also_at=("tokyo",),
        pseudonym_key="1a2b3c4d",
    )
    fields = outcome.as_json()
    assert tuple(fields)[: len(PROMISED)] == PROMISED
    assert json.loads(json.dumps(fields)) == {
        "file": "a.csv",
        "site": "paris",
        "contribution": "abc-def",
        "state": "counted",
        "lines": 10**20,
        "counted": 3,
        "rejected": 4,
        "blank": 2,
        "headers": 1,
        "pairs": 5,
        "reason": None,
        "first_day": "2022-12-05",
        "last_day": "2022-12-06",
        "day_order": "dmy",
        "also_at": ["tokyo"],
        "pseudonym_key": "1a2b3c4d",
    }


def test_figures_that_are_not_known_are_null() -> None:
    fields = Outcome("a.csv", "paris", "refused", reason="empty").as_json()
    assert {key for key, value in fields.items() if value is not None} == {"file", "site", "state", "reason", "also_at"}
    assert fields["also_at"] == []


@pytest.mark.parametrize(
    ("state", "failed"),
    [("counted", False), ("already counted", False), ("pending", False), ("retracted", False), ("refused", True)],
)
def test_only_a_refused_file_failed(state: State, failed: bool) -> None:
    assert Outcome("a.csv", "paris", state).failed is failed


def test_erased_lines_are_told_only_where_there_are_any() -> None:
    told = Outcome(file="a.csv", site="paris", state="counted", lines={"lines": 3, "counted": 1, "erased": 2})
    assert told.as_json()["erased"] == 2
    assert "erased" not in Outcome(file="a.csv", site="paris", state="counted", lines={"lines": 3}).as_json()
