"""CloudFormation's YAML, read as data: short forms such as !Sub become what they are short for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from iotagg.errors import InvalidValue

_MAP = "tag:yaml.org,2002:map"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def parsed(text: str) -> dict[str, Any]:
    """Return a template, or a part of one, in YAML or JSON. Raises InvalidValue."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader, taught CloudFormation's tags)
    except yaml.YAMLError as error:
        raise InvalidValue(f"the template is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise InvalidValue("the template has no Resources")
    return found


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
