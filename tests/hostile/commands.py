"""The command line as a whole, in this process: whatever is typed ends in 0, 1 or 2, with one line at the most."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from iotagg.cli.main import main
from tests.hostile.drawing import mutated
from tests.hostile.reading import flow_file
from tests.hostile.stored import damaged, database

if TYPE_CHECKING:
    from random import Random

# Not those that wait, that make as much as they are told to, or that AWS would have to answer.
_COMMANDS = (
    *("upload", "upload", "upload", "export", "export", "pairs", "files", "files", "status", "inspect", "inspect"),
    *("pseudonym", "backup", "restore", "restore", "forget", "retract", "cost", "exports", "redrive", "completion"),
)
_OPTIONS = (
    *("--site", "--json", "--dry-run", "--replace", "--add", "--again", "--max-rejects", "--map", "--day-order", "-n"),
    *("--duration-unit", "--pseudonym-key", "--max-pair-days", "--jobs", "--quiet", "--since", "--until", "--summary"),
    *("--all", "--src", "--dst", "--format", "-o", "--by", "--rejects", "--force", "--yes", "--device", "--before"),
    *("--new-key", "--reverse", "--devices", "--pair-days", "--prices", "--wait", "--help", "--", "-", "--settle"),
)
_VALUES = (
    *("a.csv", "b.csv.gz", "damaged.db", "whole.db", "key", "folder", "*.csv", "nothing", "..", "paris", "=1+1", "-x"),
    *("192.0.2.1", "192.0.2.2", "2001:db8::7", "2022-04-03", "2022-04", "9999-12-31", "0", "1", "-1", "9" * 30, "nan"),
    *("inf", "1e400", "1%", "dmy", "ms", "csv", "ndjson", "src=x", "flows", "packets", "bash", "a" * 300, "\x1b[31m"),
    *("\n", "", " ", "\udcff.csv", "\u202e", "a\nb.csv", "pair.csv", "pair.ndjson", "pair.xyz", "0a0a0a0a"),
)
_NAMES = ("a.csv", "b.csv.gz", "folder/c.csv", "folder/a\x1b[2J.csv", "folder/x\ny.csv")
_CODES = {0, 1, 2}


@cache
def _root() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="hostile-commands-")


def _arguments(random: Random) -> list[str]:
    chosen = ["--db", random.choice(("new.db", "whole.db", "whole.db", "damaged.db", "a.csv", "folder"))]
    chosen.append(random.choice(_COMMANDS))
    chosen.extend(random.choice(_OPTIONS if random.random() < 0.5 else _VALUES) for _ in range(random.randrange(7)))
    if random.random() < 0.2:
        at = random.randrange(1, len(chosen))
        text = mutated(random, chosen[at].encode("utf-8", "surrogateescape")).replace(b"\0", b"")
        chosen[at] = text.decode("utf-8", "surrogateescape")
    allowed = [text for text in chosen if not text.startswith(("--watch", "--stack", "s3:", "http", "/", "~"))]
    return [text for text in allowed if "../.." not in text]


def _prepare(random: Random, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "folder").mkdir(parents=True)
    for name in _NAMES:
        (folder / name).write_bytes(flow_file(random))
    (folder / "whole.db").write_bytes(database())
    (folder / "damaged.db").write_bytes(damaged(random, database()))
    (folder / "key").touch(0o600)
    (folder / "key").write_bytes(mutated(random, b"0a" * 32))


def run_command(random: Random) -> None:
    """Run a command with any options and values, among files of any content."""
    folder = Path(_root().name, "one", "two")
    _prepare(random, folder)
    arguments = _arguments(random)
    code, printed, said = run(folder, arguments)
    assert code in _CODES, (arguments, code)
    assert "Traceback" not in said, (arguments, said)
    errors = [line for line in said.splitlines() if line.startswith("iotagg: ")]
    assert len(errors) <= 3, (arguments, said)  # notes, and the error
    assert code != 2 or len(errors) == 1, (arguments, said)
    for line in [*said.split("\n"), *printed.split("\n")]:
        assert line.expandtabs().isprintable() or not line, (arguments, line)


def run(folder: Path, arguments: list[str]) -> tuple[int, str, str]:
    """Run a command in a folder; return its exit code, and what it printed on both streams."""
    out, err = BytesIO(), BytesIO()
    to_out = TextIOWrapper(out, "utf-8", "strict", "", write_through=True)  # as Python opens the standard streams
    to_err = TextIOWrapper(err, "utf-8", "backslashreplace", "", write_through=True)
    before, sys.stdin = sys.stdin, StringIO("")
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("IOTAGG_", "AWS_"))}
    try:
        with chdir(folder), redirect_stdout(to_out), redirect_stderr(to_err):
            code = main(arguments)
    finally:
        sys.stdin = before
        os.environ.update(kept)
    return code, out.getvalue().decode("utf-8", "surrogateescape"), err.getvalue().decode()
