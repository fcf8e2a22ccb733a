"""The allow list: what a person may put on it, and what it covers."""

from dataclasses import astuple, replace
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.allowances import Allowance, allowance_of, allows, checked_network, covers, stored_allowance
from iotagg.errors import Damaged, InvalidValue

DEVICE, PEER, DAY = "192.168.1.7", "192.0.2.9", "2022-12-06"


def is_allowed(allowance: Allowance, **other: str) -> bool:
    told = {"site": "paris", "source": DEVICE, "destination": PEER, "kind": "surge", "day": DAY} | other
    return allows(allowance, **told)


def test_each_part_that_is_given_narrows_what_is_allowed() -> None:
    allowance = allowance_of(site="paris", source=DEVICE, destination="192.0.2.0/24", kind="surge", until=DAY)
    assert is_allowed(allowance)
    assert is_allowed(allowance, day="2022-12-05", destination="192.0.2.255")
    for other in (
        {"site": "tokyo"},
        {"source": "192.168.1.70"},
        {"destination": "192.0.3.9"},
        {"kind": "drop"},
        {"day": "2022-12-07"},
    ):
        assert not is_allowed(allowance, **other)


@pytest.mark.parametrize("part", [{"site": "paris"}, {"source": DEVICE}, {"destination": PEER}, {"kind": "surge"}])
def test_what_is_not_given_is_any(part: dict[str, str]) -> None:
    assert is_allowed(allowance_of(**part), day="9999-12-31")


def test_a_finding_without_a_destination_is_covered_where_any_is_allowed() -> None:
    assert is_allowed(allowance_of(source=DEVICE), destination="")
    assert not is_allowed(allowance_of(source=DEVICE, destination=PEER), destination="")
    assert is_allowed(allowance_of(site="paris"), source="", destination="")
    assert not is_allowed(allowance_of(source="0.0.0.0/0"), source="")


def test_addresses_of_the_other_family_are_not_covered() -> None:
    assert covers("0.0.0.0/0", DEVICE)
    assert not covers("0.0.0.0/0", "2001:db8::7")
    assert not covers("::/0", DEVICE)
    assert covers("2001:db8::/32", "2001:db8::7")


@settings(deadline=None)
@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_covers_the_address_it_was_made_of(address: IPv4Address | IPv6Address, length: int) -> None:
    shortest = 96 if isinstance(address, IPv6Address) and address.ipv4_mapped else 0  # else it is IPv6, and that IPv4
    length = max(shortest, min(length, address.max_prefixlen))
    canonical = checked_network(str(ip_network(f"{address}/{length}", strict=False)))
    assert covers(canonical, checked_network(str(address)))
    assert checked_network(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2001:DB8:0::7", "2001:db8::7"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7/128", "192.0.2.7"),
        ("::/0", "::/0"),
    ],
)
def test_an_address_or_cidr_has_one_text(text: str, canonical: str) -> None:
    assert checked_network(text) == canonical


@pytest.mark.parametrize("text", ["192.0.2.300", "paris", "192.0.2.0/33", "/24", "fe80::1%eth0/128", "fe80::1%eth0"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no network; write it as"):
        checked_network(text)


def test_an_allowance_of_everything_is_refused() -> None:
    for parts in ({}, {"until": DAY}, {"note": "all is well"}):
        with pytest.raises(InvalidValue, match="this would allow everything"):
            allowance_of(**parts)


@pytest.mark.parametrize(
    ("part", "value"),
    [("site", "a b"), ("source", "x"), ("destination", "192.0.2.7/33"), ("until", "2022-13-01"), ("until", "soon")],
)
def test_a_part_that_is_none_is_refused(part: str, value: str) -> None:
    with pytest.raises(InvalidValue):
        allowance_of(kind="surge", **{part: value})


@pytest.mark.parametrize("note", ["two\nlines", "\x1b[2J", "x" * 201])
def test_a_note_is_one_short_line(note: str) -> None:
    with pytest.raises(InvalidValue, match="a note is one line of at most 200 characters"):
        allowance_of(kind="surge", note=note)


def test_the_same_allowance_has_the_same_id_however_it_is_written() -> None:
    one = allowance_of(source="2001:DB8::/32", note="the new backup")
    assert one == allowance_of(source="2001:db8:0::/32", note="the new backup")
    assert one.id == "e147aaf0b6"
    assert one.id != allowance_of(source="2001:db8::/32").id != allowance_of(destination="2001:db8::/32").id


def test_what_was_stored_comes_back() -> None:
    one = allowance_of(site="paris", source=DEVICE, kind="surge", until=DAY, note="the new backup")
    assert stored_allowance(*astuple(one)) == one


@pytest.mark.parametrize(
    "change",
    [{"id": "0"}, {"source": "x"}, {"source": "192.168.1.8"}, {"until": "soon"}, {"note": 7}, {"site": None}],
)
def test_what_was_stored_and_changed_is_damaged(change: dict[str, str]) -> None:
    one = replace(allowance_of(source=DEVICE), **change)
    with pytest.raises(Damaged, match=f"the allow list is damaged: '{one.id}' is not what was allowed"):
        stored_allowance(*astuple(one))


def test_an_entry_with_missing_parts_is_damaged() -> None:
    with pytest.raises(Damaged, match="the allow list is damaged"):
        stored_allowance("e147aaf0b6", "paris")
