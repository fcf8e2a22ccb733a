from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iotagg.audit import Counts, Note, audit
from iotagg.core.contribution import packed
from iotagg.core.pair_month import PairMonth
from iotagg.core.rejects import Reject, packed_rejects
from iotagg.stores.dynamodb.table import file_key, marker_key
from tests.pipeline.csvs import csv, flow, many_pairs
from tests.pipeline.vandal import InDynamo, vandal_of

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk, Head, Name
    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk
    from tests.pipeline.vandal import Vandal

MANY = 40
SOURCE, DESTINATION = "192.168.0.3", "192.0.2.1"
KEY = ("paris", SOURCE, DESTINATION, "2022-12")
OTHER = ("paris", "192.168.0.5", DESTINATION, "2022-12")
TORN = csv(flow(), b"torn\n", b"torn too\n", flow(day="2023-01-31"))


def full(desk: Desk) -> None:
    desk.upload("one.csv", many_pairs(MANY))
    desk.upload("two.csv", many_pairs(MANY, packets=5, day="2022-12-02"))
    desk.upload("torn.csv", TORN)
    desk.upload("tokyo.csv", many_pairs(3), site="tokyo")


@pytest.fixture
def vandal(desk: Desk) -> Vandal:
    full(desk)
    return vandal_of(desk.store)


def found(store: Store) -> list[str]:
    return [f"{each.source} {each.month} {each.text}".strip() for each in audit(store)]


def name_of(desk: Desk, path: str) -> Name:
    return desk.path(path).names[0]


def chunks(desk: Desk, name: Name) -> list[Chunk]:
    record = desk.store.file(name)
    assert record is not None
    return [chunk for _, chunk in desk.store.chunks(name, range(record.head.chunks))]


def place_of(desk: Desk, name: Name, source: str = SOURCE) -> int:
    """Return the number of the chunk that has a source."""
    return next(number for number, chunk in enumerate(chunks(desk, name)) if any(row.source == source for row in chunk))


def stored(desk: Desk, name: Name) -> bytes:
    with desk.store.stored(name) as (stream, length, _):
        content = b""
        while piece := stream.read(length):
            content += piece
        return content


def test_a_store_that_was_only_used_has_nothing_that_differs(desk: Desk) -> None:
    full(desk)
    desk.upload("torn.csv", TORN + flow())  # it grew
    desk.retract("two.csv")
    desk.upload("refused.csv", csv(b"torn\n"), max_rejects="0")
    counts, notes = Counts(), list[Note]()
    assert list(audit(desk.store, counts=counts, noted=notes.append)) == []
    assert notes == []
    assert counts == Counts(files=5, pair_months=MANY + 3 + 2)


def test_one_site_alone_is_audited(desk: Desk, vandal: Vandal) -> None:
    vandal.set_sums(KEY, None)
    counts = Counts()
    assert list(audit(desk.store, ["tokyo"], counts)) == []
    assert counts == Counts(files=1, pair_months=3)


# Sums.


def test_compensating_damage_to_two_days_of_one_item_is_named_figure_by_figure(desk: Desk, vandal: Vandal) -> None:
    sums = vandal.sums(KEY)
    vandal.set_sums(KEY, sums | {"d01": sums["d01"] + 7, "d02": sums["d02"] - 7})
    assert found(desk.store) == [
        f"{SOURCE} 2022-12 flow_duration_us of 2022-12-01: stored 1007, recomputed 1000",
        f"{SOURCE} 2022-12 flow_duration_us of 2022-12-02: stored 993, recomputed 1000",
    ]


def test_compensating_damage_to_two_pairs_is_named_pair_by_pair(desk: Desk, vandal: Vandal) -> None:
    for key, change in ((KEY, 1), (OTHER, -1)):
        sums = vandal.sums(key)
        vandal.set_sums(key, sums | {"pkt": sums["pkt"] + change, "p01": sums["p01"] + change})
    texts = found(desk.store)
    assert [text.split(":")[0] for text in texts] == [
        f"{key[1]} 2022-12 fwd_packets{of}" for key in (KEY, OTHER) for of in (" of 2022-12-01", "")
    ]


@pytest.mark.parametrize(
    "attribute", ["flows", "dur", "dur_sq", "pkt", "pkt_sq", "f01", "d01", "p01", "f31", "x", "f1"]
)
def test_any_figure_that_is_changed_is_found(desk: Desk, vandal: Vandal, attribute: str) -> None:
    sums = vandal.sums(KEY)
    vandal.set_sums(KEY, sums | {attribute: sums.get(attribute, 0) + 1})
    (text,) = found(desk.store)
    assert text.startswith(f"{SOURCE} 2022-12 ")
    assert text.endswith(f"stored {sums.get(attribute, 0) + 1}, recomputed {sums.get(attribute, 0)}")


def test_what_is_no_whole_number_is_found(desk: Desk, vandal: Vandal) -> None:
    vandal.set_sums(KEY, vandal.sums(KEY) | {"dur": "many"})
    (text,) = found(desk.store)
    assert "flow_duration_us: stored " in text
    assert "many" in text


def test_a_pair_month_that_is_missing_or_too_many_is_found(desk: Desk, vandal: Vandal) -> None:
    sums = vandal.sums(KEY)
    vandal.set_sums(KEY, None)
    vandal.set_sums(("paris", DESTINATION, SOURCE, "2022-12"), sums)  # its addresses swapped
    vandal.set_sums(("mars", SOURCE, DESTINATION, "2022-12"), sums)
    assert sorted(found(desk.store)) == [
        f"{DESTINATION} 2022-12 it has 2 flows, and no file adds any",
        f"{SOURCE} 2022-12 it has 2 flows, and no file adds any",
        f"{SOURCE} 2022-12 it is missing, and should have 2 flows",
    ]


def test_a_pair_month_without_flows_but_with_figures_is_found(desk: Desk, vandal: Vandal) -> None:
    vandal.set_sums(("paris", "192.0.2.9", DESTINATION, "2022-12"), {"flows": 0, "dur": 5})
    assert found(desk.store) == ["192.0.2.9 2022-12 it has 0 flows, and no file adds any"]


def test_a_pair_month_of_zeros_is_as_good_as_none(desk: Desk, vandal: Vandal) -> None:
    vandal.set_sums(("paris", "192.0.2.9", DESTINATION, "2022-12"), {"flows": 0, "dur": 0})
    assert found(desk.store) == []


# Files.


def test_a_marker_that_went_alone_or_with_its_sums_is_found(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    number = place_of(desk, name)
    vandal.set_marker(name, number, None)
    of_file, *of_pairs = found(desk.store)
    assert of_file == f"chunks {number} are not at revision 1, and nobody is at work on it"
    gone = chunks(desk, name)[number]
    assert {text.split()[0] for text in of_pairs} == {row.source for row in gone}
    for row in gone:
        key = ("paris", row.source, row.destination, row.month)
        sums = vandal.sums(key)
        vandal.set_sums(key, {each: value - row.sums.get(each, 0) for each, value in sums.items()})
    assert found(desk.store) == [of_file]


def test_a_marker_too_many_or_too_far_is_found(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    vandal.set_marker(name, 0, 3)
    texts = found(desk.store)
    assert "markers beyond its revision 1: of chunks 0" in texts
    vandal.set_marker(name, 0, 1)
    vandal.set_marker(name, 99, 1)
    assert any(text.startswith("markers of chunks that it does not have: 99") for text in found(desk.store))


def test_a_revision_that_does_not_follow_the_paths_is_found(desk: Desk, vandal: Vandal) -> None:
    vandal.set_revision(name_of(desk, "one.csv"), 2)
    assert any("are not at revision 2, and nobody is at work on it" in text for text in found(desk.store))


def edited(desk: Desk, name: Name, chunk: Chunk, number: int) -> bytes:
    """Return a stored form with another chunk, as if it had been cut so."""
    whole = stored(desk, name)
    head = record_head(desk, name)
    members, place = [], len(whole) - sum(head.chunk_bytes)
    for length in head.chunk_bytes:
        members.append(whole[place : place + length])
        place += length
    members[number] = packed(chunk)
    return whole[: len(whole) - sum(head.chunk_bytes)] + b"".join(members)


def record_head(desk: Desk, name: Name) -> Head:
    record = desk.store.file(name)
    assert record is not None
    return record.head


def test_a_damaged_contribution_is_named_and_what_it_adds_is_not_judged(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    number = place_of(desk, name)
    content = stored(desk, name)
    head = record_head(desk, name)
    middle = len(content) - sum(head.chunk_bytes[number:]) + head.chunk_bytes[number] // 2
    vandal.set_stored(name, content[:middle] + b"damage" + content[middle + 6 :])
    of_file, *of_pairs = found(desk.store)
    assert of_file.startswith(f"chunk {number} cannot be read: ")
    assert of_pairs
    assert all(f"it cannot be recomputed: chunk {number} of {name} cannot be read" in text for text in of_pairs)


def test_a_contribution_that_is_gone_is_named(desk: Desk, vandal: Vandal) -> None:
    vandal.set_stored(name_of(desk, "one.csv"), None)
    assert any(text.startswith("what it adds cannot be read: ") for text in found(desk.store))


def test_a_contribution_that_ends_early_is_named(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    vandal.set_stored(name, stored(desk, name)[:-10])
    assert found(desk.store)


def test_another_contribution_in_its_place_is_named(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    vandal.set_stored(name, stored(desk, name_of(desk, "two.csv")))
    assert "its stored head is not what is known of it" in found(desk.store)


def test_rejected_lines_that_are_lost_or_damaged_are_named(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "torn.csv")
    vandal.set_rejects(name, tuple(packed_rejects([Reject(3, "torn", "torn")])))
    assert found(desk.store) == ["2 lines were rejected, 1 are kept"]
    vandal.set_rejects(name, tuple(packed_rejects([Reject(3, "torn", "torn")] * 2)))
    assert found(desk.store) == ["rejected line 3 follows line 3 of 5"]
    vandal.set_rejects(name, (b"nothing of the kind",))
    (text,) = found(desk.store)
    assert text.startswith("its rejected lines cannot be read: ")


def test_lines_that_do_not_add_up_are_named(desk: Desk, vandal: Vandal) -> None:
    head = record_head(desk, name_of(desk, "torn.csv"))
    vandal.set_head(replace(head, lines=head.lines | {"blank": 1}))
    assert "it has 5 lines, of which 6 are accounted for" in found(desk.store)


def test_totals_of_the_head_that_are_not_those_of_the_chunks_are_named(desk: Desk, vandal: Vandal) -> None:
    head = record_head(desk, name_of(desk, "torn.csv"))
    vandal.set_head(replace(head, pairs=7, last_day="2023-02-01"))
    texts = found(desk.store)
    assert "its pairs: 7, its chunks have 1" in texts
    assert "its last day: 2023-02-01, its chunks have 2023-01-31" in texts


def test_a_chunk_edited_together_with_the_sums_is_named_by_the_heads_totals(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    number = place_of(desk, name)
    chunk = chunks(desk, name)[number]
    row = next(row for row in chunk if row.source == SOURCE)
    more = row.sums | {"dur": row.sums["dur"] + 4, "d01": row.sums["d01"] + 4, "dur_sq": row.sums["dur_sq"] + 8016}
    other = PairMonth(row.source, row.destination, row.month, more)
    vandal.set_stored(name, edited(desk, name, [other if each is row else each for each in chunk], number))
    sums = vandal.sums(KEY)
    vandal.set_sums(KEY, sums | {"dur": sums["dur"] + 4, "d01": sums["d01"] + 4, "dur_sq": sums["dur_sq"] + 8016})
    assert found(desk.store)


def test_a_path_and_a_file_that_do_not_agree_are_named(desk: Desk, vandal: Vandal) -> None:
    path = desk.path("one.csv")
    vandal.set_references("paris", path.path, (name_of(desk, "two.csv"),))
    assert found(desk.store)


def test_a_site_that_a_table_lists_no_longer_is_named(desk: Desk, vandal: Vandal) -> None:
    if isinstance(vandal, InDynamo):  # elsewhere the list is derived
        vandal.delete(vandal.key("SITES", "tokyo"))
        assert found(desk.store) == ["files of it are kept, and it is not on the list of sites"]


def test_first_bytes_that_a_table_knows_wrongly_are_named(desk: Desk, vandal: Vandal) -> None:
    if isinstance(vandal, InDynamo):  # elsewhere they are derived
        name = name_of(desk, "one.csv")
        vandal.change(vandal.key(*file_key(name)), "first_chunk", {"N": "1"})
        (text,) = found(desk.store)
        assert text.startswith("its first chunk begins at byte ")
        assert text.endswith(", and is looked for at 1")


def test_totals_of_a_marker_that_are_not_those_of_its_chunk_are_named(desk: Desk, vandal: Vandal) -> None:
    if isinstance(vandal, InDynamo):  # elsewhere none are kept
        name = name_of(desk, "one.csv")
        vandal.change(vandal.key(*marker_key(name, 0)), "totals", {"M": {}})
        assert found(desk.store) == ["the totals that chunk 0's marker holds are not those of the chunk"]
