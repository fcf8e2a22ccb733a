"""The ledger: what an upload changes, given what is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.contribution import Head, Name
from iotagg.core.ledger import (
    FORGOTTEN,
    OTHER_CONTENT,
    RETRACTED,
    Decision,
    FileRecord,
    Known,
    Move,
    OnChange,
    Origin,
    PathRecord,
    Pending,
    Policy,
    Refusal,
    Versions,
    decide,
    is_in,
    is_older,
    next_revision,
    sealing,
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
    return Decision((Move(HERE, NEW, drop, expected=drop, seen=0),))


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
        assert decision == as_expected(wanted, case.known.path.names)


def as_expected(decision: Decision, names: tuple[Name, ...]) -> Decision:
    """Return a decision that is made only while its first path refers to these."""
    first, *others = decision.moves or (None,)
    return decision if first is None else replace(decision, moves=(replace(first, expected=names, seen=0), *others))


@pytest.mark.parametrize("on_change", ["refuse", "replace", "add"])
@pytest.mark.parametrize("names", [(), (OLD,)])
def test_a_retracted_file_comes_back_on_a_persons_word_only(on_change: OnChange, names: tuple[Name, ...]) -> None:
    decision = decide(NEW, known(*names, retracted=True), Policy(on_change))
    assert decision == Decision(refused="its content was retracted; --again counts it again", remembered=False)


@pytest.mark.parametrize("on_change", ["refuse", "replace", "add"])
def test_what_was_erased_comes_back_on_a_persons_word_only(on_change: OnChange) -> None:
    there = replace(known(), forgotten=True)
    assert decide(NEW, there, Policy(on_change)) == Decision(refused=FORGOTTEN)
    assert decide(NEW, replace(there, retracted=True), Policy(on_change)) == Decision(refused=RETRACTED)
    assert decide(NEW, there, Policy(on_change, again=True)) == takes()
    assert decide(NEW, replace(there, path=known(NEW).path), Policy(on_change)) == Decision()


@pytest.mark.parametrize(
    ("erased", "paths", "forgotten"), [(True, (), True), (True, (HERE,), False), (False, (), False)]
)
def test_what_was_erased_is_forgotten_when_nothing_refers_to_it(
    erased: bool, paths: tuple[str, ...], forgotten: bool
) -> None:
    assert replace(record(NEW, *paths), erased=erased).is_forgotten is forgotten


@pytest.mark.parametrize(("revision", "sealed"), [(0, 0), (1, 2), (2, 2), (3, 4)])
def test_a_marker_that_keeps_late_revisions_out_says_that_its_chunk_is_out(revision: int, sealed: int) -> None:
    assert sealing(revision) == sealed
    assert not is_in(sealed)


@pytest.mark.parametrize(
    ("names", "drop", "after"),
    [
        ((OLD, OLDER), (OLD,), (NEW, OLDER)),
        ((OLDER, OLD), (OLD,), (OLDER, NEW)),
        ((OLD, NEW), (OLD,), (NEW,)),
        ((NEW, OLD), (OLD,), (NEW,)),
        ((OLD, OLDER), (OLD, OLDER), (NEW,)),
    ],
)
def test_a_move_in_place_puts_one_where_the_other_stood(
    names: tuple[Name, ...], drop: tuple[Name, ...], after: tuple[Name, ...]
) -> None:
    before = PathRecord("paris", HERE, names, Refusal("no"), Versions(frozenset({"v"}), "1", "2"))
    move = Move(HERE, NEW, drop, in_place=True)
    assert move.fits(before)
    assert move.applied_to(before) == replace(before, names=after)
    assert not move.fits(replace(before, names=(NEW,)))
    taken_out = Move(HERE, None, drop, in_place=True).applied_to(before)
    assert taken_out.names == tuple(name for name in names if name not in drop)


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


# Versions of an object.


@pytest.mark.parametrize(
    ("sequencer", "than", "older"),
    [
        ("1", "2", True),
        ("2", "1", False),
        ("A", "a", False),
        ("0055AED6DCD90281E5", "0055aed6dcd90281e6", True),
        ("0055", "005500", False),  # the shorter one is filled up with zeros to its right
        ("0055", "005501", True),
        ("10", "2", True),
        ("9", "A", True),
        ("", "1", False),
        ("1", "", False),
        ("", "", False),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E501", True),  # filled up, the shorter one ends in 00
        ("0055AED6DCD90281E501", "0055AED6DCD90281E6", True),  # which is the later one, although it is shorter
    ],
)
def test_sequencers_compare_from_the_left(sequencer: str, than: str, older: bool) -> None:
    assert is_older(sequencer, than) is older


sequencers = st.text("01aAfF", max_size=6)


@given(sequencers, sequencers, sequencers)
def test_being_older_is_a_strict_order(first: str, second: str, third: str) -> None:
    assert not is_older(first, first)
    assert not (is_older(first, second) and is_older(second, first))
    if is_older(first, second) and is_older(second, third):
        assert is_older(first, third)
    if first and second:
        differ = first.lower().rstrip("0") != second.lower().rstrip("0")
        assert (is_older(first, second) or is_older(second, first)) == differ


REFUSAL = Refusal("no", "content", {"lines": 3})
BEFORE = PathRecord("paris", HERE, (OLDER, OLD), REFUSAL, Versions(frozenset({"v1"}), "2", "5"))


def test_a_move_takes_drops_and_forgets_the_refusal() -> None:
    after = Move(HERE, NEW, (OLDER,)).applied_to(BEFORE)
    assert after == PathRecord("paris", HERE, (OLD, NEW), None, BEFORE.versions)
    assert Move(HERE, NEW, (OLDER,)).applied_to(after) == after


def test_a_move_that_takes_what_is_there_makes_it_the_newest() -> None:
    assert Move(HERE, OLDER).applied_to(BEFORE).names == (OLD, OLDER)


def test_a_move_may_leave_another_refusal() -> None:
    other = Refusal("displaced")
    assert Move(HERE, drop=(OLD, OLDER), refusal=other).applied_to(BEFORE) == PathRecord(
        "paris", HERE, (), other, BEFORE.versions
    )


def test_a_move_remembers_which_version_was_read_and_sequencers_if_it_has_any() -> None:
    read = Move(HERE, NEW, origin=Origin("v2", "3"), first="1")
    assert read.applied_to(BEFORE).versions == Versions(frozenset({"v1", "v2"}), "1", "5")
    assert replace(read, first="", last="7").applied_to(BEFORE).versions == Versions(frozenset({"v1", "v2"}), "2", "7")


@pytest.mark.parametrize(
    ("expected", "fits"), [(None, True), ((OLDER, OLD), True), ((OLD, OLDER), False), ((), False), ((OLD,), False)]
)
def test_a_move_fits_a_path_that_refers_to_what_it_expects(expected: tuple[Name, ...] | None, fits: bool) -> None:
    assert Move(HERE, NEW, expected=expected).fits(BEFORE) is fits


def test_nothing_pending_has_waited_unless_its_store_knows_since_when() -> None:
    assert Pending(NEW).since == 0


FIRST, LAST = "30", "50"


def stands(*names: Name, outgrown: bool = False, grown: Name | None = None, refusal: Refusal | None = None) -> Known:
    path = PathRecord("paris", HERE, names, refusal, Versions(frozenset({"v1"}), FIRST, LAST))
    return Known(path, grown=grown, outgrown=outgrown)


def read_at(sequencer: str) -> Origin:
    return Origin("v2", sequencer)


def moved(  # noqa: PLR0917 (all that a move of a version says)
    drop: tuple[Name, ...],
    sequencer: str,
    first: str,
    last: str,
    expected: tuple[Name, ...] = (OLD,),
    rule: OnChange | Literal[""] = "",
) -> Move:
    return Move(HERE, NEW, drop, read_at(sequencer), first, last, rule, expected=expected, seen=0)


def displacing(rule: OnChange) -> Decision:
    move = moved((OLD,), "20", "20", "20", rule=rule)
    return Decision((replace(move, refusal=Refusal(OTHER_CONTENT, str(OLD))),))


BACK = Move(HERE, None, (), read_at("20"), "20", expected=(OLD,), seen=0)
LATER = Decision(refused="a later version of this object was counted before it", remembered=False)


@pytest.mark.parametrize("policy", [REFUSE, REPLACE, ADD], ids=lambda policy: policy.on_change)
def test_the_first_version_of_an_object_is_remembered_by_its_sequencer(policy: Policy) -> None:
    assert decide(NEW, known(), policy, read_at("40")).moves == (moved((), "40", "40", "40", (), policy.on_change),)


@pytest.mark.parametrize(
    ("policy", "at", "wanted"),
    [
        (REFUSE, "60", Decision(refused=OTHER_CONTENT)),
        (REFUSE, "40", Decision(refused=OTHER_CONTENT)),
        (REFUSE, "20", displacing("refuse")),
        (REPLACE, "60", Decision((moved((OLD,), "60", "60", "60", rule="replace"),))),
        (REPLACE, "40", LATER),
        (ADD, "60", Decision((moved((), "60", FIRST, "60", rule="add"),))),
        (ADD, "40", Decision((moved((), "40", FIRST, LAST),))),
        (ADD, "20", Decision((moved((), "20", "20", LAST),))),
    ],
)
def test_another_version_finds_what_stands_by_when_it_was_written(policy: Policy, at: str, wanted: Decision) -> None:
    assert decide(NEW, stands(OLD), policy, read_at(at)) == wanted


@pytest.mark.parametrize("policy", [REFUSE, ADD], ids=lambda policy: policy.on_change)
@pytest.mark.parametrize(("at", "last"), [("60", "60"), ("40", LAST)])
def test_what_has_grown_goes_back_to_the_first_version(policy: Policy, at: str, last: str) -> None:
    decision = decide(NEW, stands(OLD, grown=OLD), policy, read_at(at))
    assert decision == Decision((moved((OLD,), at, FIRST, last, rule=policy.on_change if at == last else ""),))


@pytest.mark.parametrize("policy", [REFUSE, ADD], ids=lambda policy: policy.on_change)
def test_what_stands_stays_when_it_begins_with_a_version_that_is_read_after_it(policy: Policy) -> None:
    assert decide(NEW, stands(OLD, outgrown=True), policy, read_at("40")) == LATER


@pytest.mark.parametrize("policy", [REFUSE, REPLACE, ADD], ids=lambda policy: policy.on_change)
def test_what_stands_goes_back_to_the_first_version_that_is_read_after_it(policy: Policy) -> None:
    back = Move(HERE, origin=read_at("20"), first="20", expected=(OLD,), seen=0, refusal=REFUSAL)
    decision = decide(NEW, stands(OLD, outgrown=True, refusal=REFUSAL), policy, read_at("20"))
    assert decision == replace(LATER, moves=(back,))


@pytest.mark.parametrize(
    ("policy", "at", "first", "last"),
    [
        (REFUSE, "20", "20", ""),
        (REFUSE, "40", "", ""),
        (REFUSE, "60", "", ""),
        (REPLACE, "20", "20", ""),
        (REPLACE, "60", "", "60"),
        (ADD, "60", "", ""),
    ],
)
def test_the_same_content_once_more_is_compared_with_by_all_its_versions(
    policy: Policy, at: str, first: str, last: str
) -> None:
    rule = policy.on_change if last else ""
    seen = Move(HERE, None, (), read_at(at), first, last, rule, expected=(OLD, NEW), seen=0)
    assert decide(NEW, stands(OLD, NEW), policy, read_at(at)) == Decision((seen,) if first or last else ())


@pytest.mark.parametrize("policy", [REFUSE, REPLACE, ADD], ids=lambda policy: policy.on_change)
@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("refuse", displacing),
        (
            "replace",
            lambda _: replace(LATER, moves=(Move(HERE, None, (), read_at("20"), "20", expected=(OLD,), seen=0),)),
        ),
        ("add", lambda _: Decision((moved((), "20", "20", LAST, rule="add"),))),
    ],
)
def test_the_word_of_the_version_that_was_read_first_decides_about_one_that_was_written_before_it(
    policy: Policy, rule: OnChange, wanted: Callable[[OnChange], Decision]
) -> None:
    path = PathRecord("paris", HERE, (OLD,), None, Versions(frozenset({"v1"}), FIRST, LAST, rule))
    assert decide(NEW, Known(path), policy, read_at("20")) == wanted(policy.on_change)


def test_a_move_does_not_fit_a_path_that_was_moved_and_came_back_meanwhile() -> None:
    move = Move(HERE, NEW, expected=(), seen=0)
    assert move.fits(PathRecord("paris", HERE))
    assert not move.fits(PathRecord("paris", HERE, moves=2))


def test_a_version_without_a_sequencer_is_as_if_it_came_last() -> None:
    assert decide(NEW, stands(OLD), REFUSE, Origin("v2")) == Decision(refused=OTHER_CONTENT)
    (replaced,) = decide(NEW, stands(OLD), REPLACE, Origin("v2")).moves
    assert (replaced.drop, replaced.first, replaced.last) == ((OLD,), "", "")


@pytest.mark.parametrize(("retracted", "paths", "expected"), [("a", (), True), ("a", ("b",), False), ("", (), False)])
def test_a_contribution_is_retracted_while_no_path_keeps_it_in(
    retracted: str, paths: tuple[str, ...], expected: bool
) -> None:
    assert replace(record(NEW, *paths), retracted=retracted).is_retracted is expected
