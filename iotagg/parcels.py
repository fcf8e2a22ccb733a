"""The files that a person names, and the key under which each is put into a bucket.

A key is `incoming/<site>/<path>`. For a file found in a folder, or by a pattern, the path begins with the name of the
folder that was named, so that the same folder gives the same keys wherever it lies, and two folders do not get in each
other's way. A file that is named by itself is put under its name, one on the web under its host and its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from iotagg.aws.web_files import WebFile, is_web_address, web_name
from iotagg.core.cells import printable
from iotagg.errors import InvalidValue
from iotagg.sources import Nothing, file_bytes, find_files, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INCOMING = "incoming"
MOST_KEY_BYTES = 1024  # of S3
_WILDCARDS = frozenset("*?[")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file, on this machine or on the web, and the key it is put under."""

    source: Path | WebFile
    key: str

    @property
    def file(self) -> str:
        """What the file is called where it comes from."""
        return self.source.address if isinstance(self.source, WebFile) else path_text(self.source)

    @property
    def size(self) -> int:
        """Its bytes, as far as that is known."""
        return 0 if isinstance(self.source, WebFile) else file_bytes(self.source)


def parcels(names: Iterable[str], site: str) -> Iterator[Parcel | Nothing]:
    """Yield the files that names, folders, patterns and web addresses stand for, each once, with their keys.

    Names that stand for no file are among them, and files that cannot have a key of their own.
    """
    files: set[str] = set()
    holders: dict[str, str] = {}
    for name in names:
        for found in _found(name, site):
            if isinstance(found, Nothing):
                yield found
            elif found.file not in files:
                files.add(found.file)
                holder = holders.setdefault(found.key, found.file)
                shared = f"its key {found.key} is that of {holder} too; name the folder that holds both"
                reason = _unfit(found.key) if holder == found.file else shared
                yield Nothing(found.file, reason) if reason else found


def parcel_in(folder: Path, file: Path, site: str) -> Parcel | Nothing:
    """Return a file of a folder with its key, as if the folder had been named; or why it can have none."""
    found = Parcel(file, _key(site, _below(Path(path_text(folder)).parent, file)))
    reason = _unfit(found.key)
    return Nothing(found.file, reason) if reason else found


def key_of(site: str, name: str) -> str:
    """Return the key of a file that has no place on this machine, by a name such as `2022/flows.csv`.

    Raises InvalidValue for a name that no file in a folder could have.
    """
    parts = name.split("/")
    if not name.isprintable() or not all(parts) or {".", ".."} & set(parts):
        raise InvalidValue(f"'{printable(name[:_SHOWN])}' is no name of a file; it has to be like 2022/flows.csv")
    key = _key(site, name)
    if reason := _unfit(key):
        raise InvalidValue(reason)
    return key


def _found(name: str, site: str) -> Iterator[Parcel | Nothing]:
    if is_web_address(name):
        yield _on_the_web(name, site)
        return
    base = _base(name)
    for file in find_files([name]):
        if isinstance(file, Nothing):
            yield file
        else:
            yield Parcel(file, _key(site, _below(base, file) if base is not None else file.name))


def _on_the_web(address: str, site: str) -> Parcel | Nothing:
    try:
        return Parcel(WebFile(address), _key(site, f"{urlsplit(address).hostname}/{web_name(address)}"))
    except InvalidValue as reason:
        return Nothing(address, str(reason))


def _base(name: str) -> Path | None:
    # The folder that a key's path begins in: the one above the folder that was named, or where a pattern begins.
    place = Path(name)
    if place.is_dir():
        return Path(path_text(place)).parent
    if place.exists() or place.is_symlink() or not _WILDCARDS & set(name):
        return None
    fixed = takewhile(lambda part: not _WILDCARDS & set(part), place.parts)
    return Path(path_text(Path(*fixed))).parent


def _below(base: Path, file: Path) -> str:
    return Path(path_text(file)).relative_to(base).as_posix()


def _key(site: str, path: str) -> str:
    return f"{INCOMING}/{site}/{path}"


def _unfit(key: str) -> str:
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8, which a key in a bucket has to be; rename it"
    if length > MOST_KEY_BYTES:
        return f"its key has {length:,} bytes, more than S3's {MOST_KEY_BYTES:,}; shorten its path"
    return ""
