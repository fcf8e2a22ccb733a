"""How large the packages of a deployment are, and how long a cold start imports: python -m bench.packages [RUNS].

The packages are unpacked and imported by the Python that they are made for (on the path, or under pyenv), which finds
the SDK beside them and nothing else. Times are processor seconds of a process (`time.process_time`) from its first
import to the last, the median of several runs that take turns.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import middle, show
from iotagg.packaging.package import RUNTIME, Package, build_functions, build_worker
from tests.packaging.runtime import environment, found_python, sdk_in

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAMS = (
    "boto3",
    "lambda_handlers.summarize",
    "lambda_handlers.consolidate",
    "lambda_handlers.sweep",
)
_IMPORT = """
import sys, time
from importlib import import_module
sys.path[1:1] = sys.argv[2:]
sys.dont_write_bytecode = True
begin = time.process_time()
import_module(sys.argv[1])
print(time.process_time() - begin)
"""


def main() -> None:
    """Measure, and print the figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    python = found_python()
    if python is None:
        sys.exit(f"no {RUNTIME} on the path or under pyenv")
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="iotagg-bench-") as folder:
        packages = [build_functions("arm64", Path(folder)), build_worker("arm64", Path(folder))]
        _show_sizes(packages)
        _show_imports(python, packages[0], Path(folder), runs)


def _show_sizes(packages: Sequence[Package]) -> None:
    rows = []
    for package in packages:
        with zipfile.ZipFile(package.file) as archive:
            entries = archive.infolist()
        sources = [entry for entry in entries if not entry.filename.endswith(".pyc")]
        zipped, unzipped = sum(entry.compress_size for entry in sources), sum(entry.file_size for entry in sources)
        rows.append((package.key, package.bytes, package.unzipped, zipped, unzipped, len(entries)))
    show("Bytes", ("package", "zipped", "unzipped", "zipped, no byte code", "unzipped", "files"), rows)


def _show_imports(python: Path, package: Package, folder: Path, runs: int) -> None:
    sdk, whole, plain = folder / "sdk", folder / "whole", folder / "plain"
    sdk_in(sdk)
    subprocess.run([str(python), "-m", "compileall", "-q", str(sdk)], check=True)  # noqa: S603 (as a runtime's are)
    with zipfile.ZipFile(package.file) as archive:
        archive.extractall(whole)
    shutil.copytree(whole, plain, ignore=shutil.ignore_patterns("__pycache__"))
    times: dict[tuple[str, Path], list[float]] = {(name, root): [] for name in _PROGRAMS for root in (whole, plain)}
    for _ in range(runs):
        for (name, root), figures in times.items():
            figures.append(_seconds(python, name, root, sdk))
    header = ("import of", "with byte code s", "fastest", "without s", "fastest")
    rows = [
        (name, *(choose(times[name, root]) for root in (whole, plain) for choose in (middle, min)))
        for name in _PROGRAMS
    ]
    show(f"Processor time, median of {runs}", header, rows)


def _seconds(python: Path, name: str, *path: Path) -> float:
    command = [str(python), "-S", "-c", _IMPORT, name, *map(str, path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())  # noqa: S603 (as above)
    return float(run.stdout)


if __name__ == "__main__":
    main()
