"""The digest: what stands out on the newest days of each site, and was not told yet, as a message for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from iotagg.anomalies import anomalies
from iotagg.standing_out.question import Question
from iotagg.standing_out.telling import sections, subject
from iotagg.standing_out.text import as_text, section_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from iotagg.standing_out.question import Answer
    from iotagg.stores.protocol import Store

DAYS = 7
"""Days of each site that a digest looks back on: files may come late, or a week of them at once."""

_HASH_DIGITS = 16


class Told(Protocol):
    """What the last digest told."""

    def take(self, parts: Collection[str], by: str) -> frozenset[str]:
        """Return the parts that were not in the last digest, which this one becomes."""

    def give_back(self, by: str) -> None:
        """Let the last digest be what it was before."""


class Place(Protocol):
    """Where a digest goes."""

    def publish(self, subject: str, text: str) -> None:
        """Send it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a digest told: how many findings of how many days of sites, and how many were told before."""

    findings: int = 0
    days: int = 0
    told_before: int = 0


def send_digest(store: Store, told: Told, place: Place, today: str, by: str) -> Sent:
    """Send what was not told yet; nothing where there is nothing. Raises CloudError.

    `by` names who sends it: what fails is tried again under the same name, and nothing is told twice under others.
    """
    answer = anomalies(store, Question(today=today, days=DAYS))
    hashes = {(part.site, part.day): _hash(section_text(part)) for part in sections(answer.findings)}
    new = told.take(sorted(hashes.values()), by)
    kept = {key for key, digest in hashes.items() if digest in new}
    answer = _only(answer, kept)
    if not kept:
        return Sent(told_before=len(hashes))
    try:
        place.publish(f"iotagg: {subject(answer.findings)}", as_text(answer))
    except BaseException:
        told.give_back(by)
        raise
    return Sent(len(answer.findings), len(kept), len(hashes) - len(kept))


def _only(answer: Answer, days: Collection[tuple[str, str]]) -> Answer:
    return replace(answer, findings=tuple(each for each in answer.findings if (each.site, each.day) in days))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
