from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.networks import Network
from iotagg.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "network", "only"),
    [
        ("192.0.2.0/24", "192.0.2.0/24", ""),
        ("192.0.2.77/24", "192.0.2.0/24", ""),
        ("192.0.2.77", "192.0.2.77/32", "192.0.2.77"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24", ""),
        ("2001:DB8:0::/32", "2001:db8::/32", ""),
        ("2001:db8::7", "2001:db8::7/128", "2001:db8::7"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24", ""),
        ("::ffff:192.0.2.7", "192.0.2.7/32", "192.0.2.7"),
        ("::ffff:0:0/95", "::fffe:0:0/95", ""),
        ("0.0.0.0/0", "0.0.0.0/0", ""),
        ("::/0", "::/0", ""),
    ],
)
def test_a_network_is_read_as_it_is_written(text: str, network: str, only: str) -> None:
    parsed = Network.parse(text)
    assert (str(parsed), parsed.only) == (network, only)


@pytest.mark.parametrize(
    "text",
    ["", "paris", "192.0.2.0/33", "192.0.2/24", "2001:db8::/129", "fe80::1%eth0/64", "١٩٢.0.2.0/24", "\ud800", "7"],
)
def test_what_is_no_network_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"is no network; write it as 192\.0\.2\.0/24"):
        Network.parse(text)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("192.0.2.0/24", "192.0.2."),
        ("192.0.2.0/25", "192.0.2."),
        ("192.0.2.0/23", "192.0."),
        ("192.0.2.77", "192.0.2.77"),
        ("10.0.0.0/7", ""),
        ("2001:db8::/32", "2001:db8:"),
        ("2001:db8::/48", "2001:db8:"),
        ("2001:0:1::/48", "2001:0:1:"),
        ("2001:db8::7", "2001:db8::7"),
        ("::/0", ""),
        ("::1:0/112", ""),
    ],
)
def test_what_all_its_addresses_begin_with(text: str, beginning: str) -> None:
    assert Network.parse(text).beginning == beginning


groups = st.lists(st.sampled_from([0, 0, 1, 0xDB8, 0xFFFF]), min_size=8, max_size=8)
shortened = groups.map(lambda parts: ipaddress.IPv6Address(":".join(f"{part:x}" for part in parts)))


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address) | shortened, st.data())
def test_each_of_its_addresses_begins_so(
    own: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    network = ipaddress.ip_network((own, data.draw(st.integers(0, own.max_prefixlen))), strict=False)
    parsed = Network.parse(str(network))
    bits = map(int, data.draw(st.lists(shortened)))
    others = (type(own)(int(network.network_address) | each & int(network.hostmask)) for each in bits)
    for address in (own, *others):
        if parsed.holds(str(address)):  # of IPv4 mapped into IPv6, none is left
            assert str(address).startswith(parsed.beginning)


fourth = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
sixth = st.integers(2**64, 2**128 - 1).map(ipaddress.IPv6Address)  # none of them has an IPv4 address mapped into it


@given(st.sampled_from([fourth, sixth]), st.data())
def test_it_holds_what_the_library_says(kind: st.SearchStrategy[ipaddress.IPv4Address], data: st.DataObject) -> None:
    own, near, other = data.draw(kind), data.draw(st.integers(0, 2**16)), data.draw(fourth | sixth)
    network = ipaddress.ip_network((own, data.draw(st.integers(0, own.max_prefixlen))), strict=False)
    parsed = Network.parse(str(network))
    for address in (own, type(own)(int(own) ^ near), other):
        assert parsed.holds(str(address)) == (address.version == network.version and address in network)
