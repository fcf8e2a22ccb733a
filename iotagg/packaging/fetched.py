"""Distributions with compiled parts, for the machine that a package is sent to: the versions that are installed here.

What is compiled here fits there only where both have the same processor and the same Python. Else pip fetches the wheel
of the same version that was made for there; it looks where it always does, such as PIP_INDEX_URL says.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.errors import NotPackable
from iotagg.packaging.distributions import Installed, installed, of_distribution
from iotagg.packaging.machine_code import fits, is_compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}
_LIBRARIES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")  # that Amazon Linux 2023 has
_SECONDS = 300
_SHOWN = 300


def for_machine(
    names: Iterable[str], architecture: str, runtime: str, folder: Path, extra: str = "aws"
) -> Iterator[Installed]:
    """Yield distributions with parts that fit an architecture and a Python; what is fetched is put below `folder`.

    Raises MissingExtra where one is not installed, NotPackable where none that fits can be had.
    """
    for name in names:
        here = installed(name, extra=extra)
        compiled = {place: file for place, file in here.files.items() if is_compiled(place)}
        if all(fits(place, file.read_bytes(), architecture, runtime) for place, file in compiled.items()):
            yield here
        else:
            yield _fetched(here, architecture, runtime, folder)


def _fetched(wanted: Installed, architecture: str, runtime: str, folder: Path) -> Installed:
    with tempfile.TemporaryDirectory() as wheels:
        _download(wanted, architecture, runtime, wheels)
        (wheel,) = Path(wheels).glob("*.whl")
        place = folder / wheel.stem
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
    (metadata,) = place.glob("*.dist-info")
    return of_distribution(PathDistribution(metadata))


def _download(wanted: Installed, architecture: str, runtime: str, folder: str) -> None:
    platforms = [f"--platform={library}_{_PROCESSORS[architecture]}" for library in _LIBRARIES]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "--implementation=cp", f"--python-version={runtime.removeprefix('python')}"),
        *platforms,
        f"--dest={folder}",
        f"{wanted.name}=={wanted.version}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)  # noqa: S603 (pip, by arguments)
        said = "" if done.returncode == 0 else done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        why = re.sub(r"\s+", " ", said).strip()[-_SHOWN:]
        raise NotPackable(
            f"{wanted.name} {wanted.version} is not here for {architecture} and {runtime}, and pip could not fetch it"
            f" ({why}); see that pip reaches its index, then deploy again"
        )
