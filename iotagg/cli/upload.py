"""iotagg upload: count flow files, or hand them over to those who count."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.cli.keys import say_if_mixed
from iotagg.cli.options import COUNT, SECONDS, SITE, Checked, json_option
from iotagg.cli.progress import Progress
from iotagg.cli.reading import reading_options
from iotagg.cli.report import Report
from iotagg.cli.waiting import WaitingCommand, wait_option
from iotagg.core.flows import MAX_PAIR_DAYS
from iotagg.core.ledger import OnChange, Policy
from iotagg.core.outcome import Outcome
from iotagg.core.tolerance import Tolerance
from iotagg.parallel import cores, upload_all
from iotagg.pipeline import Request
from iotagg.sources import Nothing, file_bytes, find_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.cli.session import Session
    from iotagg.core.dialect import ReadingOptions
    from iotagg.core.pseudonymised import Pseudonymisation
    from iotagg.stores.protocol import Store

SETTLE_SECONDS = 10.0


@click.command(cls=WaitingCommand)
@click.argument("paths", nargs=-1)
@click.option("--site", type=SITE, default="default", show_default=True, help="The branch that the files come from.")
@reading_options
@click.option(
    "--max-rejects",
    "tolerance",
    type=Checked("N|P%", Tolerance.parse),
    default=Tolerance(),
    help="Refuse files with more rejected rows, such as 20 or 1%.",
)
@click.option("--replace", is_flag=True, help="A known path with other content: the new content corrects the old.")
@click.option("--add", is_flag=True, help="A known path with other content: other traffic under an old name.")
@click.option("--again", is_flag=True, help="Count files again that were retracted or erased.")
@click.option(
    "--max-pair-days",
    type=COUNT,
    default=MAX_PAIR_DAYS,
    show_default=True,
    help="Refuse files with more pairs and days; memory grows with them. On a stack, its workers decide.",
)
@click.option(
    "--jobs",
    type=COUNT,
    help="How many processes read; without it, one per core. To a stack, how many files are sent at once (4).",
)
@click.option("--dry-run", is_flag=True, help="Say what would become of the files; count nothing.")
@wait_option
@click.option(
    "--watch",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Keep running: take the files that appear or change in this folder, until interrupted.",
)
@click.option(
    "--settle",
    type=SECONDS,
    default=SETTLE_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="With --watch, take a file when it has been left alone for so long.",
)
@click.option("-q", "--quiet", is_flag=True, help="Only refused files, and the last line.")
@json_option
@click.pass_obj
def upload(
    session: Session,
    paths: tuple[str, ...],
    site: str,
    reading: ReadingOptions,
    pseudonymisation: Pseudonymisation | None,
    tolerance: Tolerance,
    replace: bool,
    add: bool,
    again: bool,
    max_pair_days: int,
    jobs: int | None,
    dry_run: bool,
    wait: float | None,
    watch: str | None,
    settle: float,
    quiet: bool,
    as_json: bool,
) -> int:
    """Count flow files, folders of them (.csv, .csv.gz) or patterns.

    Each file counts once, however often it is uploaded and whatever it is called. A file that has grown replaces
    itself. Rows that cannot be counted are kept with their line and reason: see iotagg files NAME --rejects.

    On a stack, files go into its bucket for the workers to count, under keys that begin with incoming/SITE/ and the
    name of the folder that is uploaded; files may also be named by their https:// address.

    Examples:

    \b
        iotagg upload flows.csv
        iotagg upload --site paris branch-files/
        iotagg upload --site tokyo 'archive/2022-*.csv.gz' --max-rejects 1%
        iotagg upload --site paris branch-files/ --wait
        iotagg upload --site paris --watch branch-files/
        iotagg upload --site paris --pseudonym-key branches.key branch-files/
    """
    _check(paths, watch, (replace, add), (dry_run, wait is not None))
    on_change: OnChange = "replace" if replace else "add" if add else "refuse"
    request = Request(
        site=site,
        reading=reading,
        policy=Policy(on_change, again),
        tolerance=tolerance,
        max_pair_days=max_pair_days,
        dry_run=dry_run,
        pseudonymisation=pseudonymisation,
    )
    report = Report(quiet=quiet, as_json=as_json, dry_run=dry_run)
    if watch is not None:
        from iotagg.cli.watch import watch as watch_folder  # noqa: PLC0415 (counting begins sooner without)

        return watch_folder(session, watch, request, settle, report)
    if session.in_cloud:
        from iotagg.cli.handing import hand_over  # noqa: PLC0415 (it takes an HTTP client)

        return hand_over(session, paths, request, jobs, wait, report)
    return _Counting(session, request, jobs, report).count(paths)


def _check(
    paths: tuple[str, ...], watch: str | None, replace_add: tuple[bool, bool], dry_run_wait: tuple[bool, bool]
) -> None:
    if all(replace_add):
        raise click.UsageError("--replace and --add exclude each other")
    if watch is None and not paths:
        raise click.UsageError("name files or folders, or a folder to --watch")
    if watch is not None and not Path(watch).is_dir():
        raise click.UsageError(f"--watch {watch}: no such folder")
    if watch is not None and (paths or any(dry_run_wait)):
        raise click.UsageError("--watch takes no other files, and neither --dry-run nor --wait: it follows each file")


@dataclass(frozen=True, slots=True)
class _Counting:
    """Files, counted into a database by this machine."""

    session: Session
    request: Request
    jobs: int | None
    report: Report

    def count(self, paths: tuple[str, ...]) -> int:
        found = list(find_files(paths))
        files = [place for place in found if not isinstance(place, Nothing)]
        missing = [
            Outcome(place.name, self.request.site, "refused", reason=place.reason)
            for place in found
            if isinstance(place, Nothing)
        ]
        self._count(missing, files)
        if len(found) > 1:
            self.report.summarize()
        return 1 if self.report.states["refused"] else 0

    def _count(self, missing: list[Outcome], files: list[Path]) -> None:
        if self.session.database.exists():
            with self.session.database_store() as store:
                say_if_mixed(store, self.request)
        opener, jobs = self._opener()
        with Progress(sum(map(file_bytes, files))) as progress:
            outcomes = upload_all(opener, files, self.request, jobs or cores(), progress.passed)
            for outcome in chain(missing, outcomes):
                if self.report.count(outcome):
                    with progress.room():
                        self.report.show(outcome)

    def _opener(self) -> tuple[Callable[[], Store], int | None]:
        # What opens the store, and in how many processes.
        if self.request.dry_run and not self.session.database.exists():
            from iotagg.stores.memory import MemoryStore  # noqa: PLC0415 (all else is counted into a database)

            return MemoryStore, 1
        return self.session.opener(), self.jobs
