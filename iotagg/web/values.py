"""What a path or a query may say: the same values as on the command line, described for machines."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, WithJsonSchema

from iotagg.core.cells import printable
from iotagg.core.networks import Network
from iotagg.core.values import checked_address, checked_day, checked_month, checked_site
from iotagg.errors import InvalidValue

MOST_NAME_BYTES = 900  # so that it fits into a bucket's key, behind the name of its site
_NO_TEXT = "\N{REPLACEMENT CHARACTER}"  # what stands for bytes that are no UTF-8
_SHOWN = 80


def checked_name(text: str) -> str:
    """Return the name of a file, or its path below where the files of a site lie. Raises InvalidValue."""
    reason = _unfit(text)
    if reason:
        raise InvalidValue(f"'{printable(text[:_SHOWN])}' is no name of a file: {reason}")
    return text


def _unfit(name: str) -> str:
    if not name.isprintable() or _NO_TEXT in name:
        return "it has characters that nobody sees"
    if len(name.encode()) > MOST_NAME_BYTES:
        return f"it has more than {MOST_NAME_BYTES} bytes"
    if "\\" in name or not all(part.strip() and part not in {".", ".."} for part in name.split("/")):
        return "write it as flows.csv or 2022/flows.csv"
    return ""


def _as_text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


# Patterns let in more than a check does: no calendar has the 31st of February.
Day = Annotated[str, AfterValidator(checked_day), _as_text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2022-12-01")]
Month = Annotated[str, AfterValidator(checked_month), _as_text("^[0-9]{4}-[0-9]{2}$", "2022-12")]
Site = Annotated[str, AfterValidator(checked_site), _as_text("^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "paris")]
Address = Annotated[str, AfterValidator(checked_address), _as_text("^[0-9A-Fa-f:.]{2,45}$", "192.0.2.17")]
Source = Annotated[Address, Path(description="The address that sends.")]
Destination = Annotated[Address, Path(description="The address that is sent to.")]
SiteNamed = Annotated[Site, Path(description="The site.")]
FileName = Annotated[str, AfterValidator(checked_name), _as_text(r"^[^/\\]+(/[^/\\]+)*$", "2022/flows.csv")]
NetworkText = Annotated[
    str, AfterValidator(lambda text: Network.parse(text) and text), _as_text("^[0-9A-Fa-f:./]{2,49}$", "192.0.2.0/24")
]
