"""What an audit says: what differs, what is under way and so not judged, and how much was compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS

if TYPE_CHECKING:
    from iotagg.core.contribution import Name

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: with a pair's month, or with a file, given by its paths and its contribution.

    `text` says it in words. For a figure of a pair's month, `stored` is what is held and `recomputed` what the kept
    contributions add up to; None stands for nothing.
    """

    site: str
    text: str
    contribution: str = ""
    paths: tuple[str, ...] = ()
    source: str = ""
    destination: str = ""
    month: str = ""
    figure: str = ""
    stored: int | str | None = None
    recomputed: int | str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the machine output, version 1; what it is not about is null."""
        return {
            "differs": self.text,
            **_subject(self),
            "figure": self.figure or None,
            "stored": self.stored,
            "recomputed": self.recomputed,
        }


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is explained, or could not be judged because it is being written to: no difference."""

    site: str
    text: str
    contribution: str = ""
    paths: tuple[str, ...] = ()
    source: str = ""
    destination: str = ""
    month: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the machine output, version 1; what it is not about is null."""
        return {"note": self.text, **_subject(self)}


@dataclass(slots=True)
class Counts:
    """How much an audit compared so far, how many files are pending, and how many pair-months were not judged.

    `corrected` are the pair-months that a rebuild put right, `markers` the markers, and `ranks` the ranks alone.
    """

    files: int = 0
    pair_months: int = 0
    pending: int = 0
    in_flight: int = 0
    findings: int = 0
    corrected: int = 0
    markers: int = 0
    ranks: int = 0


def _subject(found: Finding | Note) -> dict[str, Any]:
    return {
        "site": found.site,
        "files": list(found.paths),
        "contribution": found.contribution or None,
        "src_ip": found.source or None,
        "dst_ip": found.destination or None,
        "month": found.month or None,
    }


def of_file(name: Name, paths: frozenset[str], text: str) -> Finding:
    """Return a finding about a file."""
    return Finding(name.site, text, str(name), tuple(sorted(paths)))


def figure_name(attribute: str, month: str) -> str:
    """Return what an attribute of a pair's month is called: `flow_duration_us of 2022-12-03`."""
    named = {FLOWS: FLOWS, FLOWS_LETTER: FLOWS}
    for metric in METRICS:
        named |= {metric.stored: metric.name, metric.letter: metric.name}
        named[metric.squares] = f"squares of {metric.name}"
    letter, day = attribute[:-2], attribute[-2:]
    if day.isdecimal() and letter in named and len(letter) == 1:
        return f"{named[letter]} of {month}-{day}"
    return named.get(attribute, attribute)
