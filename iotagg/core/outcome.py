"""What became of one file, as commands print it and machines read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["counted", "already counted", "refused", "pending", "retracted"]
_COUNTS = ("lines", "counted", "rejected", "blank", "headers")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    `lines` holds the line counts; they and `contribution` are empty where the file was not read to its end. `also_at`
    names other sites at which the same content is counted, `pseudonym_key` the fingerprint of the key under which its
    addresses were replaced.
    """

    file: str
    site: str
    state: State
    contribution: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    pairs: int | None = None
    first_day: str = ""
    last_day: str = ""
    day_order: str = ""
    reason: str = ""
    also_at: tuple[str, ...] = ()
    pseudonym_key: str = ""

    @property
    def failed(self) -> bool:
        """Whether a person has something to do about it."""
        return self.state == "refused"

    def as_json(self) -> dict[str, Any]:
        """Return the machine output, version 1; figures that are not known are null."""
        return {
            "file": self.file,
            "site": self.site,
            "contribution": self.contribution or None,
            "state": self.state,
            **{count: self.lines.get(count) for count in _COUNTS},
            "pairs": self.pairs,
            "reason": self.reason or None,
            "first_day": self.first_day or None,
            "last_day": self.last_day or None,
            "day_order": self.day_order or None,
            "also_at": list(self.also_at),
            **({"erased": self.lines["erased"]} if self.lines.get("erased") else {}),
            "pseudonym_key": self.pseudonym_key or None,
        }
