"""Where a text mentions an address, in whatever spelling: what is to be forgotten has to be found first."""

from __future__ import annotations

import re
from functools import cache

from iotagg.core.cells import BadCell, address

MASK = "…"
_PIECE = re.compile(r"[0-9A-Fa-f:.]{2,}")


def mentions(text: str, device: str) -> bool:
    """Say whether a text mentions an address, given in its canonical form: as it is, or in another spelling of it."""
    return masked(text, device) != text


def masked(text: str, device: str) -> str:
    """Return a text with `…` in the place of each mention of an address."""
    return _PIECE.sub(lambda piece: _masked_piece(piece[0], device), text)


def _masked_piece(piece: str, device: str) -> str:
    found = _canonical(piece)
    if found:
        return MASK if found == device else piece
    return _plainly(device).sub(MASK, piece)


@cache
def _plainly(device: str) -> re.Pattern[str]:
    # Within a longer piece, such as 192.0.2.7:443; not as a part of another number, as 192.0.2.7 is of 192.0.2.70.
    digit = "[0-9A-Fa-f]" if ":" in device else "[0-9]"
    return re.compile(rf"(?<!{digit}){re.escape(device)}(?!{digit})", re.IGNORECASE)


def _canonical(piece: str) -> str:
    try:
        return address(piece.encode())
    except BadCell:
        return ""
