"""What stands out: one finding for a pair's day, a device's day, a site's day or a file, with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """What is unusual."""

    SURGE = "surge"
    DROP = "drop"
    SILENT = "silent"
    NEW_PAIR = "new-pair"
    FAN_OUT = "fan-out"
    SITE_SILENT = "site-silent"
    REJECTS = "rejects"
    OTHERS = "others"
    """Nothing of its own: what is left of a site's day that has more findings than anybody reads."""


class Severity(IntEnum):
    """How much a finding deserves to be looked at."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unusual on one day of a site.

    `source` and `destination` are empty where it concerns all peers of the other, or the whole site; `file` is the path
    of the file whose lines were rejected. `score` says how far it is from what is usual: in deviations of a normal
    distribution, or 0 where no deviation is behind it. `measure` names what was measured (`flows`, `duration`,
    `packets`, `destinations`, `days`, `rejected`), `usual` and `actual` are its figures: durations in µs. `pairs` is
    how many pairs one finding stands for, `parts` are the findings that were folded into it.
    """

    site: str
    day: str
    kind: Kind
    severity: Severity
    reason: str
    source: str = ""
    destination: str = ""
    file: str = ""
    score: float = 0.0
    measure: str = ""
    usual: float = 0.0
    actual: int = 0
    pairs: int = 1
    parts: tuple[Finding, ...] = ()
