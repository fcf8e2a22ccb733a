"""A CloudFormation template read as data: its parameters and resources, with nothing of it evaluated."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iotagg.deployment.reading import parsed
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

RETAINING = frozenset(("Retain", "RetainExceptOnCreate"))
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html: who names these by hand has to
# say so.
_IAM_NAMES = ("RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")


@dataclass(frozen=True, slots=True)
class Outline:
    """A template: its text, its parameters as they are declared, and the type and attributes of each resource."""

    text: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Outline:
        """Read a template in YAML or JSON. Raises InvalidValue."""
        found = parsed(text)
        if not isinstance(found.get("Resources"), dict):
            raise InvalidValue("the template has no Resources")
        return cls(text, found.get("Parameters") or {}, found["Resources"])

    @property
    def bytes(self) -> int:
        """How long it is, in UTF-8."""
        return len(self.text.encode())

    @property
    def key(self) -> str:
        """A name for it that depends on its content alone."""
        return f"templates/{hashlib.sha256(self.text.encode()).hexdigest()}.yaml"

    @property
    def types(self) -> Counter[str]:
        """How many resources of each type it declares, whatever its conditions."""
        return Counter(str(resource.get("Type")) for resource in self.resources.values())

    @property
    def capabilities(self) -> list[str]:
        """What has to be acknowledged before CloudFormation takes it: that it makes roles and policies."""
        iam = [each for each in self.resources.values() if str(each.get("Type")).startswith("AWS::IAM::")]
        named = any(name in (each.get("Properties") or {}) for each in iam for name in _IAM_NAMES)
        return ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"] if iam else []

    def retains(self, name: str) -> bool:
        """Say whether a resource stays when the stack is deleted."""
        return self.resources.get(name, {}).get("DeletionPolicy") in RETAINING


def text_of(value: object) -> str:
    """Return a value of a template as CloudFormation compares it: as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
