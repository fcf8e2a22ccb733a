"""The ledger: what an upload changes, given what is known."""

from dataclasses import dataclass, replace

import pytest

from iotagg.core.contribution import Head, Name
from iotagg.core.ledger import (
    Decision,
    FileRecord,
    Known,
    Move,
    OnChange,
    PathRecord,
    Policy,
    decide,
    is_in,
    next_revision,
)

HERE, ELSEWHERE = "incoming/a.csv", "incoming/b.csv"
NEW = Name("paris", "new", "default")
OLD = Name("paris", "old", "default")
OLDER = Name("paris", "older", "default")
OTHERWISE = Name("paris", "new", "month-first")

REFUSE, REPLACE, ADD = Policy(), Policy("replace"), Policy("add")
AGAIN = Policy(again=True)


def record(name: Name, *paths: str, revision: int = 1) -> FileRecord:
    head = Head(
        name=name,
        reading={},
        reader=1,
        length=1,
        lines={},
        day_order="",
        totals={},
        pairs=0,
        pair_months=0,
        pair_days=0,
        first_day="",
        last_day="",
        buckets=(),
        chunk_bytes=(),
    )
    return FileRecord(head, revision, paths=frozenset(paths))


def known(
    *names: Name, readings: tuple[FileRecord, ...] = (), retracted: bool = False, grown: Name | None = None
) -> Known:
    return Known(PathRecord("paris", HERE, names), readings, retracted, grown)


def takes(*drop: Name) -> Decision:
    return Decision((Move(HERE, NEW, drop),))


@dataclass(frozen=True)
class Case:
    """What is known, and what follows under each policy: a decision, or a part of the reason for refusing."""

    known: Known
    refuse: Decision | str
    replace: Decision | str
    add: Decision | str


NOTHING = Decision()
READ_HERE = record(OTHERWISE, HERE)
READ_ELSEWHERE = record(OTHERWISE, ELSEWHERE)
READ_IN_BOTH = record(OTHERWISE, HERE, ELSEWHERE)
CHANGED, READ_OTHERWISE = "this path was counted with other content", "read with other options"

CASES = {
    "nothing known": Case(known(), takes(), takes(), takes()),
    "same content": Case(known(NEW), NOTHING, NOTHING, NOTHING),
    "same content among others": Case(known(OLD, NEW), NOTHING, NOTHING, NOTHING),
    "same content, that another path of it was retracted from": Case(
        known(NEW, retracted=True), NOTHING, NOTHING, NOTHING
    ),
    "same content, read otherwise elsewhere": Case(known(NEW, readings=(READ_ELSEWHERE,)), NOTHING, NOTHING, NOTHING),
    "other content": Case(known(OLD), CHANGED, takes(OLD), takes()),
    "other content twice": Case(known(OLDER, OLD), CHANGED, takes(OLD), takes()),
    "content that grew": Case(known(OLD, grown=OLD), takes(OLD), takes(OLD), takes(OLD)),
    "content that grew from the first of two": Case(
        known(OLDER, OLD, grown=OLDER), takes(OLDER), takes(OLDER), takes(OLDER)
    ),
    "content read otherwise here": Case(
        known(OTHERWISE, readings=(READ_HERE,)), READ_OTHERWISE, takes(OTHERWISE), READ_OTHERWISE
    ),
    "content read otherwise here, beside other content": Case(
        known(OLD, OTHERWISE, readings=(READ_HERE,)), READ_OTHERWISE, takes(OTHERWISE), READ_OTHERWISE
    ),
    "content read otherwise elsewhere": Case(
        known(readings=(READ_ELSEWHERE,)),
        READ_OTHERWISE,
        Decision((Move(HERE, NEW, (OTHERWISE,)), Move(ELSEWHERE, NEW, (OTHERWISE,)))),
        READ_OTHERWISE,
    ),
    "content read otherwise here and elsewhere": Case(
        known(OTHERWISE, readings=(READ_IN_BOTH,)),
        READ_OTHERWISE,
        Decision((Move(HERE, NEW, (OTHERWISE,)), Move(ELSEWHERE, NEW, (OTHERWISE,)))),
        READ_OTHERWISE,
    ),
    "other content here, new content read otherwise elsewhere": Case(
        known(OLD, readings=(READ_ELSEWHERE,)),
        READ_OTHERWISE,
        Decision((Move(HERE, NEW, (OTHERWISE, OLD)), Move(ELSEWHERE, NEW, (OTHERWISE,)))),
        READ_OTHERWISE,
    ),
    "content that grew, and is read otherwise elsewhere": Case(
        known(OLD, readings=(READ_ELSEWHERE,), grown=OLD),
        READ_OTHERWISE,
        Decision((Move(HERE, NEW, (OTHERWISE, OLD)), Move(ELSEWHERE, NEW, (OTHERWISE,)))),
        READ_OTHERWISE,
    ),
}


@pytest.mark.parametrize("policy", [REFUSE, REPLACE, ADD], ids=lambda policy: policy.on_change)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_upload_changes_what_the_policy_allows(case: Case, policy: Policy) -> None:
    wanted = {"refuse": case.refuse, "replace": case.replace, "add": case.add}[policy.on_change]
    decision = decide(NEW, case.known, policy)
    if isinstance(wanted, str):
        assert wanted in decision.refused
        assert decision.moves == ()
    else:
        assert decision == wanted


@pytest.mark.parametrize("on_change", ["refuse", "replace", "add"])
@pytest.mark.parametrize("names", [(), (OLD,)])
def test_a_retracted_file_comes_back_on_a_persons_word_only(on_change: OnChange, names: tuple[Name, ...]) -> None:
    decision = decide(NEW, known(*names, retracted=True), Policy(on_change))
    assert decision == Decision(refused="its content was retracted; --again counts it again", remembered=False)


def test_again_counts_a_retracted_file() -> None:
    assert decide(NEW, known(retracted=True), AGAIN) == takes()


def test_again_alone_replaces_nothing() -> None:
    assert CHANGED in decide(NEW, known(OLD, retracted=True), AGAIN).refused
    assert decide(NEW, known(OLD, retracted=True), Policy("replace", again=True)) == takes(OLD)


def test_a_refusal_names_both_ways_out() -> None:
    reason = decide(NEW, known(OLD), REFUSE).refused
    assert "--replace" in reason
    assert "--add" in reason
    assert "--replace" in decide(NEW, known(readings=(READ_ELSEWHERE,)), REFUSE).refused


@pytest.mark.parametrize("revision", range(5))
def test_odd_revisions_are_in_and_even_ones_out(revision: int) -> None:
    assert is_in(revision) is record(NEW, revision=revision).is_in is bool(revision % 2)


@pytest.mark.parametrize(
    ("revision", "referred", "following"),
    [
        (0, False, 0),
        (0, True, 1),
        (1, True, 1),
        (1, False, 2),
        (2, False, 2),
        (2, True, 3),
        (3, True, 3),
        (3, False, 4),
    ],
)
def test_a_revision_moves_only_when_paths_say_otherwise(revision: int, referred: bool, following: int) -> None:
    file = record(NEW, *([HERE] if referred else []), revision=revision)
    assert next_revision(file) == following
    assert next_revision(replace(file, revision=following)) == following


def test_one_path_of_several_keeps_a_contribution_in() -> None:
    assert next_revision(record(NEW, HERE, ELSEWHERE)) == next_revision(record(NEW, ELSEWHERE)) == 1


def test_a_record_is_named_by_its_head() -> None:
    assert record(NEW).name == NEW
