"""What was counted on one machine is assessed when somebody first asks what stands out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.assess import assess_outstanding
from iotagg.cli.progress import Progress

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.stores.protocol import Store


def assess_what_came(session: Session, store: Store, site: str) -> None:
    """Assess what was counted or taken out since the last time; of a stack, its workers have done so.

    An upload leaves it to this: many files that touch the same pairs are assessed together, and nobody waits who does
    not ask.
    """
    if session.in_cloud:
        return
    files = sum(1 for each in ([site] if site else store.sites()) for _ in store.outstanding(each))
    with Progress(files, "file") as progress:
        assess_outstanding(store, site, progress.passed)
