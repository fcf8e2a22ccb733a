"""Installed distributions as they go into a package: what is needed at run time, and their licences."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from iotagg.errors import MissingExtra, NotPackable

_LICENCE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)")
_LEFT_OUT = re.compile(
    r"(^|/)(__pycache__|tests?|examples)/"  # made anew, or of no use at run time
    r"|\.(pyc|pyi)$|(^|/)py\.typed$"
    r"|^\.\./"  # what lies in the environment's bin or share
    r"|^(botocore|boto3)/data/.*examples-1\.json$"
)
_SERVICE = re.compile(r"^(?:botocore|boto3)/data/([^/]+)/")  # what stands directly in data concerns all services


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution: its name, version and licence as its metadata say them, and its files by their place."""

    name: str
    version: str
    licence: str
    files: dict[str, Path]


def installed(name: str, services: frozenset[str] = frozenset(), extra: str = "aws") -> Installed:
    """Return a distribution of this environment; of the clients in boto3 and botocore, those of `services` only.

    `extra` is the one that brings it along.

    Raises MissingExtra where it is not installed, NotPackable where its files are not known.
    """
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise MissingExtra(
            f"packages are made from what is installed, and {name} is not: pip install 'iotagg[{extra}]'"
        ) from None
    return of_distribution(found, services)


def of_distribution(found: Distribution, services: frozenset[str] = frozenset()) -> Installed:
    """Return a distribution that was found, with what of it is needed. Raises NotPackable."""
    name = found.name
    # As RECORD lists them, and not as importlib.metadata does: that keeps silent about files that are missing.
    listed = [PurePosixPath(row[0]) for row in csv.reader((found.read_text("RECORD") or "").splitlines())]
    files = {str(place): Path(str(found.locate_file(place))) for place in listed if _is_needed(place, services)}
    if not any(place.endswith(".py") for place in files) or not all(file.is_file() for file in files.values()):
        raise NotPackable(
            f"the files of {name} are not all there, or not listed: install it anew with pip, from its wheel"
        )
    return Installed(found.name, found.version, licence_of(found), files)


def _is_needed(place: PurePosixPath, services: frozenset[str]) -> bool:
    if place.parts[0].endswith(".dist-info"):
        return place.name == "METADATA" or place.parts[1] == "licenses" or bool(_LICENCE.match(place.name))
    service = _SERVICE.match(str(place))
    return not _LEFT_OUT.search(str(place)) and (service is None or service[1] in services)


def licence_of(found: Distribution) -> str:
    """Return the licence that a distribution names: its expression, its field, or its classifiers."""
    metadata = found.metadata
    for field in ("License-Expression", "License"):
        named = metadata[field].strip() if field in metadata else ""
        if named and "\n" not in named:  # some put the whole text there
            return named
    classifiers = metadata.get_all("Classifier", [])
    return " AND ".join(each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License"))


def own_licence(beside: Path) -> bytes:
    """Return iotagg's own licence text: as it was installed, or in the clone that `beside` is. Raises NotPackable."""
    try:
        listed = distribution("iotagg").files or []
    except PackageNotFoundError:
        listed = []
    found = [Path(str(place.locate())) for place in listed if place.name == "LICENSE"]
    for file in (*found, beside / "LICENSE"):
        if file.is_file():
            return file.read_bytes()
    raise NotPackable("the licence of iotagg is not there, and no package goes without: install iotagg anew")
