"""Which modules of this project a program needs, read from their import statements; nothing is imported for it."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iotagg.errors import NotPackable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = ("iotagg", "lambda_handlers", "vm_worker")
_COMPILED = (".so", ".pyd")


class Reached(NamedTuple):
    """What a program needs: files of this project by their place in a package, and top-level modules of others."""

    files: dict[str, Path]
    others: set[str]


def home(package: str) -> Path:
    """Return the folder of one of this project's packages, in a clone or installed. Raises NotPackable."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise NotPackable(f"{package} is not installed beside iotagg; install iotagg from its wheel or its clone again")
    return Path(spec.origin).parent


def reached(roots: Iterable[str]) -> Reached:
    """Return what the modules `roots` import, they included, and what that imports in turn.

    Imports within functions count; those for type checkers only do not. Raises NotPackable.
    """
    files: dict[str, Path] = {}
    others: set[str] = set()
    waiting, seen = list(roots), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        top, _, below = name.partition(".")
        if top not in OURS:
            others.add(top)
        elif (file := _file(home(top), below)) is not None:
            files["/".join((top, *file.relative_to(home(top)).parts))] = file
            waiting += [name.rpartition(".")[0]] if below else []
            waiting += imported(ast.parse(file.read_bytes())) if file.suffix == ".py" else []
    return Reached(files, others)


def _file(folder: Path, dotted: str) -> Path | None:
    # None: it is no module, but a name in one.
    place = folder.joinpath(*dotted.split(".")) if dotted else folder
    compiled = sorted(file for file in place.parent.glob(f"{place.name}.*") if file.suffix in _COMPILED)
    found = (*compiled, place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((file for file in found if file.is_file()), None)


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the names that a piece of source imports: modules, and what may be a module or a name in one."""
    parts: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        parts = node.orelse
    for part in parts:
        yield from imported(part)
