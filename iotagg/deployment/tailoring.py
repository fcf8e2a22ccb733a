"""The stack's template for the parts that were chosen: without the resources of those that were not.

So a stack of functions asks for no permission to make machines, the list of what changes shows what there is, and the
text stays short. A parameter that was decided here is fixed in the template, so that nobody changes it elsewhere
without the resources that go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iotagg.deployment.template import Template

DECIDING = ("Compute", "Rollout", "Pages", "AccessLog", "KmsKeyArn")
_NOTHING = {"Ref": "AWS::NoValue"}


def tailored(template: Template, values: Mapping[str, str]) -> Template:
    """Return the template for these values of the parameters that decide about parts; missing ones have their default.

    Raises KeyError for a template that has none of these parameters.
    """
    parameters: dict[str, Any] = template["Parameters"]
    decided = {name: str(values.get(name, parameters[name].get("Default"))) for name in DECIDING}
    truths = _truths(template["Conditions"], decided)
    kept = {section: _kept(template.get(section, {}), truths) for section in ("Resources", "Outputs")}
    fixed = {name: parameters[name] | _fixed(decided[name]) for name in DECIDING}
    rules = {
        name: rule
        for name, rule in template.get("Rules", {}).items()
        if _truth(rule["RuleCondition"], decided, truths) is not False
    }
    conditions = {name: each for name, each in template["Conditions"].items() if name not in truths}
    return template | {"Parameters": parameters | fixed, "Conditions": conditions, "Rules": rules} | kept


def _fixed(value: str) -> dict[str, Any]:
    return {"AllowedValues": [value], "Default": value, "Description": "Decided by iotagg deploy."}


def _truths(conditions: Mapping[str, Any], decided: Mapping[str, str]) -> dict[str, bool]:
    # A condition is known when all that it asks for is decided; one condition may build on another.
    truths: dict[str, bool] = {}
    while True:
        found = {
            name: truth
            for name, condition in conditions.items()
            if name not in truths and (truth := _truth(condition, decided, truths)) is not None
        }
        if not found:
            return truths
        truths |= found


def _truth(condition: Mapping[str, Any], decided: Mapping[str, str], truths: Mapping[str, bool]) -> bool | None:
    ((kind, operand),) = condition.items()
    if kind == "Condition":
        return truths.get(operand)
    if kind == "Fn::Equals":
        values = [decided.get(each["Ref"]) if isinstance(each, dict) else str(each) for each in operand]
        return None if None in values else values[0] == values[1]
    parts = [_truth(each, decided, truths) for each in operand]
    if None in parts:
        return None
    return {"Fn::Not": not parts[0], "Fn::And": all(parts), "Fn::Or": any(parts)}[kind]


def _kept(parts: Mapping[str, Any], truths: Mapping[str, bool]) -> dict[str, Any]:
    return {
        name: _unconditional(_settled(part, truths), truths)
        for name, part in parts.items()
        if truths.get(part.get("Condition", ""), True)
    }


def _unconditional(resource: dict[str, Any], truths: Mapping[str, bool]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "Condition" or value not in truths}


def _settled(value: Any, truths: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [name, then, otherwise]} if name in truths:
            return _settled(then if truths[name] else otherwise, truths)
        case {"Fn::If": [name, then, otherwise]}:
            return {"Fn::If": [name, _settled(then, truths), _settled(otherwise, truths)]}
        case dict():
            settled = {key: _settled(each, truths) for key, each in value.items()}
            return {key: each for key, each in settled.items() if each != _NOTHING}
        case list():
            return [settled for each in value if (settled := _settled(each, truths)) != _NOTHING]
        case _:
            return value
