"""iotagg status: how the database or the stack stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.options import json_option
from iotagg.cli.printing import plural, print_json, readable_path
from iotagg.core.cells import printable
from iotagg.core.inflating import library_in_use
from iotagg.core.native import reader_in_use
from iotagg.listing import status as store_status

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.stores.protocol import Store
    from iotagg.workload import PendingFile, QueueLoad, Workload

_WIDTH = 13
_QUIET_DAYS = 1  # a site that sent nothing on a whole day is shown, unless IOTAGG_QUIET_DAYS says otherwise


@click.command()
@json_option
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show how the database stands, and where it lies; of a stack, also what waits for its workers.

    Example:

    \b
        iotagg status
    """
    if session.in_cloud:
        _of_stack(session, as_json=as_json)
        return
    with session.database_store() as store:
        facts = {"database": str(store.file_path), "bytes": store.file_path.stat().st_size, **_facts(store)}
    if as_json:
        print_json(facts)
    else:
        _print(facts, 10)


def _facts(store: Store) -> dict[str, Any]:
    found = store_status(store)
    return {
        "sites": found.sites,
        "files": found.files,
        "flows": found.flows,
        "rejected": found.rejected,
        "first_day": found.first_day or None,
        "last_day": found.last_day or None,
        "reader": reader_in_use(),
        "gzip": library_in_use(),
    }


def _print(facts: dict[str, Any], width: int) -> None:
    notes = {
        "rejected": " (lines of files that are counted)",
        "reader": f", gzip by {facts['gzip']}" + (" (on this machine)" if "bucket" in facts else ""),
    }
    for fact, value in facts.items():
        if fact != "gzip":
            click.echo(f"{fact.replace('_', ' '):<{width}} {readable(value)}{notes.get(fact, '')}")


def readable(value: object) -> str:
    """Return a fact as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {state}" for state, count in value.items()) or "none"
    if isinstance(value, list):
        return printable(", ".join(value)) or "none"
    return f"{value:,}" if isinstance(value, int) else printable(str(value or "none"))


def _of_stack(session: Session, *, as_json: bool) -> None:
    stack, cloud = session.stack(), session.cloud()
    from iotagg.jobs.cloud import Settings  # noqa: PLC0415 (local commands need nothing of AWS)
    from iotagg.jobs.silence import silent_sites  # noqa: PLC0415
    from iotagg.workload import workload  # noqa: PLC0415

    facts = {"bucket": stack.bucket, "table": stack.table, **_facts(cloud.store)}
    work = workload(cloud)
    if as_json:
        print_json(facts | _as_json(work) | {"last_files": cloud.arrivals.last_days()})
        return
    _print(facts, _WIDTH)
    for name, load in work.queues.items():
        click.echo(f"{f'{name} queue':<{_WIDTH}} {_load(load)}")
    click.echo(f"{'pending':<{_WIDTH}} {plural(work.pending_files, 'file') if work.pending_files else 'none'}")
    for pending in work.pending:
        click.echo(f"{'':<{_WIDTH}} {_pending(pending)}")
    if work.pending_files > len(work.pending):
        click.echo(f"{'':<{_WIDTH}} and {plural(work.pending_files - len(work.pending), 'younger file')}")
    for site, day in silent_sites(cloud, Settings.named_by().quiet_days or _QUIET_DAYS).items():
        click.echo(f"{'silent':<{_WIDTH}} {site}: the last file came on {day}")


def _as_json(work: Workload) -> dict[str, Any]:
    queues = {
        name: asdict(load.depth) | {"dead_letters": load.dead_letters, "oldest_seconds": load.oldest_seconds}
        for name, load in work.queues.items()
    }
    return {
        "queues": queues,
        "pending_files": work.pending_files,
        "oldest_pending_seconds": work.pending[0].seconds if work.pending else None,
        "pending": [asdict(pending) for pending in work.pending],
    }


def _load(load: QueueLoad) -> str:
    age = f"{load.oldest_seconds:,.0f} s" if load.oldest_seconds is not None else "unknown"
    depth = load.depth
    dead = "no queue for dead letters" if load.dead_letters is None else plural(load.dead_letters, "dead letter")
    return f"{depth.waiting:,} waiting, {depth.in_flight:,} in work, {depth.delayed:,} delayed, {dead}, oldest: {age}"


def _pending(pending: PendingFile) -> str:
    done = f"{pending.applied:,} of {plural(pending.chunks, 'chunk')}"
    return f"{readable_path(pending.file)} ({pending.site}): {done}, for {pending.seconds:,} s"
