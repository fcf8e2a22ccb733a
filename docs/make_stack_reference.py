"""Writes docs/reference/stack.md from the templates.

python -m docs.make_stack_reference            write it
python -m docs.make_stack_reference --check    say whether it is up to date
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.made import write_or_check
from iotagg.deployment.template import stack_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = Path(__file__).parent / "reference" / "stack.md"
_BEFORE = """\
<!-- Made by `make docs` from the templates in cloudformation/. Do not edit: change those, then run it again. -->

# The stack

What `iotagg deploy` puts into an account: what may be chosen, what comes out, who may do what and why, and what raises
an alarm. How to deploy it: [Deploy a stack](../how-to/deploy-a-stack.md).
"""
_WORDS = {
    "Files": "the bucket",
    "Sums": "the table",
    "FilesQueue": "the files queue",
    "ChunksQueue": "the chunks queue",
    "FilesDeadLetters": "the dead letters of files",
    "ChunksDeadLetters": "the dead letters of chunks",
    "LargeFilesQueue": "the queue of large files",
    "KmsKeyArn": "your own key",
    "Digest": "the topic of what stands out",
    "AWS::StackId": "the stack",
}
_WHO = {
    "CountingPolicy": "Everything that counts: the three functions and the machines",
    "SummarizeRole": "The summarize function, besides",
    "ConsolidateRole": "The consolidate function, besides",
    "SweepRole": "The sweep function, besides",
    "TellRole": "The function that tells what stands out",
    "PageRole": "The function behind the page, with `Pages=yes`",
    "WorkerRole": "Machines, besides",
    "SitePolicy": "Branches: `SitePolicyArn`",
    "ReaderPolicy": "People who ask: `ReaderPolicyArn`",
    "OperatorPolicy": "Operators, besides what people who ask may do: `OperatorPolicyArn`",
}


def reference() -> str:
    """Return the page."""
    template = stack_template()
    parts = (
        [_BEFORE],
        _parameters(template),
        _outputs(template),
        _permissions(template["Resources"]),
        _alarms(template["Resources"]),
    )
    return "\n".join(line for part in parts for line in part)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(columns)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _parameters(template: dict[str, Any]) -> Iterator[str]:
    yield "## Parameters\n"
    yield "`iotagg deploy NAME --set Parameter=value`; what is not given keeps its value, or has its default.\n"
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        yield f"### {group['Label']['default']}\n"
        found = [(name, template["Parameters"][name]) for name in group["Parameters"]]
        yield from _table(
            ("parameter", "default", "allowed", "what it says"),
            ((f"`{name}`", _default(each), _allowed(each), each["Description"]) for name, each in found),
        )


def _default(parameter: dict[str, Any]) -> str:
    return f"`{parameter['Default']}`" if parameter.get("Default", "") != "" else ""


def _allowed(parameter: dict[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["AllowedValues"])
    if "MinValue" in parameter:
        return f"{parameter['MinValue']:,} to {parameter['MaxValue']:,}"
    return "a list" if parameter["Type"] == "CommaDelimitedList" else "a text"


def _outputs(template: dict[str, Any]) -> Iterator[str]:
    yield "## Outputs\n"
    rows = ((f"`{name}`", each["Description"]) for name, each in template["Outputs"].items())
    yield from _table(("output", "what it is"), rows)


def _permissions(resources: dict[str, Any]) -> Iterator[str]:
    yield "## Who may do what, and why\n"
    yield "No action is a wildcard, and no resource but where AWS knows none. To deploy is to make all of this, which"
    yield "an administrator may do.\n"
    for owner, who in _WHO.items():
        yield f"### {who}\n"
        why = resources[owner]["Metadata"]["Why"]
        rows = (
            (_codes(each["Action"]), _places(each["Resource"]), why[each["Sid"]] + _if(each))
            for each in _statements(resources[owner])
        )
        yield from _table(("may", "on", "why"), rows)


def _statements(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    properties = resource["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
    for document in documents or [properties["PolicyDocument"]]:
        for each in document["Statement"]:
            yield each["Fn::If"][1] if "Fn::If" in each else each


def _if(statement: dict[str, Any]) -> str:
    found = [
        f"`{key}` {' or '.join(f'`{value}`' for value in (wanted if isinstance(wanted, list) else [wanted]))}"
        for operator, tests in statement.get("Condition", {}).items()
        if operator != "Null"
        for key, wanted in tests.items()
    ]
    return f" Only where {' and '.join(found)}." if found else ""


def _codes(actions: str | list[str]) -> str:
    return ", ".join(f"`{action}`" for action in ([actions] if isinstance(actions, str) else actions))


def _places(places: Any) -> str:
    return ", ".join(_place(place) for place in (places if isinstance(places, list) else [places]))


def _place(place: Any) -> str:
    match place:
        case {"Fn::GetAtt": [name, _]} | {"Ref": name}:
            return _WORDS.get(name, "its own log" if name.endswith("Log") else name)
        case {"Fn::Sub": text}:
            named = re.fullmatch(r"\$\{(\w+)\.Arn\}/(.*)", text)
            return f"`{named[2].replace('${!', '${')}` in {_WORDS[named[1]]}" if named else "its package"
        case {"Fn::If": [_, then, otherwise]}:
            return f"{_place(otherwise)} (with `Compute=both`: {_place(then)})"
    return "everything"


def _alarms(resources: dict[str, Any]) -> Iterator[str]:
    yield "## Alarms\n"
    yield "What to do when one comes: [Answer an alarm](../how-to/answer-an-alarm.md).\n"
    rows = [
        (f"`{name}`", each["Properties"]["AlarmDescription"], _when(each["Properties"]))
        for name, each in resources.items()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]
    ]
    yield from _table(("alarm", "what it says", "when"), sorted(rows))


def _when(alarm: dict[str, Any]) -> str:
    sign = {"GreaterThanOrEqualToThreshold": "at least", "LessThanThreshold": "less than"}[alarm["ComparisonOperator"]]
    times, minutes = alarm["EvaluationPeriods"], alarm["Period"] // 60
    again = f", {times} times in a row" if times > 1 else ""
    measure = f"{alarm['Statistic'].lower()} of `{alarm['MetricName']}`"
    return f"{measure} in {minutes} min {sign} {alarm['Threshold']:,}{again}"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, reference(), sys.argv[1:]))
