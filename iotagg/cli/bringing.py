"""How a command brings a file in or out by itself: of a stack, without handing the work over to its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.pipeline import Bring


def bring_here(session: Session) -> Bring | None:
    """Return what brings a contribution to a revision in this process; None for a database, which needs nothing."""
    if not session.in_cloud:
        return None
    session.cloud()
    from iotagg.jobs.consolidate import consolidate_here  # noqa: PLC0415 (local commands need nothing of AWS)

    return consolidate_here
