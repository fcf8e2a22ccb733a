"""Price files: the one that comes along, another one, and what is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.costs.prices import OWN, read_prices
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
OWN_FIELDS = json.loads(OWN.read_bytes())


def price_file(folder: Path, **changed: Any) -> Path:
    file = folder / "prices.json"
    file.write_text(json.dumps(OWN_FIELDS | changed))
    return file


@pytest.mark.parametrize("name", OWN_FIELDS["prices"])
def test_every_price_of_our_own_has_a_unit_a_page_a_source_and_a_figure_for_each_region(name: str) -> None:
    price = OWN_FIELDS["prices"][name]
    assert price["page"].startswith("https://aws.amazon.com/")
    assert price["unit"]
    assert price["where"]
    assert set(price["usd"]) == set(price["checked"]) == set(REGIONS)
    assert all(usd > 0 for usd in price["usd"].values())
    assert "memory" in price["where"] or any(price["checked"].values())


def test_a_region_has_its_own_prices() -> None:
    assert [read_prices(region)["dynamodb writes"].usd for region in REGIONS] == [0.625, 0.705, 0.7625]


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("eu-north-1", "eu-west-1"),
        ("eu-central-2", "eu-central-1"),
        ("us-west-2", "us-east-1"),
        ("ap-south-1", "eu-west-1"),
        ("", "eu-west-1"),
    ],
)
def test_another_region_takes_the_nearest_and_says_so(asked: str, taken: str) -> None:
    prices = read_prices(asked)
    assert prices.region == taken
    assert f"AWS list prices in {taken} (none are known for {asked})" in prices.note
    assert "none are known" not in read_prices(taken).note


def test_the_note_says_how_old_prices_are_and_which_were_not_checked() -> None:
    assert read_prices("eu-west-1").note.endswith(
        f"noted {OWN_FIELDS['noted']}, USD without tax; unchecked: api gateway requests, c7g.large spot, cognito people"
    )


def test_another_file_counts_instead(tmp_path: Path) -> None:
    prices = {
        "sqs fifo": {"unit": "million requests", "usd": {"eu-test-1": 2}, "checked": {"eu-test-1": True}},
        "kms keys": {"unit": "key-month", "usd": {"eu-west-1": 1}, "checked": {"eu-west-1": True}},
    }
    found = read_prices("eu-test-1", price_file(tmp_path, noted="2027-01-31", prices=prices))
    assert found.by_name.keys() == {"sqs fifo"}
    assert (found["sqs fifo"].usd, found["sqs fifo"].free) == (2, 0)
    assert found.note == "AWS list prices in eu-test-1, noted 2027-01-31, USD without tax; unchecked: none"
    with pytest.raises(InvalidValue, match="the price file has no price of kms keys in eu-test-1; add it"):
        found["kms keys"]


@pytest.mark.parametrize("usd", [-1, float("inf"), float("nan"), "much", None, [1]])
def test_a_price_that_is_no_amount_is_refused(tmp_path: Path, usd: object) -> None:
    price = {"unit": "hour", "usd": {"eu-west-1": usd}, "checked": {"eu-west-1": True}}
    with pytest.raises(InvalidValue, match="is no price file"):
        read_prices("eu-west-1", price_file(tmp_path, prices={"public ipv4": price}))


def test_another_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="is no price file"):
        read_prices("eu-west-1", price_file(tmp_path, currency="EUR"))


@given(
    st.binary(max_size=50)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OWN_FIELDS]), inner, max_size=4),
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_whatever_else_a_file_holds_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("prices") / "prices.json"
    file.write_bytes(content)
    with pytest.raises(InvalidValue) as refused:
        read_prices("eu-west-1", file)
    assert "\n" not in str(refused.value)
