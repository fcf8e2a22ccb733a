"""All that there is to be seen of a store, in whichever store it lies; and a store that a process dies over."""

from __future__ import annotations

from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from iotagg.core.contribution import Name
from iotagg.core.ledger import PathRecord
from iotagg.export import DAILY_COLUMNS, SUMMARY_COLUMNS, all_histories, daily_rows, summary_row, write_rows
from iotagg.listing import files
from tests.pipeline.csvs import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.stores.protocol import Store

WRITES = frozenset(
    (
        *("keep", "keep_rejects", "move", "refuse", "advance", "apply", "settled"),
        *("erase", "keep_forgotten", "raise_floor"),
    )
)


def exported(store: Store) -> str:
    """Return the daily export and the summary of every pair."""
    out = StringIO()
    write_rows((row for pair in all_histories(store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
    write_rows(map(summary_row, all_histories(store)), SUMMARY_COLUMNS, out)
    return out.getvalue()


def seen(store: Store) -> dict[str, Any]:
    """Return what commands print of a store, what it adds up to, and what it knows of each path."""
    outcomes = list(files(store))
    named = [Name.parse(outcome.site, outcome.contribution) for outcome in outcomes if outcome.contribution]
    return {
        "export": exported(store),
        "sums": everything(store),
        "files": [outcome.as_json() for outcome in outcomes],
        "rejects": {str(name): list(store.rejects(name)) for name in named},
        "paths": [path for site in store.sites() for path in store.paths(site) if path != PathRecord(site, path.path)],
        "in": [(record.name, record.is_in) for site in store.sites() for record in store.files(site)],
    }


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A store whose process is killed before one of its writes, or after it; what is written stays."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self.left = writes

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        return self._counted(attribute) if name in WRITES else attribute

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        assert keep
        yield  # what a transaction holds together is the easier case

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*arguments: Any, **more: Any) -> Any:
            if not self.left:
                raise Killed
            self.left -= 1
            return write(*arguments, **more)

        return dying
