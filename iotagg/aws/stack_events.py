"""What happens to a stack, as CloudFormation tells it: events in pages, the newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.aws.formation import STACK, TOKEN_PREFIX, name_of, pauses
from iotagg.aws.patience import Patience
from iotagg.aws.problems import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from iotagg.aws.formation import Formation, StackState

_BEGINNINGS = frozenset(("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"))
# What was given up because something else had failed.
_FOLLOWING = re.compile(r"Resource (creation|update|deletion) cancelled", re.IGNORECASE)
# Requests' numbers, and what is said twice; nobody can do anything with them.
_NOISE = re.compile(r"\s*\((?:Service: |RequestToken: |SDK Attempt Count: )[^()]*\)")
_ACTION = re.compile(r"(?:perform: |API: )([\w-]+:[\w*]+)")
_IDLE_LOOKS = 20
_PATIENCE = Patience(attempts=20, first_seconds=0.5, longest_seconds=20, total_seconds=300)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a part of a stack, or to the stack itself (`of_stack`)."""

    id: str
    time: datetime
    resource: str
    type: str
    physical: str
    status: str
    reason: str
    token: str
    of_stack: bool

    @property
    def failed(self) -> bool:
        """Whether it is a failure, and not only given up because of another one."""
        return self.status.endswith("_FAILED") and not _FOLLOWING.search(self.reason)

    @property
    def action(self) -> str:
        """The IAM action whose lack was the reason, as far as it says; "" otherwise."""
        found = _ACTION.search(self.reason)
        return found[1] if found else ""

    @property
    def asked_by(self) -> str:
        """Say who asked for what this is part of, as far as its token tells."""
        if self.token.startswith(TOKEN_PREFIX):
            return "iotagg"
        return "the AWS console" if self.token.startswith("Console-") else "another program"


def events(formation: Formation, stack_id: str) -> Iterator[list[Event]]:
    """Yield the events of a stack in pages, the newest first. Raises CloudError."""
    with explained(f"stack {name_of(stack_id)}"):
        for page in formation.service.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            yield [_event(found) for found in page["StackEvents"]]


def newest(formation: Formation, stack_id: str) -> str:
    """Return the id of the last event of a stack so far. Raises CloudError."""
    page = next(events(formation, stack_id), [])
    return page[0].id if page else ""


def last_operation(formation: Formation, stack_id: str) -> list[Event]:
    """Return the events since the last time that a stack was begun to be made, updated or deleted, the oldest first."""
    found: list[Event] = []
    for page in events(formation, stack_id):
        for event in page:
            found.append(event)
            if event.of_stack and event.status in _BEGINNINGS:
                return found[::-1]
    return found[::-1]


def first_failure(happened: Iterable[Event]) -> Event | None:
    """Return what made an operation fail: the first failure of a part, or else of the stack itself."""
    failures = [event for event in happened if event.failed and event.reason]
    return next((event for event in failures if not event.of_stack), failures[0] if failures else None)


class EventLog:
    """The events of a stack after one that is known (`after`), or from one on (`begun`); each is told once.

    Without either, all of them.
    """

    def __init__(self, formation: Formation, stack_id: str, *, after: str = "", begun: str = "") -> None:
        self._formation = formation
        self._stack_id = stack_id
        self._after = after
        self._begun = begun
        self._seen: set[str] = set()
        self.happened: list[Event] = []

    def news(self) -> list[Event]:
        """Return what was not returned before, the oldest first. Raises CloudError."""
        found: list[Event] = []
        for page in events(self._formation, self._stack_id):
            recent = self._recent(page)
            fresh = [event for event in recent if event.id not in self._seen]
            found += fresh
            # One page further than what is new: events of one moment may come in any order.
            if len(recent) < len(page) or not fresh or recent[-1].id == self._begun:
                break
        self._seen.update(event.id for event in found)
        self.happened += found[::-1]
        return found[::-1]

    def follow(self, told: Callable[[Event], object]) -> StackState:
        """Tell each event as it comes until the stack no longer changes, and return how it stands. Raises CloudError.

        A connection that is lost, or a service that is busy, is waited for, up to five minutes at a time.
        """
        seconds, idle = pauses(), 0
        while True:
            state = _PATIENCE.spent_on(lambda: self._formation.standing(self._stack_id))
            for event in _PATIENCE.spent_on(self.news):
                told(event)
            # What was asked for a moment ago may not show in the state yet, nor its end in the events.
            idle = 0 if state.in_progress else idle + 1
            if idle and (self._last_status() == state.status or idle > _IDLE_LOOKS):
                return state
            self._formation.sleep(next(seconds))

    def _recent(self, page: list[Event]) -> list[Event]:
        for place, event in enumerate(page):
            if event.id == self._after:
                return page[:place]
            if event.id == self._begun:
                return page[: place + 1]
        return page

    def _last_status(self) -> str:
        return next((event.status for event in reversed(self.happened) if event.of_stack), "")


def _event(found: dict[str, Any]) -> Event:
    physical, kind = found.get("PhysicalResourceId", ""), found.get("ResourceType", "")
    return Event(
        id=found["EventId"],
        time=found["Timestamp"],
        resource=found.get("LogicalResourceId", ""),
        type=kind,
        physical=physical,
        status=found.get("ResourceStatus", ""),
        reason=" ".join(_NOISE.sub("", found.get("ResourceStatusReason", "")).split()),
        token=found.get("ClientRequestToken", ""),
        of_stack=kind == STACK and physical == found["StackId"],
    )
