"""A zip whose bytes depend on what is in it only: not on the day, the machine or the order of its files."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_UNIX = 3
_MODE = 0o100644  # a file that everybody may read: on AWS, another user reads it than wrote it
_LEVEL = 9


def archived(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files, by their place in it. Another zlib may compress to other bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for place in sorted(files):
            entry = zipfile.ZipInfo(place, _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, files[place], zipfile.ZIP_DEFLATED, _LEVEL)
    return out.getvalue()
