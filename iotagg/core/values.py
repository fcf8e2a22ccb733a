"""What a person may give as a site, an address, a day or a month."""

from __future__ import annotations

import re
from datetime import date

from iotagg.core.cells import BadCell, address, printable
from iotagg.errors import InvalidValue

# Not the name of a folder above, or of this one; not an option; and no formula in a spreadsheet that opens an export.
_SHOWN = 80  # of what is no site
_SITE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])")


def is_site(text: str) -> bool:
    """Say whether a text may name a site."""
    return _SITE.fullmatch(text) is not None


def checked_site(text: str) -> str:
    """Return a site's name. Raises InvalidValue."""
    if not is_site(text):
        raise InvalidValue(
            f"'{printable(text[:_SHOWN])}' is no site: use 1 to 64 letters, digits, '_', '.' or '-',"
            " the last two not at its start"
        )
    return text


def checked_address(text: str) -> str:
    """Return an IP address in its canonical text. Raises InvalidValue."""
    try:
        return address(text.encode(errors="backslashreplace"))
    except BadCell as reason:
        raise InvalidValue(str(reason)) from None


def checked_day(text: str) -> str:
    """Return an ISO day such as 2022-12-06. Raises InvalidValue."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidValue(f"'{printable(text)}' is a day that no calendar has") from None
    raise InvalidValue(f"'{printable(text)}' is no day; write it as 2022-12-06")


def checked_month(text: str) -> str:
    """Return a month such as 2022-12. Raises InvalidValue."""
    if not _MONTH.fullmatch(text):
        raise InvalidValue(f"'{printable(text)}' is no month; write it as 2022-12")
    return text
