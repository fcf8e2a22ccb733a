"""Byte code beside the sources of a package: where a package is unpacked, nobody can write it.

Without it, Python compiles every module at each cold start, which takes as long as the rest of it; see
docs/explanation/cost-and-speed.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def compiled(sources: Mapping[str, bytes], runtime: str) -> dict[str, bytes]:
    """Return the byte code of Python sources for a runtime such as python3.13, by its place.

    It takes a Python of just that version: this one, or the one on the path. Without any there is no byte code; the
    package works as well, and starts more slowly.
    """
    python = sys.executable if runtime == "python{}.{}".format(*sys.version_info) else shutil.which(runtime)
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for place, source in sources.items():
            file = Path(folder, place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source)
        _compile(python, Path(folder))
        tag = f".cpython-{runtime.removeprefix('python').replace('.', '')}.pyc"
        made = sorted(Path(folder).rglob(f"*{tag}"))
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in made}


def _compile(python: str, folder: Path) -> None:
    # In a process of its own, in which nothing else has been loaded: what stands in byte code depends a little on that.
    # Where the interpreter does not start, or a source is none for it, there is only less byte code.
    unchecked = ("--invalidation-mode", "unchecked-hash")  # sources in a package do not change, and have no dates
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(  # noqa: S603 (Python itself, with fixed arguments)
        [python, "-S", "-m", "compileall", "-q", *unchecked, "-s", str(folder), str(folder)],
        env=environment | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        check=False,
    )
