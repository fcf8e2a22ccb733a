"""What a person has looked at and finds in order: findings that it covers are no longer told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from iotagg.core.cells import printable
from iotagg.core.networks import Network
from iotagg.core.values import checked_day, checked_site
from iotagg.errors import Damaged, InvalidValue

MOST_NOTE = 200  # characters: a line, not a report
_DIGITS = 10
_SHOWN = 40


@dataclass(frozen=True, slots=True, order=True)
class Allowance:
    """Findings that are in order: of a site, from a source to a destination, of a kind, until a day; "" is any.

    `source` and `destination` are each an address or a CIDR in canonical text, `until` is the last ISO day on which
    findings are in order, "" for good. `id` is a digest of all else, so that the same one is there once.
    """

    id: str
    site: str
    source: str
    destination: str
    kind: str
    until: str
    note: str


_PARTS = ("site", "source", "destination", "kind", "until", "note")


def allowance_of(
    *, site: str = "", source: str = "", destination: str = "", kind: str = "", until: str = "", note: str = ""
) -> Allowance:
    """Return an allowance, its id made and its parts brought into canonical text.

    Raises InvalidValue for a part that is none, and for an allowance of everything. Kinds are not looked at.
    """
    parts = (
        site and checked_site(site),
        source and checked_network(source),
        destination and checked_network(destination),
        kind,
        until and checked_day(until),
    )
    if not any(parts[:4]):
        raise InvalidValue("this would allow everything; name a site, a source, a destination or a kind")
    if len(note) > MOST_NOTE or not note.isprintable():
        raise InvalidValue(f"a note is one line of at most {MOST_NOTE} characters")
    return Allowance(_digest((*parts, note)), *parts, note)


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_DIGITS]


def stored_allowance(*parts: object) -> Allowance:
    """Return the allowance whose parts were read back from a store, in their order. Raises Damaged."""
    try:
        found = Allowance(*parts)  # type: ignore[arg-type]  # what they are is looked at here
        if {*map(type, parts)} == {str} and allowance_of(**{name: getattr(found, name) for name in _PARTS}) == found:
            return found
    except (InvalidValue, TypeError):
        pass
    name = printable(str(parts[0])[:_SHOWN])
    raise Damaged(
        f"the allow list is damaged: '{name}' is not what was allowed; take it off the list, then allow it anew"
    )


def checked_network(text: str) -> str:
    """Return an IP address or a CIDR in canonical text, as Network reads it. Raises InvalidValue."""
    network = Network.parse(text)
    return network.only or str(network)


def covers(network: str, address: str) -> bool:
    """Say whether an address is in a network, both in canonical text; every one is in ""."""
    return network in {"", address} or ("/" in network and _parsed(network).holds(address))


@lru_cache(maxsize=1024)
def _parsed(network: str) -> Network:
    return Network.parse(network)


def allows(  # noqa: PLR0917 (what names a finding, in the order of an allowance's own parts)
    allowance: Allowance, site: str, source: str, destination: str, kind: str, day: str
) -> bool:
    """Say whether a finding is in order. One that has no source or destination is covered where any is allowed."""
    return (
        allowance.site in {"", site}
        and allowance.kind in {"", kind}
        and (not allowance.until or day <= allowance.until)
        and _is_allowed(allowance.source, source)
        and _is_allowed(allowance.destination, destination)
    )


def _is_allowed(network: str, address: str) -> bool:
    return covers(network, address) if address else not network
