"""Compiled files go only where they run."""

from __future__ import annotations

import re

import pytest

from iotagg.errors import NotPackable
from iotagg.packaging.machine_code import check

X86_64, ARM64 = 62, 183
PLAIN, FOR_313 = "iotagg/core/_fast.abi3.so", "iotagg/core/_fast.cpython-313-x86_64-linux-gnu.so"


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(40)


@pytest.mark.parametrize("place", [PLAIN, FOR_313, "numpy.libs/libgfortran-83c28eba.so.5.0.0"])
def test_a_compiled_file_fits_its_own_architecture_and_no_other(place: str) -> None:
    check(place, elf(X86_64), "x86_64", "python3.13")
    check(place, elf(ARM64), "arm64", "python3.13")
    for machine, architecture in ((ARM64, "x86_64"), (X86_64, "arm64")):
        text = f"{place} is not compiled for Linux, {architecture} and python3.13; make the package there, or install"
        with pytest.raises(NotPackable, match=re.escape(text)):
            check(place, elf(machine), architecture, "python3.13")


@pytest.mark.parametrize("place", [FOR_313.replace("313", "311"), "a/_fast.cp311-win_amd64.pyd"])
def test_a_file_compiled_for_another_python_is_refused(place: str) -> None:
    with pytest.raises(NotPackable, match=r"not compiled for Linux, x86_64 and python3\.13"):
        check(place, elf(X86_64), "x86_64", "python3.13")


@pytest.mark.parametrize("needed", [b"\0libc.musl-x86_64.so.1\0", b"\0GLIBC_2.2.5\0GLIBC_2.35\0GLIBC_2.14\0"])
def test_a_file_that_needs_another_or_a_newer_c_library_is_refused(needed: bytes) -> None:
    with pytest.raises(NotPackable, match="not compiled for Linux"):
        check(PLAIN, elf(X86_64) + needed, "x86_64", "python3.13")
    check(PLAIN, elf(X86_64) + b"\0libc.so.6\0GLIBC_2.2.5\0GLIBC_2.34\0", "x86_64", "python3.13")


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe" + bytes(30)])
def test_a_file_of_another_system_is_refused(content: bytes) -> None:
    with pytest.raises(NotPackable, match="not compiled for Linux"):
        check(PLAIN, content, "x86_64", "python3.13")


def test_other_files_go_anywhere() -> None:
    for place in ("iotagg/core/lines.py", "botocore/data/s3/service-2.json.gz", "a/source.c"):
        check(place, b"anything", "arm64", "python3.13")
