"""What was found of silences, devices, sites, files and the sample's stories, as tables."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from bench.findings_tables import only
from bench.report import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Found = dict[str, Any]


def silences(found: Sequence[Found]) -> Table:
    """Return how often a silence is told, and how late."""
    delays: dict[str, list[int | None]] = {}
    for each in only(found, "silence"):
        delays.setdefault(each["presence"], []).extend(each["delays"])
    rows = []
    for presence, all_delays in delays.items():
        told = sorted(delay for delay in all_delays if delay is not None)
        late = (median(told), told[len(told) * 95 // 100]) if told else (None, None)
        rows.append((f"pairs there {presence}", len(all_delays), len(told) / len(all_delays), *late))
    return Table("Silence", ("of", "events", "told", "days after its last day: half by", "95 % by"), rows)


def of_devices_and_files(found: Sequence[Found]) -> Table:
    """Return what is found of devices, sites and files."""
    rows = [*_group(found, "device", lambda each: _device_in_words(each["size"], each["of"]))]
    rows += _group(found, "site", lambda _: "a site sent nothing for a day")
    events = [each for each in only(found, "rejects") if each["share"]]
    rows += _group(
        events, "rejects", lambda each: f"{100 * each['share']:g} % of a file's rows rejected, usually 0.01 %"
    )
    return Table("Other kinds", ("planted", "events", "found"), rows)


def _device_in_words(size: int, of: str) -> str:
    of_which = "a device with few new peers" if of == "quiet" else "any device, those with ever new peers included"
    return f"{'a new pair' if size == 1 else f'{size} new destinations'} of {of_which}"


def _group(found: Sequence[Found], what: str, named: Callable[[Found], str]) -> list[tuple[str, int, float]]:
    groups: dict[str, list[bool]] = {}
    for each in only(found, what):
        groups.setdefault(named(each), []).append(each["found"])
    return [(name, len(hits), sum(hits) / len(hits)) for name, hits in groups.items()]


def sample(found: Sequence[Found]) -> Table:
    """Return what is found of the sample's stories."""
    rows = [(each["kind"], each["planted"], each["found"]) for each in only(found, "sample")]
    return Table("Stories of the sample", ("kind", "planted", "found"), rows)
