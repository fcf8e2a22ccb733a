"""What packages are made for: the runtime's Python, and what Lambda has beside a package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotagg.packaging.distributions import installed
from iotagg.packaging.package import RUNTIME, SDK, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable

CLIENT = Path(__file__).parents[1] / "cloud" / "plain_runtime_client.py"
AWSLAMBDARIC = ("awslambdaric", "snapshot_restore_py", "simplejson")


def runtime_python() -> Path:
    """Return the Python that packages are made for, from the path or from pyenv; skip the test where there is none."""
    found = found_python()
    if found is None:
        pytest.skip(f"no {RUNTIME} on the path or under pyenv")
    return found


@cache
def found_python() -> Path | None:
    """Return the Python that packages are made for, if there is one."""
    version = RUNTIME.removeprefix("python")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    on_path = shutil.which(RUNTIME)
    tried = [Path(sys.executable), *([Path(on_path)] if on_path else [])]
    tried += sorted((pyenv / "versions").glob(f"{version}.*/bin/python"))
    return next((python for python in tried if _version(python) == version), None)


def _version(python: Path) -> str:
    command = [str(python), "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def sdk_in(folder: Path) -> Path:
    """Put into a folder what Lambda's runtime has of Python packages, as they are installed here."""
    return _copied(folder, SDK)


def lambda_runtime_in(folder: Path) -> Path:
    """Put into a folder what a function's process needs that is not in its package: the SDK and AWS's runtime client.

    The compiled part of the latter is for this Python only, so that a stand-in takes its place.
    """
    _copied(folder, (*SDK, *AWSLAMBDARIC))
    shutil.copy(CLIENT, folder / "runtime_client.py")
    return folder


def _copied(folder: Path, names: Iterable[str]) -> Path:
    for name in names:
        for place, file in installed(name, SERVICES).files.items():
            if file.suffix != ".so":
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, folder / place)
    return folder


def environment(**more: str) -> dict[str, str]:
    """Return what a process needs of this one's environment, and nothing that lets it find this one's packages."""
    return {"PATH": os.environ["PATH"], **more}
