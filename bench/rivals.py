"""Who races: iotagg with and without its compiled scanner, other programs that do the same job, and the floors."""

from __future__ import annotations

import configparser
import importlib.util
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.settings import Ground, Task

SCANNER = "iotagg.core._scanner"
IOTAGG, PURE, DRY = "iotagg", "iotagg, pure Python", "iotagg upload --dry-run"
FLOOR, SPLIT, INFLATE = "wc -l", "bare split loop", "inflate only"
POLARS, DUTIES, UPLOAD, DUCKDB_UPSERT = "polars", "polars, same duties", "iotagg upload", "duckdb upsert"
_WITHOUT_SCANNER = f"import sys; sys.modules['{SCANNER}'] = None; "
_MILLER = (
    "put '$w = substr($w, 0, 9); $l = $d & 16383; $h = $d >> 14; $m = $p & 16383; $g = $p >> 14;"
    " $hh = $h * $h; $hl = $h * $l; $ll = $l * $l; $gg = $g * $g; $gm = $g * $m; $mm = $m * $m'"
    " then stats1 -a count,sum -f d,hh,hl,ll,p,gg,gm,mm -g s,t,w"
    " then cut -o -f s,t,w,d_count,d_sum,hh_sum,hl_sum,ll_sum,p_sum,gg_sum,gm_sum,mm_sum"
)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to do a task: its command for a ground and a place to write to; what it needs, and what it cannot do.

    `unable` gives the reason by kind, or by `pipe`, `gz`, `gz pipe`. What it leaves is a `table` in that place, one
    whose squares are still in `halves`, an `outcome` that iotagg prints, or nothing to compare.
    """

    name: str
    command: Callable[[Ground, Path], list[str]]
    needs: str = ""
    leaves: str = "table"
    task: Task = "summarize"
    unable: dict[str, str] = field(default_factory=dict)
    only_packed: bool = False

    def missing(self) -> str:
        """Return why it is not there, or nothing."""
        if self.needs.startswith("python "):
            module = self.needs.removeprefix("python ")
            return "" if importlib.util.find_spec(module) else f"{module} is not installed"
        return "" if not self.needs or shutil.which(self.needs) else f"{self.needs} is not installed"

    def cannot(self, ground: Ground) -> str:
        """Return why it cannot do a setting, or nothing."""
        setting = ground.setting
        form = " ".join(["gz"] * setting.packed + ["pipe"] * setting.piped)
        return self.unable.get(setting.kind) or self.unable.get(form, "")


def ways(task: Task) -> list[Way]:
    """Return all ways to do a task, present or not."""
    return [
        way for way in (*_of_iotagg(), *_of_python(), *_of_programs(), *_floors(), *_of_uploads()) if way.task == task
    ]


def check_ways() -> list[Way]:
    """Return the ways that say what the table should be: iotagg's own reading, which all others are held against."""
    return [way for way in _of_iotagg() if way.leaves == "table"]


def _of_iotagg() -> list[Way]:
    return [
        Way(IOTAGG, _python("by_iotagg"), f"python {SCANNER}"),
        Way(PURE, _python("by_iotagg", before=_WITHOUT_SCANNER)),
        Way(DRY, _command("", ("upload", "--dry-run")), leaves="outcome"),
    ]


def _of_python() -> list[Way]:
    no_quotes = {"quotes": "it splits at commas inside quotes too", "odd": "it stops at the first odd line"}
    return [
        Way(POLARS, _python("by_polars"), "python polars"),
        Way(DUTIES, _python("by_polars", "main_with_duties"), "python polars"),
        Way("duckdb", _python("by_duckdb"), "python duckdb", unable={"gz pipe": "it does not unpack standard input"}),
        Way("pyarrow", _python("by_pyarrow"), "python pyarrow"),
        Way("pandas", _python("by_pandas"), "python pandas"),
        Way(SPLIT, _python("by_split"), unable=no_quotes),
        Way("csv module", _python("by_csv")),
    ]


def _of_programs() -> list[Way]:
    no_quotes = {"quotes": "it splits at commas inside quotes too", "odd": "it splits at commas inside quotes too"}
    no_odd = {"odd": "it has no word for what of a row was cut off"}
    return [
        Way("Miller", _miller, "mlr", "halves", unable=no_odd),
        *(Way(name, _awk(name), name, "halves", unable=no_quotes) for name in ("mawk", "gawk")),
    ]


def _floors() -> list[Way]:
    return [
        Way(INFLATE, _python("by_inflate"), leaves="", only_packed=True),
        Way(FLOOR, lambda ground, _: _shell(ground, "wc -l"), "wc", ""),
        Way("cat", lambda ground, _: _shell(ground, "cat"), "cat", ""),
    ]


def _of_uploads() -> list[Way]:
    return [
        Way(UPLOAD, _command("", ("upload",), database=True), f"python {SCANNER}", "database", "upload"),
        Way(f"{UPLOAD}, dry run", _command("", ("upload", "--dry-run")), f"python {SCANNER}", "outcome", "upload"),
        Way(f"{PURE}, upload", _command(_WITHOUT_SCANNER, ("upload",), database=True), "", "database", "upload"),
        Way(f"{PURE}, dry run", _command(_WITHOUT_SCANNER, ("upload", "--dry-run")), "", "outcome", "upload"),
        Way(DUCKDB_UPSERT, _python("by_duckdb", "main_upsert"), "python duckdb", "duckdb", "upload"),
    ]


def _command(before: str, words: tuple[str, ...], *, database: bool = False) -> Callable[[Ground, Path], list[str]]:
    # What the installed command does, word for word, with something done before.
    module, function = entry_point()
    program = f"{before}import sys; from {module} import {function}; sys.exit({function}())"

    def command(ground: Ground, out: Path) -> list[str]:
        path = "/dev/stdin" if ground.setting.piped else str(ground.file)
        store = str(out if database else out.with_name("none.db"))
        return [sys.executable, "-c", program, "--db", store, *words, "--json", path]

    return command


def entry_point() -> tuple[str, str]:
    """Return the module and the function that the installed command calls."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    scripts = settings["options.entry_points"]["console_scripts"].split("\n")
    called = next(script.partition("=")[2].strip() for script in scripts if script.startswith("iotagg"))
    module, _, function = called.partition(":")
    return module, function


def _python(module: str, function: str = "main", before: str = "") -> Callable[[Ground, Path], list[str]]:
    program = f"{before}from bench.engines.{module} import {function}; {function}()"

    def command(ground: Ground, out: Path) -> list[str]:
        setting = ground.setting
        path = "-" if setting.piped else str(ground.file)
        used, names = ",".join(map(str, ground.used)), "\x1f".join(ground.names)
        return [sys.executable, "-c", program, path, str(out), setting.kind, "gz" * setting.packed, used, names]

    return command


def _shell(ground: Ground, command: str, out: str = "") -> list[str]:
    # In a shell only where the content has to be unpacked on its way.
    file = [] if ground.setting.piped else [str(ground.file)]
    if not ground.setting.packed:
        return ["sh", "-c", f'exec {command} "$@"{out}', "sh", *file]
    return ["sh", "-c", f'gzip -dc "$@" | {command}{out}', "sh", *file]


def _awk(name: str) -> Callable[[Ground, Path], list[str]]:
    def command(ground: Ground, out: Path) -> list[str]:
        places = " ".join(f"-v {letter}={place + 1}" for letter, place in zip("abcde", ground.used, strict=True))
        program = ROOT / "bench" / "engines" / "sums.awk"
        return _shell(ground, f"{name} -F, {places} -f {program}", f" > {out}")

    return command


def _miller(ground: Ground, out: Path) -> list[str]:
    names = [ground.names[place].replace("'", "") for place in ground.used]
    renamed = ",".join(f"{name},{letter}" for name, letter in zip(names, "stwdp", strict=True))
    chain = f"cut -o -f '{','.join(names)}' then rename '{renamed}' then {_MILLER}"
    return _shell(ground, f"mlr --icsv --ocsv --headerless-csv-output {chain}", f" > {out}")
