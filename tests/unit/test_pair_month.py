"""A pair's month and its text: the text is the JSON of its sums, whoever makes it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.contribution import cut, packed, read_chunk
from iotagg.core.dialect import ReadingOptions
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import RUNNING, PairMonth, dumped, has_flows, line_of, parsed, rows_of, text_of, text_of_day
from iotagg.errors import Damaged, NumberTooLarge
from tests.examples import examples
from tests.strategies import pair_days
from tests.unit.test_contribution import totals_of

many = settings(max_examples=examples(50), deadline=None)
figures = st.tuples(*[st.integers(0, MAX_SUM)] * 5).map(list)
names = st.from_regex(r"[a-z_]{1,6}[0-9]{0,2}", fullmatch=True)
sums = st.dictionaries(names, st.integers(-MAX_SUM, MAX_SUM), min_size=1, max_size=9)
rows = st.builds(PairMonth, st.ip_addresses().map(str), st.ip_addresses().map(str), st.just("2022-12"), sums)


def as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def pair_month(sums: dict[str, int], source: str = "192.0.2.1") -> PairMonth:
    return PairMonth(source, "192.0.2.2", "2022-12", sums)


@many
@given(sums)
def test_the_text_of_sums_is_their_json(sums: dict[str, int]) -> None:
    assert dumped(sums) == as_json(sums)
    assert parsed(dumped(sums)) == sums


@many
@given(figures, st.dictionaries(st.integers(1, 31).map("{:02}".format), figures, max_size=4))
def test_the_text_of_a_cut_month_is_the_json_of_its_sums(running: list[int], days: dict[str, list[int]]) -> None:
    sums = dict(zip(("flows", "dur", "dur_sq", "pkt", "pkt_sq"), running, strict=True))
    for day, (flows, duration, _, packets, _) in days.items():
        sums |= {f"f{day}": flows, f"d{day}": duration, f"p{day}": packets}
    assert text_of(running, "".join(text_of_day(*each) for each in days.items())) == as_json(sums)


@many
@given(figures, st.sampled_from(("", ',"n01":3', ',"n01":3 ', " ")), st.booleans())
def test_the_running_sums_are_those_of_the_whole_text_however_it_was_written(
    running: list[int], behind: str, turned: bool
) -> None:
    names = RUNNING[::-1] if turned else RUNNING
    text = "{" + ",".join(f'"{name}":{running[RUNNING.index(name)]}' for name in names) + behind + "}"
    row = PairMonth("192.0.2.1", "192.0.2.2", "2022-12", None, text)
    assert row.running == tuple(map(row.running_at, range(len(RUNNING)))) == tuple(running)
    assert tuple(map(row.sums.__getitem__, RUNNING)) == row.running == tuple(running)
    assert tuple(map(row.running_at, range(len(RUNNING)))) == tuple(running)


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ('{"flows":20,"dur":1}', True),
        ('{"dur":1,"flows":3}', True),
        ('{"flows":0,"dur":1}', False),
        ('{"dur":1}', False),
    ],
)
def test_a_month_without_flows_is_told(text: str, flows: bool) -> None:
    assert has_flows(text) is flows


@given(st.lists(st.integers(1, 10**70), min_size=3, max_size=3))
def test_running_sums_of_a_device_are_kept_without_squares(figures: list[int]) -> None:
    flows, duration, packets = figures
    row = PairMonth("192.168.1.7", "", "2022-12", None, f'{{"flows":{flows},"dur":{duration},"pkt":{packets},"f01":1}}')
    assert row.running == (flows, duration, 0, packets, 0)
    assert [row.running_at(place) for place in range(len(RUNNING))] == [flows, duration, 0, packets, 0]


def test_of_running_sums_that_are_not_there_nothing_is_known() -> None:
    assert PairMonth("192.0.2.1", "192.0.2.2", "2022-12", None, '{"flows":2,"pkt":3}').running == (2, 0, 0, 3, 0)
    with pytest.raises(Damaged):
        _ = PairMonth("192.0.2.1", "192.0.2.2", "2022-12", None, '{"flows":2,"pkt').running


@many
@given(rows)
def test_the_line_of_a_row_is_the_json_of_its_parts_and_sums(row: PairMonth) -> None:
    line = line_of(row.source, row.destination, row.month, row.text)
    parts = {"src_ip": row.source, "dst_ip": row.destination, "month": row.month}
    assert line == as_json(parts | row.sums) + "\n"


@many
@given(st.lists(rows, max_size=5))
def test_rows_come_back_from_a_member_however_its_json_is_spaced(rows: list[PairMonth]) -> None:
    assert read_chunk(packed(rows)) == rows
    fields = [{"src_ip": row.source, "dst_ip": row.destination, "month": row.month, **row.sums} for row in rows]
    assert rows_of("".join(json.dumps(each) + "\n" for each in fields)) == rows


@many
@given(pair_days)
def test_a_chunk_that_was_read_is_packed_to_the_same_bytes(days: dict[tuple[str, str, str], list[int]]) -> None:
    members = cut(totals_of(days), "paris", ReadingOptions()).members
    assert tuple(packed(read_chunk(member)) for member in members) == members
    parsed_rows = [[row.with_sums(row.sums) for row in read_chunk(member)] for member in members]
    assert tuple(map(packed, parsed_rows)) == members


def test_rows_are_equal_where_all_their_parts_are() -> None:
    row = pair_month({"flows": 1})
    assert row == PairMonth("192.0.2.1", "192.0.2.2", "2022-12", None, '{"flows":1}')
    assert row != pair_month({"flows": 2})
    assert row != pair_month({"flows": 1}, source="192.0.2.3")
    assert row != "192.0.2.1"


def test_a_row_shows_its_parts() -> None:
    assert repr(pair_month({"flows": 1})) == "PairMonth('192.0.2.1', '192.0.2.2', '2022-12', {'flows': 1})"


def test_a_sum_of_more_than_38_digits_is_found_in_a_row() -> None:
    pair_month({"flows": 1, "dur": MAX_SUM}).check()
    for sums in ({"flows": 1, "dur": MAX_SUM + 1}, {"flows": -1, "dur": -MAX_SUM - 1}):
        with pytest.raises(NumberTooLarge, match=r"from 192\.0\.2\.1 to 192\.0\.2\.2 needs more than 38 digits"):
            pair_month(sums).check()


def test_a_row_that_was_stored_is_not_parsed_to_be_checked() -> None:
    PairMonth("192.0.2.1", "192.0.2.2", "2022-12", None, "no JSON").check()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"flows":"1"}', '{"flows":1.5}', '{"flows":null}', '{"flows":1} x', "7"]
)
def test_sums_that_are_no_whole_numbers_are_damaged(text: str) -> None:
    with pytest.raises(Damaged, match="what is kept of a pair's month is damaged"):
        parsed(text)
