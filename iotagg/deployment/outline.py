"""A CloudFormation template read as data: its parameters and resources, with nothing of it evaluated."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

import yaml

from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

RETAINING = frozenset(("Retain", "RetainExceptOnCreate"))
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html: who names these by hand has to
# say so.
_IAM_NAMES = ("RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")
_MAP = "tag:yaml.org,2002:map"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


@dataclass(frozen=True, slots=True)
class Outline:
    """A template: its text, its parameters as they are declared, and the type and attributes of each resource."""

    text: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Outline:
        """Read a template in YAML or JSON. Raises InvalidValue."""
        try:
            found = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader, taught CloudFormation's tags)
        except yaml.YAMLError as error:
            raise InvalidValue(f"the template is no YAML: {' '.join(str(error).split())}") from None
        if not _is_mapping(found) or not _is_mapping(found.get("Resources")):
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


def _is_mapping(found: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(found, dict)


class _Loader(yaml.SafeLoader):
    # Dates stay text, as CloudFormation takes them: 2010-09-09 is a version.
    yaml_implicit_resolvers = {  # noqa: RUF012 (as the class above declares it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    # YAML forbids a key twice, and PyYAML would take the last one without a word.
    keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"{twice[0]} stands there twice", node.start_mark)
    return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    # !Sub x is short for {"Fn::Sub": x}; only Ref and Condition have no Fn:: before them.
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # what is left is a mapping
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_constructor(_MAP, _mapping)
_Loader.add_multi_constructor("!", _function)
