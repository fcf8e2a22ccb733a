"""What tests ask of a template: its resources by type, its names, its statements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.deployment.template import packages_template, stack_template

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = stack_template()
PACKAGES = packages_template()
RESOURCES: dict[str, Any] = STACK["Resources"]


def of_type(kind: str, template: dict[str, Any] = STACK) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by name."""
    return {name: each.get("Properties", {}) for name, each in template["Resources"].items() if each["Type"] == kind}


def queue_named(arn: dict[str, Any]) -> str:
    """Return the logical name in `!GetAtt Name.Arn`."""
    name, attribute = arn["Fn::GetAtt"]
    assert attribute == "Arn"
    return str(name)


@dataclass(frozen=True)
class Statement:
    """A statement of a policy: whose, what it is called, and what it says."""

    owner: str
    sid: str
    fields: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        found = self.fields["Action"]
        return found if isinstance(found, list) else [found]

    @property
    def resources(self) -> list[Any]:
        found = self.fields["Resource"]
        return found if isinstance(found, list) else [found]


def statements(template: dict[str, Any] = STACK) -> Iterator[Statement]:
    """Yield all statements of all policies, also those that stand under a condition."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        policies = properties.get("Policies", ())  # of a user pool, they are for passwords
        documents = [policy["PolicyDocument"] for policy in policies if "PolicyDocument" in policy]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for document in documents:
            for each in document["Statement"]:
                fields = each["Fn::If"][1] if "Fn::If" in each else each
                yield Statement(name, fields["Sid"], fields)


def names_used(value: Any) -> Iterator[str]:
    """Yield every logical name that a part of a template refers to, by Ref, GetAtt, Sub or DependsOn."""
    if isinstance(value, list):
        for each in value:
            yield from names_used(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0]
            elif key == "Fn::Sub":
                yield from _in_sub(inner)
            elif key == "DependsOn":
                yield from inner if isinstance(inner, list) else [inner]
            else:
                yield from names_used(inner)


def _in_sub(inner: Any) -> Iterator[str]:
    text, own = inner if isinstance(inner, list) else (inner, {})
    for name in re.findall(r"\$\{([\w:.]+)\}", text):
        if name not in own:
            yield name.split(".")[0]
    yield from names_used(own)
