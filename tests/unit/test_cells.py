"""Cells: what an address, a number and a date may look like, and what each means."""

import ipaddress
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core import cells
from iotagg.core.cells import BadCell, SlashDate, address, date_text, day, is_address, microseconds, shown, whole
from tests.examples import examples
from tests.reference import Invalid, number_of
from tests.strategies import FRACTIONS, NO_ADDRESSES, NO_NUMBERS, NUMBERS

many = settings(max_examples=examples(200), deadline=None)


@pytest.mark.parametrize(
    ("cell", "canonical"),
    [
        (b"192.168.1.7", "192.168.1.7"),
        (b"0.0.0.0", "0.0.0.0"),  # noqa: S104  no server binds to it: it is a DHCP client's source
        (b"255.255.255.255", "255.255.255.255"),
        (b"224.0.0.251", "224.0.0.251"),
        (b"2001:0DB8:0:0:0:0:0:7", "2001:db8::7"),
        (b"2001:db8::0.0.0.7", "2001:db8::7"),
        (b"::ffff:192.168.1.7", "192.168.1.7"),
        (b"::FFFF:C0A8:107", "192.168.1.7"),
        (b"::192.168.1.7", "::c0a8:107"),  # compatible, not mapped
        (b"::", "::"),
    ],
)
def test_an_address_has_one_canonical_text(cell: bytes, canonical: str) -> None:
    assert address(cell) == canonical
    assert is_address(cell)


@many
@given(
    st.lists(
        st.sampled_from(["0", "00", "01", "9", "10", "99", "100", "199", "255", "256", "1000", "", "x", " 1"]),
        max_size=5,
    )
)
def test_texts_like_an_ipv4_address_mean_what_the_library_says(octets: list[str]) -> None:
    text = ".".join(octets)
    try:
        expected = str(ipaddress.IPv4Address(text))
    except ValueError:
        with pytest.raises(cells.BadCell):
            cells.address(text.encode())
    else:
        assert cells.address(text.encode()) == expected


@given(st.ip_addresses())
def test_every_address_comes_back_in_any_spelling(given_address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    canonical = address(str(given_address).encode())
    assert address(given_address.exploded.upper().encode()) == canonical
    assert address(canonical.encode()) == canonical


@pytest.mark.parametrize("cell", NO_ADDRESSES)
def test_what_is_no_address_says_so(cell: bytes) -> None:
    assert not is_address(cell)
    with pytest.raises(BadCell, match=r"is no IP address$|has a zone"):
        address(cell)


def test_a_zone_is_named_as_the_reason() -> None:
    with pytest.raises(BadCell, match=r"^'fe80::1%eth0' has a zone \(%\)"):
        address(b"fe80::1%eth0")


@pytest.mark.parametrize("cell", NUMBERS)
def test_a_whole_number_is_exact(cell: bytes) -> None:
    assert whole(cell) == microseconds(cell, 0) == number_of(cell)


@pytest.mark.parametrize("cell", FRACTIONS)
def test_a_fraction_is_no_number_of_packets(cell: bytes) -> None:
    with pytest.raises(BadCell, match="is not whole"):
        whole(cell)


@pytest.mark.parametrize("cell", NO_NUMBERS)
def test_what_is_no_number_or_too_large_says_so(cell: bytes) -> None:
    for judge in (whole, lambda cell: microseconds(cell, 0), lambda cell: microseconds(cell, 6)):
        with pytest.raises(BadCell, match=r"is no number|is more than 10\^16"):
            judge(cell)


@pytest.mark.parametrize(
    ("cell", "exponent", "expected"),
    [
        (b"0.5", 0, 0),
        (b"1.5", 0, 2),
        (b"2.5", 0, 2),
        (b"2.50000000000000000000000000000000000001", 0, 3),
        (b"2.49999999999999999999999999999999999999", 0, 2),
        (b"0.0005", 3, 0),
        (b"0.0015", 3, 2),
        (b"0.0000025", 6, 2),
        (b"120", 6, 120_000_000),
        (b"12", 3, 12_000),
        (b"10000000000", 6, 10**16),
        (b"1e10", 6, 10**16),
        (b"9999999999999999.5", 0, 10**16),
    ],
)
def test_a_duration_is_rounded_half_to_even_microseconds(cell: bytes, exponent: int, expected: int) -> None:
    assert microseconds(cell, exponent) == expected


@pytest.mark.parametrize(("cell", "exponent"), [(b"10000000000.000001", 6), (b"10000000000001", 3)])
def test_a_duration_of_more_than_the_limit_in_microseconds_is_refused(cell: bytes, exponent: int) -> None:
    with pytest.raises(BadCell, match=r"is more than 10\^16 µs"):
        microseconds(cell, exponent)


def test_a_number_may_have_more_digits_than_python_likes_to_convert() -> None:
    assert whole(b"0" * 5_000 + b"7") == 7
    assert microseconds(b"7." + b"0" * 5_000 + b"1", 0) == 7
    with pytest.raises(BadCell, match=r"10\^16"):
        whole(b"9" * 5_000)


@many
@given(st.text("0123456789.eE+-_ \t", max_size=24), st.sampled_from([0, 3, 6]))
def test_a_duration_means_what_the_fraction_says(text: str, exponent: int) -> None:
    try:
        expected = number_of(text.encode()) * 10**exponent
    except Invalid:
        expected = Fraction(-1)
    if 0 <= expected <= 10**16:
        assert microseconds(text.encode(), exponent) == round(expected)
    else:
        with pytest.raises(BadCell):
            microseconds(text.encode(), exponent)


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (b"06/12/2022 11:00:15 PM", b"06/12/2022"),
        (b"2022-12-06T11:00:15Z", b"2022-12-06"),
        (b"2022-12-06\t11:00", b"2022-12-06"),
        (b"2022-12-06", b"2022-12-06"),
        (b" 2022-12-06", b""),
        (b"", b""),
    ],
)
def test_the_date_part_ends_at_a_blank_or_a_t(timestamp: bytes, text: bytes) -> None:
    assert date_text(timestamp) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2022-12-06", "2022-12-06"),
        (b"2022-2-6", "2022-02-06"),
        (b"0001-01-01", "0001-01-01"),
        (b"2024-02-29", "2024-02-29"),
        (b"0", "1970-01-01"),
        (b"86399.999999", "1970-01-01"),
        (b"86400", "1970-01-02"),
        (b"000000000000086400", "1970-01-02"),
        (b"253402300799", "9999-12-31"),
    ],
)
def test_a_date_that_says_its_order_is_a_day(text: bytes, expected: str) -> None:
    assert day(text) == expected


@many
@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  the zone is added
def test_epoch_seconds_are_the_day_in_utc(moment: datetime) -> None:
    assert day(b"%d" % int(moment.timestamp())) == moment.date().isoformat()


@pytest.mark.parametrize("text", [b"3/4/2022", b"03/04/2022"])
def test_a_slashed_date_is_a_day_once_its_order_is_known(text: bytes) -> None:
    found = day(text)
    assert found == SlashDate(3, 4, 2022)
    assert isinstance(found, SlashDate)
    assert (found.day("dmy"), found.day("mdy")) == ("2022-04-03", "2022-03-04")


@pytest.mark.parametrize(
    ("found", "day_first", "month_first"),
    [
        (SlashDate(31, 12, 2022), "2022-12-31", None),
        (SlashDate(12, 31, 2022), None, "2022-12-31"),
        (SlashDate(31, 4, 2022), None, None),
        (SlashDate(0, 4, 2022), None, None),
        (SlashDate(1, 1, 0), None, None),
    ],
)
def test_a_slashed_date_may_be_impossible(found: SlashDate, day_first: str | None, month_first: str | None) -> None:
    assert found.day("dmy") == day_first
    assert found.day("mdy") == month_first


@pytest.mark.parametrize("text", [b"2022-13-01", b"2023-02-29", b"0000-01-01", b"253402300800", b"9" * 30])
def test_an_impossible_date_says_so(text: bytes) -> None:
    with pytest.raises(BadCell, match=r"is an impossible date$"):
        day(text)


@pytest.mark.parametrize(
    "text", [b"", b"3/4/22", b"3.4.2022", b"2022/04/03", b"-1", b"1e9", "٣/4/2022".encode(), b"1648944000."]
)
def test_what_is_no_date_says_what_one_looks_like(text: bytes) -> None:
    with pytest.raises(BadCell, match=r"is no date \(d/m/Y, Y-m-d or epoch seconds\)$|^empty is no date"):
        day(text)


@pytest.mark.parametrize("text", [b"59:00.1", b"09:00", b"11:00:15"])
def test_a_time_without_a_day_says_who_may_have_cut_it(text: bytes) -> None:
    with pytest.raises(BadCell, match=r"is no date but a time: a spreadsheet cut it, fetch the original$"):
        day(text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"", "empty"),
        (b"12.5", "'12.5'"),
        (b"\xff\x00", "'\\xff\\x00'"),
        (b"\x1b[31m", "'\\x1b[31m'"),
        ("\u2013".encode(), "'\u2013'"),
        (b"x" * 40, f"'{'x' * 40}'"),
        (b"x" * 41, f"'{'x' * 40}…'"),
    ],
)
def test_a_message_shows_a_cell_at_a_readable_length(cell: bytes, text: str) -> None:
    assert shown(cell) == text


def test_what_is_remembered_of_cells_is_bounded() -> None:
    assert cells.address.cache_info().maxsize
