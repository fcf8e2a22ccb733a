"""Whether a compiled file runs where a package is sent to."""

from __future__ import annotations

import re

from iotagg.errors import NotPackable

_COMPILED = re.compile(r"\.(so(\.[\d.]+)?|pyd|dll|dylib)$")
_MADE_FOR = re.compile(r"\.(?:cpython|cp)-?(\d+)\b")  # x.cpython-313-x86_64-linux-gnu.so; x.abi3.so fits every Python
_MAGIC = b"\x7fELF"
_MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine at byte 18 of an ELF header: EM_AARCH64, EM_X86_64


def check(place: str, content: bytes, architecture: str, runtime: str) -> None:
    """Raise NotPackable if a file is compiled and not for Linux on this architecture, or for another Python."""
    if not _COMPILED.search(place):
        return
    python = _MADE_FOR.search(place)
    machine = int.from_bytes(content[18:20], "little")
    fits = content.startswith(_MAGIC) and machine == _MACHINES[architecture]
    if not fits or (python is not None and f"python{python[1][0]}.{python[1][1:]}" != runtime):
        raise NotPackable(
            f"{place} is not compiled for Linux, {architecture} and {runtime};"
            " make the package there, or install what it belongs to without compiled parts"
        )
