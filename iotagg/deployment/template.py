"""The CloudFormation templates that iotagg carries, read as data."""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.deployment.reading import parsed

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Template = dict[str, Any]
PACKAGES = "packages.yaml"
_DASHBOARD = "AWS::CloudWatch::Dashboard"
_IN_ANY_CASE = {("DeletionPolicy", "Delete"), ("UpdateReplacePolicy", "Delete")}


@cache
def packages_template() -> Template:
    """Return the template of the small stack that holds the code."""
    return _read(_folder() / PACKAGES)


@cache
def stack_template() -> Template:
    """Return the template of the stack, which lies in parts, as one. Raises ValueError when two parts share a name."""
    whole: Template = {}
    for part in sorted(_folder().iterdir(), key=lambda each: each.name):
        if part.name.endswith(".yaml") and part.name != PACKAGES:
            _join(whole, _read(part), part.name)
    return whole


def as_text(template: Template) -> str:
    """Return a template as CloudFormation takes it, as short as it can be: JSON without what only readers need."""
    slim = {section: content for section, content in template.items() if section != "Metadata"}
    slim["Resources"] = {name: _slim(each) for name, each in template["Resources"].items()}
    slim["Outputs"] = {name: _without_description(each) for name, each in template.get("Outputs", {}).items()}
    return json.dumps(slim, separators=(",", ":"))


def main(folder: Path) -> None:
    """Write both templates into `folder`/templates, as they stand: for tools that look at templates."""
    place = folder / "templates"
    place.mkdir(parents=True, exist_ok=True)
    for name, template in (("stack", stack_template()), ("packages", packages_template())):
        (place / f"{name}.json").write_text(json.dumps(template, indent=1), encoding="utf-8")


def _slim(resource: dict[str, Any]) -> dict[str, Any]:
    # Without notes and without what holds in any case; JSON within a text in one line.
    properties = resource.get("Properties", {})
    if resource["Type"] == _DASHBOARD:
        body = properties["DashboardBody"]["Fn::Sub"]
        properties = properties | {"DashboardBody": {"Fn::Sub": json.dumps(json.loads(body), separators=(",", ":"))}}
    kept = {
        key: value for key, value in resource.items() if key != "Metadata" and (key, str(value)) not in _IN_ANY_CASE
    }
    return kept | ({"Properties": properties} if properties else {})


def _without_description(output: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in output.items() if key != "Description"}


def _folder() -> Traversable:
    return resources.files("cloudformation")


def _join(whole: Template, part: Template, name: str) -> None:
    for section, content in part.items():
        if isinstance(content, dict):
            known = whole.setdefault(section, {})
            twice = known.keys() & content.keys()
            if twice:
                raise ValueError(f"{name}: {', '.join(sorted(twice))} stands in another part already")
            known.update(content)
        else:
            whole[section] = content


def _read(file: Traversable) -> Template:
    return parsed(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
