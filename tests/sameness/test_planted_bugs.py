"""The check is no check unless it finds what it is there to find."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.examples import LONG
from tests.sameness.building import build, compiler
from tests.sameness.planted import BUGS, plant

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler, or no Python.h")


# Each has a scanner compiled for it; IOTAGG_LONG=1 plants them all.
PLANTED = list(BUGS)[:: 1 if LONG else 2]


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, tmp_path: Path) -> None:
    sources = plant(bug, tmp_path)
    scanner = build(tmp_path, ["-w"], sources=sources)
    check = [sys.executable, "-m", "tests.sameness", "--lines", "60000", "--scanner", str(scanner)]
    environment = os.environ | {"PYTHONHASHSEED": "1"}  # where keys stand in a table depends on it
    ended = subprocess.run(check, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "differences" in ended.stdout, ended.stderr
