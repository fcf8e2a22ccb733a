"""Addresses that a text mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.mentions import MASK, masked, mentions

V4, V6 = "192.0.2.7", "2001:db8::7"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("192.0.2.7", MASK),
        ("192.0.2.7,198.51.100.9,2022-12-01", f"{MASK},198.51.100.9,2022-12-01"),
        ("192.0.2.7-198.51.100.9-443-5-6", f"{MASK}-198.51.100.9-443-5-6"),
        ("column 1 'Src IP': ' 192.0.2.7' is no IP address", f"column 1 'Src IP': ' {MASK}' is no IP address"),
        ("192.0.2.7:443 and 192.0.2.7.", f"{MASK}:443 and {MASK}."),
        ("id192.0.2.7x", f"id{MASK}x"),
        ("::ffff:192.0.2.7 ::FFFF:c000:0207", f"{MASK} {MASK}"),
        ("192.0.2.7192.0.2.7 192.0.2.7", f"192.0.2.7192.0.2.7 {MASK}"),
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str, without: str) -> None:
    assert masked(text, V4) == without
    assert mentions(text, V4)


@pytest.mark.parametrize(
    "text", ["", "192.0.2.70", "1192.0.2.7", "192.0.2.", "192.0.27", "::192.0.2.7", "c0000207", V6]
)
def test_another_address_is_not_taken_for_it(text: str) -> None:
    assert not mentions(text, V4)
    assert masked(text, V4) == text


@pytest.mark.parametrize(
    "text", [V6, "2001:DB8::7", "[2001:db8:0:0::7]:443", "2001:0db8:0000:0000:0000:0000:0000:0007"]
)
def test_every_spelling_of_an_address_is_found(text: str) -> None:
    assert mentions(f"a,{text},b", V6)


@pytest.mark.parametrize("text", ["2001:db8::70", "2001:db8::7:1", "a2001:db8::7", "2001:db8::"])
def test_a_longer_or_shorter_address_is_another_one(text: str) -> None:
    assert not mentions(text, V6)


@given(
    before=st.text("0123456789abcdef.:, -'x"),
    after=st.text("0123456789abcdef.:, -'x"),
    device=st.sampled_from([V4, V6]),
)
def test_what_is_masked_once_mentions_nothing_any_more(before: str, after: str, device: str) -> None:
    assert not mentions(masked(before + device + after, device), device)
