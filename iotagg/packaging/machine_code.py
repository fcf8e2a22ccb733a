"""Whether a compiled file runs where a package is sent to."""

from __future__ import annotations

import re

from iotagg.errors import NotPackable

_COMPILED = re.compile(r"\.(so(\.[\d.]+)?|pyd|dll|dylib)$")
_MADE_FOR = re.compile(r"\.(?:cpython|cp)-?(\d+)\b")  # x.cpython-313-x86_64-linux-gnu.so; x.abi3.so fits every Python
_MAGIC = b"\x7fELF"
_MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine at byte 18 of an ELF header: EM_AARCH64, EM_X86_64
_GLIBC = re.compile(rb"\0GLIBC_2\.(\d+)")  # as the versions that a file asks for stand among its strings
_NEWEST_GLIBC = 34  # of Amazon Linux 2023, https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_OTHER_LIBC = b"\0libc.musl-"


def fits(place: str, content: bytes, architecture: str, runtime: str) -> bool:
    """Return whether a compiled file runs on Lambda's Linux, on this architecture, and under this Python."""
    python = _MADE_FOR.search(place)
    machine = int.from_bytes(content[18:20], "little")
    return (
        content.startswith(_MAGIC)
        and machine == _MACHINES[architecture]
        and (python is None or f"python{python[1][0]}.{python[1][1:]}" == runtime)
        and max((int(version) for version in _GLIBC.findall(content)), default=0) <= _NEWEST_GLIBC
        and _OTHER_LIBC not in content
    )


def is_compiled(place: str) -> bool:
    """Return whether a file is machine code, as its name says."""
    return bool(_COMPILED.search(place))


def check(place: str, content: bytes, architecture: str, runtime: str) -> None:
    """Raise NotPackable if a file is compiled and not for Linux on this architecture, or for another Python."""
    if is_compiled(place) and not fits(place, content, architecture, runtime):
        raise NotPackable(
            f"{place} is not compiled for Linux, {architecture} and {runtime};"
            " make the package there, or install what it belongs to without compiled parts"
        )
