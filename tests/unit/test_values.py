"""Values that a person gives: sites, addresses and days."""

import pytest

from iotagg.core.values import checked_address, checked_day, checked_month, checked_site
from iotagg.errors import InvalidValue


@pytest.mark.parametrize("site", ["default", "Paris-2", "a", "0", "a.b_c", "x" * 64])
def test_a_site_is_letters_digits_and_few_signs(site: str) -> None:
    assert checked_site(site) == site


@pytest.mark.parametrize("site", ["", "x" * 65, "a b", "a/b", "a#b", "é", "paris\n", "٣"])
def test_what_is_no_site_says_so(site: str) -> None:
    with pytest.raises(InvalidValue, match="is no site"):
        checked_site(site)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("192.168.1.7", "192.168.1.7"), ("2001:DB8:0::7", "2001:db8::7"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_an_address_is_taken_in_any_spelling(text: str, canonical: str) -> None:
    assert checked_address(text) == canonical


@pytest.mark.parametrize("text", ["", "router", "192.168.1.256", "fe80::1%eth0", "é", "192.168.1.7\udcff"])
def test_what_is_no_address_says_so(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"is no IP address|has a zone"):
        checked_address(text)


@pytest.mark.parametrize("day", ["2022-12-06", "0001-01-01", "9999-12-31", "2024-02-29"])
def test_a_day_is_an_iso_day(day: str) -> None:
    assert checked_day(day) == day


@pytest.mark.parametrize("text", ["2022-13-01", "2023-02-29", "0000-01-01"])
def test_an_impossible_day_says_so(text: str) -> None:
    with pytest.raises(InvalidValue, match="is a day that no calendar has"):
        checked_day(text)


@pytest.mark.parametrize("text", ["", "06/12/2022", "2022-12-6", "20221206", "2022-W49-2", "2022-12-06\n", "today"])
def test_what_is_no_day_says_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no day; write it as 2022-12-06"):
        checked_day(text)


@pytest.mark.parametrize("month", ["2022-12", "0001-01", "9999-10"])
def test_a_month_is_a_year_and_a_month(month: str) -> None:
    assert checked_month(month) == month


@pytest.mark.parametrize("text", ["", "2022-13", "2022-00", "2022-1", "0000-01", "12/2022", "2022-12-01", "2022-12\n"])
def test_what_is_no_month_says_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no month; write it as 2022-12"):
        checked_month(text)
