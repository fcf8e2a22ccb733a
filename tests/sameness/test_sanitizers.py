"""The check again, in a scanner that watches its own memory and arithmetic, and in one without vectors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sameness.building import SOURCES, build, compiler

SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror")
PORTABLE = ("-U__SSE2__", "-U__ARM_NEON")

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler, or no Python.h")


def address_sanitizer() -> str:
    """Return the library that has to be there before all others; skip without one."""
    said = subprocess.run(
        [compiler() or "", "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
    )
    if not Path(said.stdout.strip()).is_absolute():
        pytest.skip("the C compiler brings no address sanitizer")
    return said.stdout.strip()


def checked(scanner: Path, lines: int, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.sameness", "--lines", str(lines), "--scanner", str(scanner)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def sanitized(scanner: Path, lines: int) -> subprocess.CompletedProcess[str]:
    # Python's own memory would hide what lies beyond a text; what it keeps to its end is no leak of the scanner's.
    memory = {"PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    return checked(scanner, lines, memory | {"LD_PRELOAD": address_sanitizer()})


def test_the_scanner_does_nothing_undefined(tmp_path: Path) -> None:
    ended = sanitized(build(tmp_path, SANITIZED), 10_000)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_read_beyond_the_text_would_be_found(tmp_path: Path) -> None:
    sources = tmp_path / "scanner"
    shutil.copytree(SOURCES, sources)
    text, right = (sources / "scan.c").read_text("utf-8"), "if (text.length - at >= BLOCK)"
    assert text.count(right) == 1
    (sources / "scan.c").write_text(text.replace(right, "if (text.length - at >= BLOCK - 1)"), "utf-8")
    ended = sanitized(build(tmp_path, SANITIZED, sources=sources), 20_000)
    assert "AddressSanitizer: heap-buffer-overflow" in ended.stderr


def test_a_processor_without_vectors_reads_alike(tmp_path: Path) -> None:
    ended = checked(build(tmp_path, PORTABLE), 10_000, {})
    assert ended.returncode == 0, ended.stdout + ended.stderr
