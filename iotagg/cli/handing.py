"""Files on their way to a stack, as iotagg upload prints it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from iotagg.aws.web_files import WebFile
from iotagg.cli.keys import say_if_mixed
from iotagg.cli.printing import readable_path
from iotagg.cli.progress import Progress
from iotagg.cli.waiting import say_not_settled
from iotagg.core.outcome import Outcome
from iotagg.errors import FileRefused
from iotagg.following import Handed, Patience, await_outcome, look
from iotagg.parcels import Parcel, parcels
from iotagg.sources import Nothing, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from iotagg.cli.report import Report
    from iotagg.cli.session import Session
    from iotagg.pipeline import Request
    from iotagg.stores.protocol import Store


def hand_over(
    session: Session, paths: Sequence[str], request: Request, jobs: int | None, wait: float | None, report: Report
) -> int:
    """Put files into the bucket, wait for what becomes of them if asked to, and return the exit code."""
    found = list(parcels(paths, request.site))
    for place in found:
        if isinstance(place, Nothing):
            outcome = Outcome(place.name, request.site, "refused", reason=place.reason)
            report.count(outcome)
            report.show(outcome)
    files = [place for place in found if isinstance(place, Parcel)]
    if request.dry_run:
        _list(files, request, report)
        return 1 if report.states["refused"] else 0
    _send(session, files, request, jobs, wait, report)
    if len(found) > 1:
        report.summarize()
    if wait is not None and report.states["pending"]:
        return say_not_settled(report.states["pending"], wait)
    return 1 if report.states["refused"] else 0


def _list(files: list[Parcel], request: Request, report: Report) -> None:
    for parcel in files:
        reason = _unreadable(parcel, request)
        outcome = Outcome(parcel.file, request.site, "refused" if reason else "pending", reason=reason)
        if not report.count(outcome):
            continue
        if report.as_json or reason:
            report.show(outcome, key=parcel.key)
        else:
            click.echo(f"{'would be sent':<15}  {readable_path(parcel.file)}  as {parcel.key}")


def _unreadable(parcel: Parcel, request: Request) -> str:
    # Only what can be read twice is tried: a pipe has nothing left for the upload then.
    if isinstance(parcel.source, WebFile) or parcel.source.is_fifo():
        return ""
    try:
        with opened(parcel.source) as content:
            if request.pseudonymisation is not None:
                deque(request.pseudonymisation.blocks(content), maxlen=0)
            return ""
    except FileRefused as reason:
        return str(reason)


def _send(
    session: Session, files: list[Parcel], request: Request, jobs: int | None, wait: float | None, report: Report
) -> None:
    cloud = session.cloud()
    from iotagg.sending import JOBS, send_all  # noqa: PLC0415 (local commands need nothing of AWS)

    say_if_mixed(cloud.store, request)
    with Progress(sum(parcel.size for parcel in files)) as progress:
        handed = send_all(cloud, files, request, jobs or JOBS, progress.passed, followed=wait is not None)
        for parcel, outcome in zip(files, _outcomes(cloud.store, handed, wait), strict=True):
            if report.count(outcome):
                with progress.room():
                    report.show(outcome, key=parcel.key)


def _outcomes(store: Store, handed: Iterable[Handed | Outcome], wait: float | None) -> Iterator[Outcome]:
    patience = Patience(wait or 0)
    counted: set[str] = set()
    for each in handed:
        if isinstance(each, Outcome):
            yield each
        elif wait is None:
            # What was there already may be settled already.
            yield (None if each.sent else look(store, each)) or each.outcome
        else:
            outcome = await_outcome(store, each, patience)
            if outcome.state == "counted" and outcome.contribution in counted:
                outcome = replace(outcome, state="already counted")  # under another name, a moment ago
            counted.add(outcome.contribution)
            yield outcome
