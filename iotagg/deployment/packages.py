"""The stack NAME-packages: a private bucket for what functions and workers run, and for a template too long to send."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.aws.change_sets import Proposal, execute, proposed
from iotagg.aws.clients import client
from iotagg.aws.formation import GONE
from iotagg.aws.objects import NO_VERSION, Bucket
from iotagg.aws.problems import explained
from iotagg.aws.stack_events import EventLog, newest
from iotagg.aws.uploads import send
from iotagg.deployment.following import cause, follow
from iotagg.deployment.standing import (
    DONE,
    HEALTHY,
    NEVER_MADE,
    PACKAGES_SUFFIX,
    check_own,
    place_of,
    tags_of,
    to_update,
)
from iotagg.errors import DeploymentFailed
from iotagg.sources import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from iotagg.aws.formation import Formation
    from iotagg.aws.uploads import Sent
    from iotagg.deployment.following import Tell
    from iotagg.deployment.ingredients import Package
    from iotagg.deployment.outline import Outline

BUCKET_OUTPUT = "Bucket"


class Shelf:
    """The bucket of packages that belongs to a stack: made where it is missing, and filled with what is missing.

    `bucket` is its name, "" as long as there is none. Raises CloudError.
    """

    def __init__(self, formation: Formation, name: str, s3: Any = None) -> None:
        self._formation = formation
        self._s3 = s3 or client("s3")
        self.stack = f"{name}{PACKAGES_SUFFIX}"
        state = formation.state(self.stack)
        self.bucket = state.outputs.get(BUCKET_OUTPUT, "") if state and state.status in HEALTHY else ""

    def make(self, template: Outline, version: str, tell: Tell) -> None:
        """Make the stack, or bring it up to date. Raises DeploymentFailed and other CloudErrors."""
        self._remove_what_failed(tell)
        state = to_update(self._formation, self.stack, version)
        proposal = Proposal(
            self.stack,
            first=state is None,
            body=template.text,
            tags=tags_of(state, "packages"),
            capabilities=template.capabilities,
        )
        with proposed(self._formation, proposal) as change_set:
            if not change_set.nothing:
                tell(f"stack {self.stack}: {'updating' if state else 'making'} the bucket for packages")
                log = EventLog(self._formation, change_set.stack_id, after=newest(self._formation, change_set.stack_id))
                execute(self._formation, change_set)
                self._expect(DONE, log, tell)
        made = self._formation.standing(self.stack)
        if not made.protected:
            self._formation.protect(self.stack, on=True)
        self.bucket = made.outputs.get(BUCKET_OUTPUT, "")
        if not self.bucket:
            raise DeploymentFailed(f"{place_of(self._formation, self.stack)} has no output {BUCKET_OUTPUT}")

    def put(self, package: Package, passed: Callable[[int], object] = no_progress) -> bool:
        """Put a package into the bucket unless it is there, and say whether it was put. Raises CloudError, KeyTaken."""
        return self._put(package.key, package.file, passed).new

    def put_template(self, template: Outline) -> str:
        """Put a template into the bucket unless it is there, and return its address. Raises CloudError, KeyTaken."""
        self._put_text(template)
        return self._address(template)

    @contextmanager
    def lent(self, template: Outline) -> Iterator[str]:
        """Give the address of a template in the bucket, where it is only as long as needed, unless it was there."""
        sent = self._put_text(template)
        try:
            yield self._address(template)
        finally:
            if sent.new:
                Bucket(self._s3, self.bucket).remove(template.key, sent.version or NO_VERSION)

    def _address(self, template: Outline) -> str:
        return f"{self._s3.meta.endpoint_url}/{self.bucket}/{template.key}"

    def _put_text(self, template: Outline) -> Sent:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "template.yaml"
            file.write_bytes(template.text.encode())
            return self._put(template.key, file)

    def _put(self, key: str, file: Path, passed: Callable[[int], object] = no_progress) -> Sent:
        with explained(f"bucket {self.bucket}"):
            return send(self._s3, self.bucket, key, file, {}, passed=passed)

    def _remove_what_failed(self, tell: Tell) -> None:
        # What was never made holds nothing of anybody's, and stands in the way of another try.
        state = self._formation.state(self.stack)
        if state is None or state.status not in NEVER_MADE:
            return
        check_own(self._formation, state)
        log = EventLog(self._formation, state.id, after=newest(self._formation, state.id))
        self._formation.delete(state.id)
        self._expect({GONE}, log, tell)

    def _expect(self, statuses: Collection[str], log: EventLog, tell: Tell) -> None:
        state = follow(log, self._formation, self.stack, tell)
        if state.status not in statuses:
            raise DeploymentFailed(
                f"{place_of(self._formation, self.stack)} is {state.status}: {cause(log, self._formation, state)}; "
                "correct that, then try again"
            )
