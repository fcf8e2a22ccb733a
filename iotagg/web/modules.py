"""The modules of the page as one: a browser takes some 8 ms for each that it loads, and the page has dozens.

Each becomes a function, called before those that need it, which returns what the module exports. What is written in
another form than the page's modules is refused.
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMPORT = re.compile(r'^import (?:\* as (\w+)|\{([^}]*)\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:export\b|import\b).*|\bimport\(", re.MULTILINE)


def joined(modules: Mapping[str, str], main: str) -> str:
    """Return one module that does what `main` does, given the texts of modules by name (`chart` for `./chart.js`).

    Raises ValueError where they need each other in a circle, something that is not there, or a form that is not known.
    """
    needs = {name: [found[3] for found in _IMPORT.finditer(text)] for name, text in modules.items()}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(f"modules need each other: {', '.join(error.args[1])}") from None
    exports = {name: _EXPORT.findall(text) for name, text in modules.items()}
    parts = [_part(name, modules, exports) for name in order if name != main]
    return "\n".join([*parts, f"// {main}.js\n{_body(main, modules, exports)}"])


def _part(name: str, modules: Mapping[str, str], exports: Mapping[str, list[str]]) -> str:
    if name not in modules:
        raise ValueError(f"there is no module {name}.js")
    returned = ", ".join(exports[name])
    return (
        f"// {name}.js\nconst ${name} = (() => {{\n{_body(name, modules, exports)}\nreturn {{ {returned} }};\n}})();\n"
    )


def _body(name: str, modules: Mapping[str, str], exports: Mapping[str, list[str]]) -> str:
    def local(found: re.Match[str]) -> str:
        whole, names, module = found.groups()
        if whole:
            return f"const {whole} = ${module};"
        pairs = [part.split() for part in names.split(",") if part.strip()]  # [a], or [a, "as", b]
        missing = [pair[0] for pair in pairs if pair[0] not in exports[module]]
        if missing:
            raise ValueError(f"{name}.js imports {', '.join(missing)}, which {module}.js does not export")
        return f"const {{ {', '.join(': '.join(pair[::2]) for pair in pairs)} }} = ${module};"

    text = _EXPORT.sub("", _IMPORT.sub(local, modules[name]))
    other = _OTHER.search(text)
    if other is not None:
        raise ValueError(f"{name}.js has a form that is not known here: {other[0]}")
    return text
