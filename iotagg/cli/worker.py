"""iotagg worker: count what arrives in a bucket, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.cli.options import COUNT, SECONDS
from iotagg.parallel import cores

if TYPE_CHECKING:
    from iotagg.cli.session import Session


@click.command()
@click.option("--processes", type=COUNT, help="How many; without it, one per core.")
@click.option(
    "--sweep-every",
    type=click.IntRange(0, 10**9),
    default=300,
    show_default=True,
    help="Seconds between two sweeps, which finish what was left; 0 leaves them to others.",
)
@click.option(
    "--stop-when-idle", type=SECONDS, metavar="SECONDS", help="End when there has been nothing to do so long."
)
@click.option(
    "--health-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write state and counters there, as JSON, every second.",
)
@click.pass_obj
def worker(
    session: Session,
    processes: int | None,
    sweep_every: int,
    stop_when_idle: float | None,
    health_file: Path | None,
) -> None:
    """Count files as they arrive in the stack's bucket, until told to stop.

    It takes messages from both queues, works on all cores, and sweeps up what was left. SIGTERM, Ctrl-C and the notice
    that a spot instance is interrupted let it finish what it has begun, or give that back. However it ends, everything
    is counted once: whatever it leaves comes to another worker, or to the next one.

    Examples:

    \b
        iotagg worker
        iotagg worker --processes 4 --stop-when-idle 60
    """
    from iotagg.crew import Crew, counted, log_to_stderr  # noqa: PLC0415 (local commands need nothing of AWS)
    from iotagg.jobs.cloud import Settings  # noqa: PLC0415
    from iotagg.worker import Duties  # noqa: PLC0415

    log_to_stderr()
    poll_seconds = 20 if stop_when_idle is None else max(1, min(20, int(stop_when_idle)))
    duties = Duties(poll_seconds=poll_seconds, sweep_seconds=sweep_every, idle_seconds=stop_when_idle)
    counts = Crew(session.stack(), Settings.named_by(), duties, processes or cores(), health_file).run()
    click.echo(counted(counts))
