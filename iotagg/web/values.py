"""What a path or a query may say: the same values as on the command line, described for machines."""

from __future__ import annotations

from typing import Annotated, Any

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


def _as_text(example: str, **said: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **said, "examples": [example]})


# A program that is made of the description asks for nothing that is refused.
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4_NETWORK = rf"^({_BYTE}\.){{3}}{_BYTE}/(3[0-2]|[12]?[0-9])$"
_IPV6_NETWORK = "^(([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|([0-9A-Fa-f]{1,4}:){1,6}:)/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$"
_ADDRESS = [{"format": "ipv4"}, {"format": "ipv6"}]
_NETWORK = [*_ADDRESS, {"pattern": _IPV4_NETWORK}, {"pattern": _IPV6_NETWORK}]
CONTRIBUTION = "^[0-9a-f]{64}-[0-9a-f]{16}$"

Day = Annotated[str, AfterValidator(checked_day), _as_text("2022-12-01", format="date")]
Month = Annotated[str, AfterValidator(checked_month), _as_text("2022-12", pattern=f"^{_YEAR}-(0[1-9]|1[0-2])$")]
Site = Annotated[str, AfterValidator(checked_site), _as_text("paris", pattern="^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$")]
Address = Annotated[str, AfterValidator(checked_address), _as_text("192.0.2.17", anyOf=_ADDRESS)]
Source = Annotated[Address, Path(description="The address that sends.")]
Destination = Annotated[Address, Path(description="The address that is sent to.")]
SiteNamed = Annotated[Site, Path(description="The site.")]
FileName = Annotated[str, AfterValidator(checked_name), _as_text("2022/flows.csv", pattern=r"^[^/\\]+(/[^/\\]+)*$")]
NetworkText = Annotated[
    str, AfterValidator(lambda text: Network.parse(text) and text), _as_text("192.0.2.0/24", anyOf=_NETWORK)
]
