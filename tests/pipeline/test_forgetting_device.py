"""A device that is forgotten: what remains is as if it had never been in the files."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from iotagg.core.allowances import allowance_of
from iotagg.core.ledger import FORGOTTEN, READ_OTHERWISE, Move
from iotagg.core.remainder import NOTE
from iotagg.forgetting_device import affected_of, forget_device
from iotagg.pipeline import settle
from tests.pipeline.contents import SECONDS
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, flow, many_pairs, shown
from tests.pipeline.forgetting import DEVICE, ONLY_DEVICE, OTHER, A, B, before, rank_everything, ranked, without

if TYPE_CHECKING:
    import pytest

    from iotagg.core.contribution import Name
    from tests.pipeline.conftest import Desk


def test_nothing_of_a_forgotten_device_is_left(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    desk.upload("b.csv", B)
    clean = desk.clean(without(A, DEVICE), without(B, DEVICE))
    assert affected_of(desk.store, DEVICE) == affected_of(desk.store, DEVICE, "paris")
    assert (affected_of(desk.store, DEVICE).files, affected_of(desk.store, DEVICE).pairs) == (2, 3)
    assert forget_device(desk.store, DEVICE) == 2
    assert desk.sums() == clean
    assert (affected_of(desk.store, DEVICE).files, affected_of(desk.store, DEVICE).pairs) == (0, 0)
    ((reject,),) = [
        list(desk.store.rejects(record.name))
        for record in desk.store.files("paris")
        if "a" in record.paths or record.head.lines["rejected"]
    ]
    assert (reject.line, reject.text) == (6, NOTE)
    assert forget_device(desk.store, DEVICE) == 0


def test_lines_of_a_forgotten_device_are_counted_apart(desk: Desk) -> None:
    desk.upload("a.csv", A + b"\n" + HEADER + TORN)
    forget_device(desk.store, DEVICE)
    (record,) = desk.records("a.csv")
    assert record.head.lines == {"lines": 8, "headers": 2, "blank": 1, "counted": 2, "rejected": 1, "erased": 2}
    assert (record.head.first_day, record.head.last_day, record.head.pairs) == ("2022-11-30", "2022-12-01", 1)


def test_two_devices_are_forgotten_one_after_the_other(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    forget_device(desk.store, DEVICE)
    forget_device(desk.store, "198.51.100.99")
    forget_device(desk.store, OTHER)
    assert desk.sums() == {}
    (record,) = desk.records("a.csv")
    assert (record.head.lines["erased"], record.head.lines["counted"]) == (4, 0)
    desk.retract("a.csv")
    assert desk.upload("a.csv").state == "refused"
    assert desk.sums() == {}


def test_a_device_is_forgotten_at_one_site_only_if_that_is_said(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A, site="tokyo")
    tokyo = desk.sums()["tokyo"]
    assert forget_device(desk.store, DEVICE, "paris") == 1
    assert desk.sums() == {**desk.clean(without(A, DEVICE)), "tokyo": tokyo}


def test_the_same_file_does_not_bring_a_forgotten_device_back_unless_that_is_said(desk: Desk) -> None:
    desk.upload("a.csv", A)
    forget_device(desk.store, DEVICE)
    clean = desk.sums()
    for name, content in (("a.csv", None), ("copy.csv", A)):
        assert desk.upload(name, content).reason == READ_OTHERWISE
    assert desk.upload("a.csv", on_change="replace").reason == FORGOTTEN
    assert desk.upload("a.csv", reading=SECONDS, on_change="replace").reason == FORGOTTEN
    assert desk.sums() == clean
    assert desk.upload("a.csv", on_change="replace", again=True).state == "counted"
    assert desk.sums() == desk.clean(A)
    assert desk.upload("copy.csv").state == "already counted"
    assert desk.upload("a.csv").state == "already counted"
    assert forget_device(desk.store, DEVICE) == 1
    assert desk.sums() == clean


def test_a_file_that_grows_does_not_bring_a_forgotten_device_back(desk: Desk) -> None:
    desk.upload("a.csv", A)
    forget_device(desk.store, DEVICE)
    assert desk.upload("a.csv", A + flow(OTHER)).state == "refused"
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_a_retracted_file_that_knows_the_device_is_erased_and_stays_refused(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.retract("a.csv")
    assert forget_device(desk.store, DEVICE) == 1
    assert list(desk.store.files("paris")) == []
    assert "retracted" in desk.upload("a.csv").reason
    assert desk.upload("a.csv", again=True).state == "counted"
    assert desk.sums() == desk.clean(A)


def test_a_file_at_several_paths_beside_others_keeps_its_places(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="add")
    desk.upload("copy.csv", A)
    forget_device(desk.store, DEVICE)
    assert [record.head.totals["pkt"] for record in desk.records("a.csv")] == [4, 7]
    assert [record.head.totals["pkt"] for record in desk.records("copy.csv")] == [4]
    desk.retract("copy.csv")
    assert desk.sums() == desk.clean(without(A, DEVICE), without(B, DEVICE))
    desk.upload("a.csv", csv(flow(OTHER, packets=50)), on_change="replace")
    assert desk.sums() == desk.clean(without(A, DEVICE), csv(flow(OTHER, packets=50)))


def test_a_file_of_the_device_alone_stays_known_with_nothing_in_it(desk: Desk) -> None:
    desk.upload("a.csv", ONLY_DEVICE)
    forget_device(desk.store, DEVICE)
    assert desk.sums() == {}
    (record,) = desk.records("a.csv")
    assert (record.is_in, record.head.chunks, record.head.first_day) == (True, 0, "")
    desk.retract("a.csv")
    assert desk.upload("a.csv").state == "refused"


def test_rejected_lines_alone_that_mention_the_device_are_masked(desk: Desk) -> None:
    desk.upload("a.csv", csv(flow(OTHER, "198.51.100.1"), TORN, b"192.168.1.70,x\n"))
    sums = desk.sums()
    assert forget_device(desk.store, DEVICE) == 1
    assert desk.sums() == sums
    (record,) = desk.records("a.csv")
    assert [(reject.line, reject.text) for reject in desk.store.rejects(record.name)] == [
        (3, NOTE),
        (4, "192.168.1.70,x"),
    ]
    assert "erased" not in record.head.lines


def test_what_is_kept_of_refused_files_mentions_the_device_no_more(desk: Desk) -> None:
    desk.upload("a.csv", csv(TORN, b"192.168.1.7 ,192.0.2.1,2022-12-01,1,1\n"))
    desk.upload("b.csv", csv(b"192.168.1.7 ,192.0.2.1,2022-12-01,1,1\n", b"x\n"))
    desk.upload("c.csv", csv(b"x\n"))
    assert affected_of(desk.store, DEVICE).files == 2
    assert forget_device(desk.store, DEVICE) == 2
    for name, texts in (("a.csv", [NOTE, NOTE]), ("b.csv", [NOTE, "x"]), ("c.csv", ["x"])):
        refusal = desk.path(name).refusal
        assert refusal is not None
        assert DEVICE not in refusal.reason
        (kept,) = [each for each in desk.store.rejected("paris") if str(each) == refusal.content]
        assert [reject.text for reject in desk.store.rejects(kept)] == texts
    assert len(list(desk.store.rejected("paris"))) == 3
    assert forget_device(desk.store, DEVICE) == 0


def test_a_file_that_is_on_its_way_meanwhile_is_not_refused_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.upload("torn.csv", csv(TORN))
    name = desk.store.keep(contribution(A)).name  # and whoever stored it goes on when most is done
    refuse = desk.store.refuse

    def goes_on(*arguments: Any) -> None:
        refuse(*arguments)
        desk.store.move("paris", Move("a.csv", take=name))
        settle(desk.store, [name])

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "refuse", goes_on)
        assert forget_device(desk.store, DEVICE) == 2
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_a_path_that_takes_the_file_at_the_last_moment_loses_the_device_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upload("a.csv", A)
    (record,) = desk.records("a.csv")
    erase, times = desk.store.erase, count()

    def after_another_came(name: Name, *, referred: bool = False) -> bool:
        if not next(times):
            assert desk.store.move("paris", Move("b.csv", take=record.name))
        return erase(name, referred=referred)

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "erase", after_another_came)
        forget_device(desk.store, DEVICE)
    assert desk.store.path("paris", "b.csv").names == desk.path("a.csv").names != (record.name,)
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_what_was_stored_and_left_is_erased_too(desk: Desk) -> None:
    name = desk.store.keep(contribution(A)).name
    assert forget_device(desk.store, DEVICE) == 1
    assert list(desk.store.files("paris")) == []
    assert desk.upload("a.csv", A).reason == FORGOTTEN
    record = desk.store.file(name)
    assert record is not None
    assert record.erased


def test_what_was_already_below_the_floor_is_forgotten_too(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.store.raise_floor("2022-12")
    forget_device(desk.store, OTHER)
    assert desk.store.erase_below_floor() == 0
    assert desk.sums() == desk.clean(before(without(A, OTHER), "2022-12"))


def test_with_a_device_go_its_ranks_and_what_allows_it(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A, site="tokyo")
    rank_everything(desk.store)
    kept = [allowance_of(source=OTHER), allowance_of(source="192.168.1.0/24"), allowance_of(site="paris", kind="surge")]
    tokyos = allowance_of(site="tokyo", destination=DEVICE)
    for each in (
        *kept,
        tokyos,
        allowance_of(site="paris", source=DEVICE),
        allowance_of(site="paris", destination=DEVICE),
    ):
        desk.store.allow(each)
    assert DEVICE in ranked(desk.store, "paris")
    forget_device(desk.store, DEVICE, "paris")
    assert desk.store.allowances() == sorted([*kept, tokyos])
    assert DEVICE not in ranked(desk.store, "paris")
    assert DEVICE in ranked(desk.store, "tokyo")
    forget_device(desk.store, DEVICE)
    assert desk.store.allowances() == sorted(kept)
    assert DEVICE not in ranked(desk.store, "tokyo")


def test_a_larger_file_of_many_chunks_loses_one_device_only(desk: Desk) -> None:
    content = many_pairs(250)
    desk.upload("a.csv", content)
    forget_device(desk.store, "192.168.0.7")
    assert desk.sums() == desk.clean(without(content, "192.168.0.7"))
    assert len(shown(desk.store.scan("paris"))) == 249
