from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.anomalies import anomalies
from iotagg.assess import assess_outstanding
from iotagg.core.allowances import allowance_of
from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.folding import folded
from iotagg.core.judging.remaining import at_most_five
from iotagg.errors import InvalidValue
from iotagg.pipeline import Request, retract, upload
from iotagg.standing_out.question import Answer, Question
from iotagg.standing_out.sites import findings_of_site, site_files
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import csv, flow, put
from tests.pipeline.scanning import found_by_a_scan
from tests.pipeline.standing import DAYS, DESTINATION, SOURCE, SURGE, TODAY, content, counted, day, usual

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.stores.protocol import Store

ALL = Question(today=TODAY, since="2022-01-01", until="2023-12-31")


def kinds(answer: Answer) -> list[str]:
    return [f"{each.site} {each.day} {each.kind.value}" for each in answer.findings]


def count(store: Store, folder: Path, name: str, file: bytes, site: str = "paris") -> None:
    assert upload(store, put(folder / site / name, file), Request(site)).state == "counted"


# Which days.


def test_without_days_the_newest_that_is_over_is_judged_at_each_site(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    counted(store, tmp_path, "tokyo", surge_on=SURGE - 1)
    answer = anomalies(store, Question(today=TODAY))
    assert kinds(answer) == ["paris 2022-12-21 surge"]
    assert [(each.since, each.until, each.horizon, each.sent) for each in answer.judged] == [
        ("2022-12-21", "2022-12-21", "2022-12-22", 22)
    ] * 2
    assert kinds(anomalies(store, Question(today=TODAY, days=2))) == [
        "paris 2022-12-21 surge",
        "tokyo 2022-12-20 surge",
    ]


def test_one_site_is_asked_for(tmp_path: Path) -> None:
    store = MemoryStore()
    for site in ("paris", "tokyo"):
        counted(store, tmp_path, site, surge_on=SURGE)
    answer = anomalies(store, Question(today=TODAY, site="tokyo"))
    assert kinds(answer) == ["tokyo 2022-12-21 surge"]
    assert [each.site for each in answer.judged] == ["tokyo"]


def test_days_that_a_site_did_not_send_are_not_judged(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris")
    (judged,) = anomalies(store, ALL).judged
    assert (judged.since, judged.until) == (day(1), day(DAYS))
    (judged,) = anomalies(store, Question(today=TODAY, since="2023-06-01", until="2023-06-30")).judged
    assert (judged.since, judged.until) == ("", "")


def test_a_site_with_one_day_and_a_site_without_any_have_nothing_to_be_judged(tmp_path: Path) -> None:
    store = MemoryStore()
    count(store, tmp_path, "one.csv", content(1, 5))
    count(store, tmp_path, "none.csv", csv(), site="tokyo")
    answer = anomalies(store, Question(today=TODAY))
    assert answer.findings == ()
    assert [(each.site, each.since, each.sent) for each in answer.judged] == [("paris", "", 1), ("tokyo", "", 0)]


def test_days_of_a_clock_that_is_ahead_move_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    count(store, tmp_path, "ahead.csv", csv(*[flow(SOURCE, DESTINATION, "2023-06-01")] * 400))
    count(store, tmp_path, "a-little-ahead.csv", csv(flow(SOURCE, DESTINATION, "2022-12-25")))
    assess_outstanding(store)
    answer = anomalies(store, Question(today=TODAY))
    assert kinds(answer) == ["paris 2022-12-21 surge"]
    assert answer.judged[0].horizon == "2022-12-22"


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidValue, match="--since 2022-12-02 is after --until 2022-12-01"):
        anomalies(MemoryStore(), Question(today=TODAY, since="2022-12-02", until="2022-12-01"))


# Sites.


@pytest.mark.parametrize(
    ("today", "told"),
    [("2022-12-24", []), ("2022-12-25", ["2022-12-23"]), ("2023-01-06", ["2022-12-23"]), ("2023-01-07", [])],
)
def test_a_site_that_sends_nothing_any_more_is_told_as_long_as_that_is_news(
    tmp_path: Path, today: str, told: list[str]
) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris")
    found = anomalies(store, Question(today=today)).findings
    assert [(each.day, each.kind) for each in found] == [(each, Kind.SITE_SILENT) for each in told]
    asked = anomalies(store, replace(ALL, today=today)).findings
    assert [each.day for each in asked] == (["2022-12-23"] if today > "2022-12-24" else [])


def test_a_file_whose_rows_are_rejected_is_told_on_the_last_day_that_it_holds(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris")
    torn = [flow("nowhere", DESTINATION, day(20))] * 30
    skewed = flow(SOURCE, DESTINATION, "2027-01-01")
    count(store, tmp_path, "torn.csv", csv(*[flow("192.168.1.8", DESTINATION, day(20))] * 30, *torn, skewed))
    (found,) = (each for each in anomalies(store, ALL).findings if each.kind is Kind.REJECTS)
    assert (found.day, found.file.rpartition("/")[2]) == (day(20), "torn.csv")


def test_files_whose_heads_do_not_tell_each_days_flows_are_known_by_their_first_and_last_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    older = [replace(record, head=replace(record.head, days={})) for record in store.files("paris")]
    monkeypatch.setattr(store, "files", lambda _: iter(older))
    assert kinds(anomalies(store, Question(today=TODAY))) == ["paris 2022-12-21 surge"]


def test_a_pair_that_falls_silent_at_the_end_of_a_month_is_told_in_the_next(tmp_path: Path) -> None:
    store = MemoryStore()
    for number in range(1, 40):
        gone = content(number, usual(number), destination="192.0.2.9") if number < 32 else b""
        count(store, tmp_path, f"{number}.csv", content(number, usual(number)) + gone.partition(b"\n")[2])
    assess_outstanding(store)
    answer = anomalies(store, Question(today=day(40), since=day(33), until=day(33)))
    assert [(each.destination, each.kind) for each in answer.findings] == [("192.0.2.9", Kind.SILENT)]


# What is in order.


def test_what_is_allowed_is_left_out_and_counted(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    store.allow(allowance_of(source="192.168.1.0/24", kind="surge"))
    answer = anomalies(store, Question(today=TODAY))
    assert (answer.findings, answer.hidden) == ((), 1)
    assert anomalies(store, Question(today=TODAY, allowances=())).hidden == 0
    elsewhere = [allowance_of(source="192.168.2.0/24"), allowance_of(site="tokyo"), allowance_of(kind="drop")]
    assert anomalies(store, Question(today=TODAY, allowances=elsewhere)).hidden == 0
    assert anomalies(store, Question(today=TODAY, allowances=[allowance_of(site="paris", until=day(20))])).hidden == 0


def test_only_what_is_severe_enough_is_told_and_the_rest_is_counted(tmp_path: Path) -> None:
    store = MemoryStore()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    low = Finding("paris", day(20), Kind.NEW_PAIR, Severity.LOW, "new")
    assert anomalies(store, Question(today=TODAY, least=Severity.HIGH)).milder == 0
    count(store, tmp_path, "new.csv", csv(*[flow(SOURCE, "192.0.2.77", day(SURGE))] * 3))
    assess_outstanding(store)
    told = anomalies(store, Question(today=TODAY))
    assert [each.kind for each in told.findings] == [Kind.SURGE, Kind.NEW_PAIR]
    assert told.findings[1].severity is low.severity
    severe = anomalies(store, Question(today=TODAY, least=Severity.MEDIUM))
    assert (severe.findings, severe.milder) == (told.findings[:1], 1)


# A scan finds no more, and no less.

LENGTH = 45
DAYS_OF_IT = st.integers(1, LENGTH)


def weights_of(first: int, gap: tuple[int, int], odd: dict[int, int]) -> list[int]:
    """Return how many times the usual each day has: nothing before the first one and in the gap, and what is odd."""
    gone = range(gap[0], gap[0] + gap[1])
    return [odd.get(each, 0 if each < first or each in gone else 1) for each in range(1, LENGTH + 1)]


WORLD = st.lists(
    st.tuples(
        st.sampled_from(["192.168.1.1", "192.168.1.2", "192.168.1.3"]),
        st.sampled_from(["192.0.2.1", "192.0.2.2", "192.168.1.1"]),
        st.builds(
            weights_of,
            st.sampled_from([1, 1, 30]),
            st.tuples(DAYS_OF_IT, st.integers(0, 40)),
            st.dictionaries(DAYS_OF_IT, st.sampled_from([0, 40]), max_size=3),
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda pair: pair[:2],
)


def files_of(world: list[tuple[str, str, list[int]]]) -> dict[int, bytes]:
    """Return the file of each day of a world, which holds so many flows of each pair."""
    return {
        number: csv(
            *(
                line
                for source, destination, weights in world
                for line in [flow(source, destination, day(number), 20_000_000, 10)]
                * (weights[number - 1] * usual(number))
            )
        )
        for number in range(1, LENGTH + 1)
    }


def told_by_a_scan(store: Store, question: Question) -> list[Finding]:
    answer = anomalies(store, question)
    found: list[Finding] = []
    for judged in answer.judged:
        files = site_files(store, judged.site, question.today)
        found += findings_of_site(files, question)
        found += found_by_a_scan(store, judged) if judged.since else []
    return at_most_five(folded(found))


DAYS_OF_A_QUESTION = st.tuples(DAYS_OF_IT, st.integers(0, 20))
LATE = st.sets(DAYS_OF_IT, max_size=5)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@settings(max_examples=examples(25), deadline=None)
@given(world=WORLD, asked=DAYS_OF_A_QUESTION, late=LATE)
def test_what_is_told_is_what_a_scan_finds(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    world: list[tuple[str, str, list[int]]],
    asked: tuple[int, int],
    late: set[int],
) -> None:
    folder = tmp_path_factory.mktemp("world")
    store: Store = MemoryStore() if kind == "memory" else SqliteStore(folder / "store.db")
    files = files_of(world)
    with store.atomically():
        for number in sorted(files, key=lambda number: (number in late, number)):
            upload(store, put(folder / f"{number}.csv", files[number]), Request("paris"))
        for number in sorted(late)[:2]:
            path = str(folder / f"{number}.csv")
            retract(store, "paris", path, store.path("paris", path).names)
    assess_outstanding(store)
    today = "2023-01-20"
    questions = [Question(today=today, days=days) for days in (1, 7)]
    questions += [Question(today=today, since=day(asked[0]), until=day(sum(asked))), ALL]
    for question in questions:
        assert list(anomalies(store, question).findings) == told_by_a_scan(store, question)
    store.close()
