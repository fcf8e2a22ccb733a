"""Writes docs/reference/http-api.md from the description that the server gives of itself.

python -m docs.make_api_reference            write it
python -m docs.make_api_reference --check    say whether it is up to date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.made import write_or_check
from iotagg.stores.memory import MemoryStore
from iotagg.web.access import Everybody
from iotagg.web.app import DESCRIPTION, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "reference" / "http-api.md"
_BEFORE = f"""\
<!-- Made by `make docs` from the server's own description. Do not edit: change the program, then run it again. -->

# HTTP API

What [`iotagg serve`](../how-to/serve-over-http.md) answers. All of it is read with `GET`, or `HEAD`; `{DESCRIPTION}`
describes it for machines (OpenAPI 3.1), and clients can be generated from that. Bodies are JSON, with whole numbers of
any size: a parser that takes them for doubles loses digits beyond 2^53. Keys may be added; those that are here stay.

- A list is `{{"items": […], "next": …}}`. Where there is a `cursor`, `next` is that of the next page, null at the end.
- The figures, and what their keys mean, are those of the commands: [Formats](formats.md). What an item is not about is
  null or left out. `least` is `--min-severity` there, `singly` is `--all`, and `limit` is `-n`.
- Every answer with figures has an `ETag`. Sent back as `If-None-Match`, it is answered with 304 and no body while
  nothing changed.
- What goes wrong is a problem document (RFC 9457, `application/problem+json`) with `status`, `title` and a `detail` in
  one line: 401 without a token that is known, 404 for what is not there or of a site that the token is not for, 405
  for other methods, 421 under another host name, 422 for a value that makes no sense, 503 with `Retry-After` while the
  store cannot be asked.
"""


def reference() -> str:
    """Return the page."""
    described = make_app(MemoryStore(), Everybody()).openapi()
    lines = [_BEFORE]
    for path, methods in described["paths"].items():
        lines += _endpoint(path, methods["get"], described["components"]["schemas"])
    return "\n".join(lines)


def _endpoint(path: str, endpoint: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield f"## {path}\n"
    yield f"{endpoint['description']}\n"
    parameters = [each for each in endpoint.get("parameters", ()) if each["in"] != "header"]
    if parameters:
        yield "| parameter | in | values | without it | meaning |\n| --- | --- | --- | --- | --- |"
        yield from (_parameter(each, schemas) for each in parameters)
        yield ""
    content = endpoint["responses"]["200"]["content"]
    (media_type, answer), *_ = content.items()
    reference = answer.get("schema", {}).get("$ref", "")
    yield f"Answer: {_keys(reference, schemas)}\n" if reference else f"Answer: `{media_type}`\n"


def _parameter(parameter: dict[str, Any], schemas: dict[str, Any]) -> str:
    schema = parameter["schema"]
    cells = (f"`{parameter['name']}`", parameter["in"], _values(schema, schemas), _without(parameter))
    return f"| {' | '.join(cells)} | {parameter['description']} |"


def _without(parameter: dict[str, Any]) -> str:
    if parameter["required"]:
        return "is needed"
    default = parameter["schema"].get("default", "")
    return f"`{str(default).lower()}`" if default not in ("", None) else ""


def _values(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    schema = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "examples" in schema:
        return f"such as `{schema['examples'][0]}`"
    if "minimum" in schema:
        return f"from {schema['minimum']}" + (f" to {schema['maximum']:,}" if "maximum" in schema else "")
    return str(schema["type"])


def _keys(reference: str, schemas: dict[str, Any]) -> str:
    properties = dict(schemas[reference.rpartition("/")[2]]["properties"])
    items = properties.pop("items", None)
    own = _named(properties, schemas)
    if items is None:
        return f"{own}."
    of_items = schemas[items["items"]["$ref"].rpartition("/")[2]]["properties"]
    return f"{own}, and `items`, each with {_named(of_items, schemas)}."


def _named(properties: dict[str, Any], schemas: dict[str, Any]) -> str:
    return ", ".join(f"`{key}`{_within(schema, schemas)}" for key, schema in properties.items())


def _within(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    found = next((each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each), "")
    properties = schemas[found.rpartition("/")[2]].get("properties", {}) if found else {}
    return f" ({', '.join(f'`{key}`' for key in properties)})" if properties else ""


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, reference(), sys.argv))
