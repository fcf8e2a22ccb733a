"""What stays when a stack is deleted, because its template says so: what holds data, by its own names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.aws.formation import GONE
from iotagg.aws.removal import BUCKET, LOG_GROUP, TABLE, exists
from iotagg.aws.stack_events import events
from iotagg.deployment.outline import Outline

if TYPE_CHECKING:
    from iotagg.aws.formation import Formation, Resource

REMOVABLE = frozenset((BUCKET, TABLE, LOG_GROUP))
# It goes with the bucket that it is about, and holds nothing.
_WITH_ANOTHER = frozenset(("AWS::S3::BucketPolicy",))


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays: its name in the template, its type, its own name."""

    resource: str
    type: str
    name: str

    @property
    def removable(self) -> bool:
        """Whether --delete-data removes it."""
        return self.type in REMOVABLE


def to_stay(formation: Formation, stack_id: str, resources: list[Resource]) -> list[Kept]:
    """Return which of a stack's parts stay when it is deleted, by its own template. Raises CloudError, InvalidValue."""
    template = Outline.parse(formation.template(stack_id))
    return [
        Kept(each.name, each.type, each.physical)
        for each in resources
        if template.retains(each.name) and each.type not in _WITH_ANOTHER
    ]


def left_behind(formation: Formation, stack_id: str) -> list[Kept]:
    """Return what a stack has let go of without deleting it, and what is still there. Raises CloudError.

    CloudFormation tells for 90 days, also of a stack that is deleted.
    """
    skipped = {
        (event.type, event.physical): Kept(event.resource, event.type, event.physical)
        for page in events(formation, stack_id)
        for event in page
        if event.status == "DELETE_SKIPPED" and event.type in REMOVABLE and event.physical
    }
    return [each for each in skipped.values() if exists(each.type, each.name)]


def still_there(resources: list[Resource]) -> list[Resource]:
    """Return the parts that deleting a stack has to remove."""
    return [each for each in resources if each.status not in (GONE, "DELETE_SKIPPED")]
