"""All ways take turns on all grounds of a size, round by round, and are held against each other each time."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.agreement import compare, compare_outcome, table_of
from bench.options import Disagreement
from bench.processes import Failed, measured
from bench.rivals import IOTAGG, PURE, check_ways, ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.processes import Took
    from bench.rivals import Way
    from bench.settings import Ground

_LONGEST_REASON = 80
PATIENCE_SECONDS = 8.0  # what takes longer in the first turn has no others


@dataclass(slots=True)
class Race:
    """The ways that take part on a ground, the table that all must have, and who is left out, with the reason."""

    ground: Ground
    taking_part: list[Way] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    table: list[str] = field(default_factory=list)
    content: str = ""

    def result(self, way: str, **more: Any) -> dict[str, Any]:
        """Return a result as it is kept."""
        return {"setting": asdict(self.ground.setting), "way": way, **more}


def run_races(grounds: list[Ground], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield what each way took in each round, and which were left out and why. Raises Disagreement.

    A first turn is not counted: it checks results, and fills caches. It is what stands for those that take long.
    """
    with tempfile.TemporaryDirectory() as folder:
        races = [_prepared(ground, Path(folder)) for ground in grounds]
        for race in races:
            yield from _first_turn(race, Path(folder), last=not rounds)
        for number in range(1, rounds + 1):
            for race in races:
                turn = number % max(1, len(race.taking_part))
                for way in race.taking_part[turn:] + race.taking_part[:turn]:
                    took = _checked_turn(race, way, Path(folder))
                    yield race.result(way.name, round=number, **asdict(took))
                _say(f"{race.ground.setting}: round {number} of {rounds}")
        yield from (race.result(way, left_out=reason) for race in races for way, reason in race.left_out.items())


def _prepared(ground: Ground, folder: Path) -> Race:
    race = Race(ground)
    for way in ways(ground.setting.task):
        if way.only_packed and not ground.setting.packed:
            continue
        if reason := way.missing() or way.cannot(ground):
            race.left_out[way.name] = reason
        else:
            race.taking_part.append(way)
    with (gzip.open if ground.setting.packed else open)(ground.file, "rb") as content:
        race.content = hashlib.file_digest(content, "sha256").hexdigest()
    try:
        tables = _tables(race, folder)
    except Failed as reason:
        if not ground.setting.place:
            raise
        _leave_out_all(race, str(reason).rpartition("FileRefused: ")[2])
        return race
    race.table = tables[PURE]
    for name, table in tables.items():
        compare(f"{ground.setting}: {name}", table, PURE, race.table)
    return race


def _tables(race: Race, folder: Path) -> dict[str, list[str]]:
    tables = {}
    for way in check_ways():
        if not way.missing():
            _turn(race, way, folder)
            tables[way.name] = table_of(folder / "out", way.leaves)
    return tables


def _leave_out_all(race: Race, reason: str) -> None:
    race.taking_part, race.left_out = [], {f"file {race.ground.setting.place}": reason}


def _first_turn(race: Race, folder: Path, *, last: bool) -> Iterator[dict[str, Any]]:
    others = bool(race.ground.setting.place)  # the file of somebody else, which other programs may read otherwise
    for way in list(race.taking_part):
        try:
            took = _checked_turn(race, way, folder)
        except (Disagreement, Failed) as reason:
            if others and (refused := _refusal(folder / "printed")):
                _leave_out_all(race, refused)
                break
            if not others or way.name.startswith(IOTAGG):
                raise Disagreement(f"{race.ground.setting}: {reason}") from None
            race.taking_part.remove(way)
            race.left_out[way.name] = (
                "it reads this file otherwise" if isinstance(reason, Disagreement) else str(reason)[:_LONGEST_REASON]
            )
            continue
        if last or took.wall > PATIENCE_SECONDS:
            race.taking_part.remove(way)
            yield race.result(way.name, round=0, **asdict(took))
    _say(f"{race.ground.setting}: results agree")


def _refusal(printed: Path) -> str:
    # Why iotagg does not read a file at all, if that is what it printed.
    said = printed.read_text(encoding="utf-8") if printed.exists() else ""
    return str(json.loads(said)["reason"] or "") if said.startswith("{") else ""


def _checked_turn(race: Race, way: Way, folder: Path) -> Took:
    took = _turn(race, way, folder)
    check(race, way, folder)
    return took


def _turn(race: Race, way: Way, folder: Path) -> Took:
    out = folder / "out"
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    fed_by = ["cat", str(race.ground.file)] if race.ground.setting.piped else []
    try:
        return measured(way.command(race.ground, out), folder / "printed", fed_by=fed_by)
    except Failed as reason:
        raise Failed(f"{way.name}: {reason}") from None


def check(race: Race, way: Way, folder: Path) -> None:
    """Hold what a way left in a folder against what it should have left. Raises Disagreement."""
    out, printed = folder / "out", folder / "printed"
    if way.leaves in {"table", "halves"}:
        compare(way.name, table_of(out, way.leaves), PURE, race.table)
    elif way.leaves in {"outcome", "database"}:
        compare_outcome(way.name, printed.read_text(encoding="utf-8"), race.ground.lines, race.content)
    if way.leaves == "database":
        compare(way.name, _pairs_of_iotagg(out), PURE, _pairs(race.table))
    elif way.leaves == "duckdb":
        compare(way.name, _rows_of_duckdb(out), PURE, race.table)


def _pairs_of_iotagg(database: Path) -> list[str]:
    # By the command, as a person would ask for them: it sums up each pair's days, and shows no squares.
    program = "import sys; from iotagg.cli.main import main; sys.exit(main())"
    exported = database.with_name("exported")
    measured([sys.executable, "-c", program, "--db", str(database), "export", "--all"], exported)
    rows = (line.split(",") for line in exported.read_text(encoding="utf-8").splitlines()[1:])
    return sorted(f"{row[1]},{row[2]},{row[6]},{row[7]},{row[8]}" for row in rows)


def _pairs(table: list[str]) -> list[str]:
    sums: dict[str, list[int]] = {}
    for line in table:
        source, destination, _, flows, duration, _, packets, _ = line.split(",")
        of_pair = sums.setdefault(f"{source},{destination}", [0, 0, 0])
        for place, figure in enumerate((flows, duration, packets)):
            of_pair[place] += int(figure)
    return sorted(f"{pair},{flows},{duration},{packets}" for pair, (flows, duration, packets) in sums.items())


def _rows_of_duckdb(database: Path) -> list[str]:
    program, dumped = "from bench.engines.by_duckdb import main_dump; main_dump()", database.with_name("dumped")
    measured(
        [sys.executable, "-c", program, str(database), str(dumped), "clean", "", "0", ""], database.with_name("said")
    )
    return table_of(dumped, "table")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
