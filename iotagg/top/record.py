"""An answer as records, for machines: version 1 of their keys is a promise, more may follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iotagg.core.metrics import METRICS
from iotagg.top.whole import total_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.stores.protocol import Store
    from iotagg.top.answer import Answer, Entry
    from iotagg.top.question import Question


def records(answer: Answer) -> list[dict[str, Any]]:
    """Return a record for each entry; `share`, of all that could have been listed, is not known yet."""
    return [_record(answer, entry) for entry in answer.entries]


def add_shares(found: list[dict[str, Any]], store: Store, sites: Sequence[str], question: Question) -> None:
    """Say in records which part each is of all that could have been listed; while files are unfinished, none is.

    It looks at what is known of every file.
    """
    if any(record["unfinished"] for record in found):
        return
    total = total_of(store, sites, question) if found else 0
    for record in found if total else ():
        record["share"] = record["value"] / total


def _record(answer: Answer, entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = {
        "site": entry.site,
        "src_ip": entry.source,
        "dst_ip": entry.destination,
        "first_day": entry.first_day,
        "last_day": entry.last_day,
        "days": entry.days,
        "flows": entry.flows,
        **{metric.name: total for metric, total in zip(METRICS, entry.totals, strict=True)},
        "value": _number(entry.value),
        "previous": entry.previous,
        "ratio": entry.ratio,
        "share": None,
        "trend": [_number(each) for each in entry.trend],
        "trend_from": answer.trend[0],
        "unfinished": answer.unfinished,
    }
    for side, name in (("src_ip", entry.source), ("dst_ip", entry.destination)):
        if not name:
            del record[side]
    return record


def _number(value: Any) -> int | float | None:
    # A fraction is rounded once, to the double nearest to it.
    return value if value is None or isinstance(value, int) else value.numerator / value.denominator
