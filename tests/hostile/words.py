"""What a person types: sites, addresses, days, names of columns, addresses on the web, key files."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from iotagg.aws.web_files import is_web_address, web_name
from iotagg.cli.output import ObjectPlace, PlaceType
from iotagg.cli.printing import readable_path
from iotagg.cli.reading import _pair
from iotagg.core.cells import printable, shown
from iotagg.core.contribution import Name
from iotagg.core.dialect import ROLES, ReadingOptions
from iotagg.core.mentions import mentions
from iotagg.core.values import checked_address, checked_day, checked_month, checked_site
from iotagg.errors import InvalidValue
from iotagg.key_file import read_key
from iotagg.sources import is_text, path_text
from tests.hostile.drawing import mutated, mutated_text, one_line

if TYPE_CHECKING:
    from random import Random

_SITES = ("paris", "a.b-c_d", "x" * 64, "x" * 65, "-x", ".", "..", "a/b", "a#b", "a b", "=x", "@x", "paris\n")
_DAYS = ("2022-12-06", "0001-01-01", "9999-12-31", "2023-02-29", "2022-12-6", "٢٠٢٢-12-06", "0000-00-00")
_MONTHS = ("2022-12", "0001-01", "9999-12", "0000-01", "2022-13", "2022-1")
_ADDRESSES = ("192.0.2.1", "2001:DB8::7", "fe80::1%eth0", "10.0.0.1/24", "010.1.1.1", "\uff11.1.1.1", "::ffff:1.2.3.4")
_MAPS = ("src=client address", "dst=", "=x", "src", "packets=a=b", "SRC=x", "timestamp= - _ ")
_WEB = (
    "https://host/a.csv",
    "http://[::1]:80/a%2Fb",
    "https://u:p@host/x",
    "https://host/..",
    "HTTPS://host/%ff",
    "ftp://h/a",
)
_PLACES = ("s3://bucket/a.csv", "s3://b/a", "s3://bucket/", "s3://bucket/../a", "S3://bucket/a")
_PATHS = ("flows.csv", "a/../b.csv", "/tmp/a.csv", "a\x1b[31m.csv", "a\nb.csv", "..", "", "\\\\host\\share\\a.csv")  # noqa: S108 (nothing is opened)
_KEY_TEXTS = (b"0a" * 32 + b"\n", b"0a" * 32, b"0A" * 32 + b"\r\n", b"0a" * 31, b"", b"g" * 64, b"\0" * 64)
_SITE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)


def read_words(random: Random) -> None:
    """Read what is given as a site, a day, a month, an address, a column's name, or a contribution's."""
    random.choice((_site, _day, _month, _address, _map, _name))(random)


def _site(random: Random) -> None:
    text = mutated_text(random, random.choice(_SITES))
    try:
        checked_site(text)
    except InvalidValue:
        return
    assert _SITE.fullmatch(text), text


def _day(random: Random) -> None:
    text = mutated_text(random, random.choice(_DAYS))
    try:
        found = checked_day(text)
    except InvalidValue:
        return
    assert date.fromisoformat(found).isoformat() == found == text


def _month(random: Random) -> None:
    text = mutated_text(random, random.choice(_MONTHS))
    try:
        found = checked_month(text)
    except InvalidValue:
        return
    assert date.fromisoformat(f"{found}-01").isoformat() == f"{text}-01"


def _address(random: Random) -> None:
    text = mutated_text(random, random.choice(_ADDRESSES))
    try:
        found = checked_address(text)
    except InvalidValue as reason:
        one_line(reason)
        return
    assert checked_address(found) == found
    assert not set(found) & set("#%/=+-@ ")
    assert mentions(f"x {found} y", found)


def _map(random: Random) -> None:
    text = mutated_text(random, random.choice(_MAPS))
    try:
        options = ReadingOptions(names=(_pair(text),))
    except (InvalidValue, click.BadParameter):
        return
    assert options.names[0][0] in ROLES
    assert ReadingOptions(names=options.names) == options


def _name(random: Random) -> None:
    text = mutated_text(random, f"{'a' * 64}-{'0' * 16}")
    try:
        found = Name.parse("paris", text)
    except InvalidValue:
        return
    assert str(found) == text


def read_places(random: Random) -> None:
    """Read what names a file here, on the web, or in a bucket; and print it."""
    kind = random.randrange(3)
    if kind == 0:
        text = mutated_text(random, random.choice(_WEB))
        if is_web_address(text):
            _check_web_name(text)
    elif kind == 1:
        text = mutated_text(random, random.choice(_PLACES)).replace("\0", "")  # no argument holds one
        try:
            place = PlaceType().convert(text, None, None)
        except click.UsageError:
            return
        assert not isinstance(place, ObjectPlace) or place.address.split("/", 3)[3]
    else:
        path = mutated(random, random.choice(_PATHS).encode()).replace(b"\0", b"").decode("utf-8", "surrogateescape")
        assert is_text(path_text(Path(path))) or max(path) >= "\udc80"
        assert readable_path(path).isprintable()
        assert printable(path).isprintable()
        assert shown(path.encode("utf-8", "surrogateescape")).isprintable()


def _check_web_name(address: str) -> None:
    try:
        name = web_name(address)
    except InvalidValue:
        return
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0\n")


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="hostile-keys-")


def read_key_file(random: Random) -> None:
    """A key file holds a key, or it is said that it does not."""
    file = Path(_folder().name, "key")
    content = mutated(random, random.choice(_KEY_TEXTS))
    file.touch(mode=0o600)
    file.write_bytes(content)
    try:
        found = read_key(file)
    except InvalidValue:
        return
    assert found.reverse(found.of("192.0.2.1")) == "192.0.2.1"
    assert bytes.fromhex(content[:4096].strip().decode())
