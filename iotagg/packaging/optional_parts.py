"""The compiled parts that a package may have, where they run: what is missing costs time, and is no hindrance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.errors import MissingExtra, NotPackable
from iotagg.packaging.distributions import Installed, installed
from iotagg.packaging.imports import home
from iotagg.packaging.machine_code import fits, is_compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCANNER = "iotagg/core/_scanner.abi3.so"  # where a package has it, whatever it was built for


def scanner_for(architecture: str, runtime: str) -> bytes | None:
    """Return the compiled scanner for an architecture; None where none is installed, here or for packages alone."""
    top = home("iotagg")
    for file in (top.parent / SCANNER, top / "packaging" / "scanners" / architecture / "_scanner.abi3.so"):
        if file.is_file() and fits(SCANNER, content := file.read_bytes(), architecture, runtime):
            return content
    return None


def without_scanner(architecture: str, runtime: str, architectures: Iterable[str]) -> str:
    """Return what to say of packages that have no compiled scanner, and what to do about it."""
    others = [each for each in architectures if each != architecture and scanner_for(each, runtime) is not None]
    choice = f", or deploy with --set Architecture={others[0]}, for which it is here" if others else ""
    return (
        f"packages for {architecture} go without the compiled scanner and read with Python alone, which takes longer;"
        f" it is not here for {architecture}: type make scanners in a clone{choice}"
    )


def fitting(names: Iterable[str], architecture: str, runtime: str) -> Iterator[Installed]:
    """Yield those of some distributions that are installed for an architecture and a Python."""
    for name in names:
        try:
            found = installed(name)
        except (MissingExtra, NotPackable):
            continue
        compiled = {place: file for place, file in found.files.items() if is_compiled(place)}
        if all(fits(place, file.read_bytes(), architecture, runtime) for place, file in compiled.items()):
            yield found
