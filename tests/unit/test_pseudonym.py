"""Pseudonyms: the laws that make them what they are, and values that must never change."""

from __future__ import annotations

import hashlib
import ipaddress
import pickle
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core import pseudonym
from iotagg.core.pseudonym import KEY_BYTES, Pseudonyms
from iotagg.errors import InvalidValue
from tests.examples import examples

KEY = bytes(range(KEY_BYTES))
# What was stored under a key stays under it: a value here that changes cuts everybody's history.
GOLDEN = {
    "0.0.0.0": "195.99.97.87",  # noqa: S104 (an address that is counted, nothing listens)
    "255.255.255.255": "113.158.64.183",
    "192.168.1.7": "84.207.93.159",
    "192.168.1.8": "84.207.93.149",
    "192.168.2.7": "84.207.95.43",
    "203.0.113.9": "93.193.196.189",
    "224.0.0.251": "109.151.210.216",
    "::": "dcb1:3b9c:e02:9475:7ece:a19a:f3e:115",
    "::1": "dcb1:3b9c:e02:9475:7ece:a19a:f3e:114",
    "2001:db8::7": "fdb4:d810:c90d:e42d:a1e7:1f40:8a77:d043",
    "2001:db8::8": "fdb4:d810:c90d:e42d:a1e7:1f40:8a77:d049",
    "ff02::fb": "7c8c:51ac:6430:5377:a4e3:985a:6dbc:e21",
}
keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
widths = st.sampled_from([32, 128])


def text_of(number: int, width: int) -> str:
    return str(ipaddress.IPv4Address(number) if width == 32 else ipaddress.IPv6Address(number))


def bits(address: str) -> str:
    packed = ipaddress.ip_address(address).packed
    return f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}"


def shared(one: str, other: str) -> int:
    """Return how many first bits two addresses share."""
    pairs = zip(bits(one), bits(other), strict=True)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), len(bits(one)))


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[str, str]:
    """Draw two addresses of one family that part at any bit."""
    width = draw(widths)
    one = draw(st.integers(0, 2**width - 1))
    mask = draw(st.integers(0, width).map(lambda length: 2**length - 1))
    return text_of(one, width), text_of(one ^ (draw(st.integers(0, 2**width - 1)) & mask), width)


@pytest.mark.parametrize(("address", "expected"), GOLDEN.items())
def test_what_stands_for_an_address_under_a_key_never_changes(address: str, expected: str) -> None:
    assert Pseudonyms(KEY).of(address) == expected
    assert Pseudonyms(KEY).reverse(expected) == address


def test_the_fingerprint_of_a_key_never_changes() -> None:
    assert Pseudonyms(KEY).fingerprint == "f8da6177"


@settings(max_examples=examples(150), deadline=None)
@given(keys, neighbours())
def test_two_pseudonyms_share_as_many_first_bits_as_their_addresses(key: bytes, pair: tuple[str, str]) -> None:
    one, other = pair
    pseudonyms = Pseudonyms(key)
    assert shared(pseudonyms.of(one), pseudonyms.of(other)) == shared(one, other)


@settings(max_examples=examples(60), deadline=None)
@given(keys, neighbours())
def test_the_key_leads_back_from_any_address_to_any_address(key: bytes, pair: tuple[str, str]) -> None:
    address, _ = pair
    pseudonyms = Pseudonyms(key)
    assert pseudonyms.reverse(pseudonyms.of(address)) == address
    assert pseudonyms.of(pseudonyms.reverse(address)) == address
    assert ":" in address or ":" not in pseudonyms.of(address)


def test_the_addresses_of_a_network_change_places_within_one_network() -> None:
    found = {Pseudonyms(KEY).of(f"192.0.2.{host}") for host in range(256)}
    assert len(found) == 256
    assert len({address.rpartition(".")[0] for address in found}) == 1


@settings(max_examples=examples(60), deadline=None)
@given(neighbours())
def test_each_bit_is_flipped_as_the_hash_of_the_bits_before_it_says(pair: tuple[str, str]) -> None:
    address, _ = pair
    person = b"iotagg IPv6" if ":" in address else b"iotagg IPv4"
    expected = ""
    for at, bit in enumerate(bits(address)):
        before = bits(address)[:at]
        whole = bytes(int(before[start : start + 8], 2) for start in range(0, at - at % 8, 8))
        digest = hashlib.blake2b(whole, digest_size=32, key=KEY, person=person).hexdigest()
        node = int("1" + before[at - at % 8 :], 2)
        expected += str(int(bit) ^ int(f"{int(digest, 16):0256b}"[::-1][node]))
    assert bits(Pseudonyms(KEY).of(address)) == expected


@settings(max_examples=examples(60), deadline=None)
@given(st.sets(keys, min_size=2, max_size=2))
def test_another_key_gives_other_pseudonyms(two: set[bytes]) -> None:
    one, other = map(Pseudonyms, two)
    addresses = [f"2001:db8::{number:x}" for number in range(4)]
    assert [one.of(address) for address in addresses] != [other.of(address) for address in addresses]


def test_each_bit_of_the_key_matters() -> None:
    def changed(bit: int) -> Pseudonyms:
        return Pseudonyms((int.from_bytes(KEY, "big") ^ 1 << bit).to_bytes(KEY_BYTES, "big"))

    found = [changed(bit) for bit in range(0, 8 * KEY_BYTES, 5)]
    assert len({pseudonyms.of("2001:db8::7") for pseudonyms in found}) == len(found)
    assert len({pseudonyms.fingerprint for pseudonyms in found}) == len(found)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_none(length: int) -> None:
    with pytest.raises(InvalidValue, match=f"a key of {length} bytes"):
        Pseudonyms(bytes(length))


def test_what_is_printed_of_pseudonyms_never_holds_the_key() -> None:
    assert repr(Pseudonyms(KEY)) == "Pseudonyms(f8da6177)"


def test_they_go_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(Pseudonyms(KEY))).of("192.168.1.7") == GOLDEN["192.168.1.7"]  # noqa: S301 (made here)


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing() -> None:
    with patch.object(pseudonym, "_MOST_KNOWN", 3):
        pseudonyms = Pseudonyms(KEY)
        for _ in range(2):
            assert {address: pseudonyms.of(address) for address in GOLDEN} == GOLDEN
            assert len(pseudonyms._known) <= 3
