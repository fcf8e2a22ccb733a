"""What a stack's workers have not counted yet, said to whoever asks for figures meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.cli.printing import plural, print_error

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.stores.protocol import Store


def say_what_is_missing(session: Session, store: Store, site: str) -> None:
    """Print a line when files are pending, or messages about files wait for a worker; nothing on one machine."""
    if not session.in_cloud:
        return
    pending = sum(1 for each in ([site] if site else store.sites()) for _ in store.pending(each))
    waiting = session.cloud().files.depth().total
    if pending or waiting:
        print_error(
            f"{plural(pending, 'file')} pending, {plural(waiting, 'message')} about files waiting for a worker:"
            " what is shown is not complete yet; see iotagg status"
        )


def say_what_a_copy_lacks(session: Session) -> None:
    """Print a line when messages about files wait for a worker: what has been read is in a copy, also while pending."""
    waiting = session.cloud().files.depth().total
    if waiting:
        print_error(
            f"{plural(waiting, 'message')} about files waiting for a worker: what they tell of is not in the copy yet;"
            " see iotagg status"
        )
