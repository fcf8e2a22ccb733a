"""What is in a package, for those who have to know: a CycloneDX bill of materials."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from iotagg import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.packaging.distributions import Installed

PLACE = "iotagg-packages.json"
LICENCE = "MIT"  # of iotagg itself


def bill_of_materials(kind: str, contents: Iterable[Installed]) -> bytes:
    """Return the bill of materials of a package (CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json/).

    It says no time and no serial number, so that the same contents give the same bill.
    """
    itself = {"type": "application", **_named("iotagg", __version__, LICENCE), "description": kind}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": itself},
        "components": [
            {"type": "library", **_named(each.name, each.version, each.licence)}
            for each in sorted(contents, key=lambda each: _canonical(each.name))
        ],
    }
    return (json.dumps(bill, indent=1) + "\n").encode()


def _named(name: str, version: str, licence: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{_canonical(name)}@{version}",
        "licenses": [{"license": {"name": licence}}] if licence else [],
    }


def _canonical(name: str) -> str:
    # https://packaging.python.org/en/latest/specifications/name-normalization/
    return re.sub(r"[-_.]+", "-", name).lower()
