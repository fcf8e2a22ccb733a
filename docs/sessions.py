"""The terminal sessions of the documentation: found in the pages, run again, and compared with what is printed there.

A session is a block that begins with ```console. In it, `$ ` begins a command and `> ` continues it; all other lines
are what the command prints, on stdout and stderr alike. `…` (or `...`) stands for anything within a line, a line of
nothing else for any lines. The sessions of one page are run in order, in one new folder.

    python -m docs.sessions            say which sessions print something else than their page shows
    python -m docs.sessions --update   write what they print into the pages

Both are run from the root of the repository.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from iotagg.cli.main import main as iotagg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
_SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANYTHING = re.compile(r"…|\.\.\.")
_LONGEST_RUN = 180
_NO_SHELL = re.compile(r"iotagg(?: [\w./:=@,+-]+)*")  # a line of which a shell would do nothing but part its words
# Their sessions need an engine that knows CloudFormation, which a test of their own starts.
ON_AN_ENGINE = frozenset(("deploy-tutorial.md",))


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a session, the line of the page where it stands, its text as shown, and what it is to print."""

    line: int
    shown: tuple[str, ...]
    expected: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command as a shell takes it."""
        return "\n".join(line[2:] for line in self.shown)

    def is_met_by(self, printed: str) -> bool:
        """Say whether what was printed is what the page shows."""
        lines = [line.rstrip() + "\n" for line in printed.splitlines()]
        return re.fullmatch("".join(map(_pattern, self.expected)), "".join(lines)) is not None


def pages() -> list[Path]:
    """Return the pages of the documentation, those in the root first."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def steps(text: str) -> Iterator[Step]:
    """Yield the commands of a page's sessions, in order."""
    for block in _SESSION.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        lines = block[1].splitlines()
        starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
        if lines and starts[:1] != [0]:
            raise ValueError(f"line {first}: a session begins with a command")
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            output = start + 1
            while output < end and lines[output].startswith("> "):
                output += 1
            yield Step(first + start, tuple(lines[start:output]), tuple(lines[output:end]))


def _pattern(line: str) -> str:
    if _ANYTHING.fullmatch(line):
        return r"(?:.*\n)*?"
    return ".*".join(map(re.escape, _ANYTHING.split(line.rstrip()))) + r"\n"


def run(step: Step, folder: Path, more: Mapping[str, str] | None = None) -> str:
    """Run a command in a page's folder, with a database of the page's own, and return what it prints.

    `more` is what its environment holds besides.
    """
    commands = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "IOTAGG_DB": str(folder / "iotagg.db"),
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        **(more or {}),
    }
    if _NO_SHELL.fullmatch(step.command):
        return _run_here(step.command.split()[1:], folder, environment)
    done = subprocess.run(  # noqa: S602 (the pages are part of the project; readers paste them into a shell too)
        step.command,
        shell=True,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=_LONGEST_RUN,
        check=False,
    )
    return done.stdout


def _run_here(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    # As a process of its own would, but for the start of Python, which is most of the work of most commands.
    printed = io.BytesIO()
    with ExitStack() as stack:
        stack.enter_context(chdir(folder))
        stack.enter_context(patch.dict(os.environ, environment, clear=True))
        stack.enter_context(patch.object(sys, "stdin", stack.enter_context(Path(os.devnull).open(encoding="utf-8"))))
        terminal = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
        stack.enter_context(redirect_stdout(terminal))
        stack.enter_context(redirect_stderr(terminal))
        iotagg(arguments)
        terminal.flush()
        terminal.detach()
    return printed.getvalue().decode()


def differences(page: Path, folder: Path, more: Mapping[str, str] | None = None) -> Iterator[tuple[Step, str]]:
    """Run a page's sessions in a folder; yield the commands that print something else, and what they print."""
    for step in steps(page.read_text(encoding="utf-8")):
        printed = run(step, folder, more)
        if not step.is_met_by(printed):
            yield step, printed


def _updated(page: Path, found: list[tuple[Step, str]]) -> str:
    lines = page.read_text(encoding="utf-8").splitlines()
    for step, printed in reversed(found):
        begin = step.line - 1 + len(step.shown)
        lines[begin : begin + len(step.expected)] = [line.rstrip() for line in printed.splitlines()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Compare all pages with what their sessions print, or bring them up to date."""
    stale = 0
    for page in (page for page in pages() if page.name not in ON_AN_ENGINE):
        with tempfile.TemporaryDirectory() as folder:
            found = list(differences(page, Path(folder).resolve()))
        for step, printed in found:
            stale += 1
            sys.stdout.write(f"{page.relative_to(ROOT)}:{step.line}: {step.command}\n{printed}\n")
        if found and "--update" in arguments:
            page.write_text(_updated(page, found), encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
