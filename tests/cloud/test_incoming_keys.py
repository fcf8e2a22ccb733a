"""A key names its site and is the path, or is no file."""

from __future__ import annotations

import pytest

from iotagg.aws.events import INCOMING, site_and_path
from iotagg.errors import InvalidValue


@pytest.mark.parametrize(
    ("key", "site"),
    [
        ("incoming/paris/flows.csv", "paris"),
        ("incoming/paris/2022/12/flows.csv", "paris"),
        ("incoming/paris//flows.csv", "paris"),
        ("incoming/Site_1.a-b/é +%20.csv", "Site_1.a-b"),
        ("incoming/flows.csv", "default"),
        ("incoming/no site.csv", "default"),
    ],
)
def test_a_key_names_its_site_and_is_the_path(key: str, site: str) -> None:
    assert key.startswith(INCOMING)
    assert site_and_path(key) == (site, key)


@pytest.mark.parametrize(
    "key",
    [
        *("", "flows.csv", "incoming", "incoming/", "incoming/paris/", "incoming/paris/2022/", "incoming//"),
        *("Incoming/paris/flows.csv", "/incoming/paris/flows.csv", "incomings/paris/flows.csv"),
        *("contributions/paris/x.ndjson.gz", "rejects/incoming/flows.csv"),
    ],
)
def test_a_key_outside_of_incoming_or_of_a_folder_is_no_file(key: str) -> None:
    assert site_and_path(key) is None


@pytest.mark.parametrize("site", ["", "new york", "é", "x" * 65, "a%20b", "par\nis", "\x1b[2J"])
def test_a_folder_that_cannot_be_a_site_is_refused_on_one_line(site: str) -> None:
    with pytest.raises(InvalidValue, match=r"^'.*' is no site: ") as refused:
        site_and_path(f"incoming/{site}/flows.csv")
    assert str(refused.value).isprintable()
