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
    with pytest.raises(InvalidValue, match="is no network; write it as 192.0.2.0/24"):
        Network.parse(text)


addresses = st.one_of(
    st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda each: each.ipv4_mapped is None and each.scope_id is None)
)


@given(addresses, addresses, st.data())
def test_it_holds_what_the_library_says(
    own: ipaddress.IPv4Address, other: ipaddress.IPv4Address, data: st.DataObject
) -> None:
    network = ipaddress.ip_network((own, data.draw(st.integers(0, own.max_prefixlen))), strict=False)
    parsed = Network.parse(str(network))
    for address in (own, other):
        held = address.version == network.version and address in network
        if network.version == other.version or not parsed.address.startswith("::ffff:"):
            assert parsed.holds(str(address)) == held
