"""The files of the project, as a clone would have them."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = frozenset(("__pycache__", "build", "dist"))


@cache
def project_files() -> tuple[Path, ...]:
    """Return all files that are or could be committed; in an unpacked archive, all that do not look made."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        found = [ROOT / name for name in listing.stdout.split("\0") if name]
        return tuple(sorted(file for file in found if file.is_file()))
    return tuple(sorted(_walk()))


def _walk() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if _is_ours(name)]
        found += [Path(folder, name) for name in files if _is_ours(name)]
    return found


def _is_ours(name: str) -> bool:
    return name not in _NOT_OURS and not name.endswith(".egg-info") and (not name.startswith(".") or name == ".ci")


def python_files(*folders: str) -> list[Path]:
    """Return the project's Python files below some of its folders."""
    places = [ROOT / folder for folder in folders]
    return [file for file in project_files() if file.suffix == ".py" and any(place in file.parents for place in places)]


def shown(file: Path) -> str:
    """Return a file's path as messages name it."""
    return file.relative_to(ROOT).as_posix()
