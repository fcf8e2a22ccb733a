"""What `iotagg export --all` and `iotagg files --json` are to print, worked out plainly from the files themselves."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from tests.chaos.traffic import reading_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.traffic import File, Traffic

COLUMNS = (
    "site,src_ip,dst_ip,first_day,last_day,days,flows,flow_duration_us,fwd_packets,"
    "flow_duration_us_mean,flow_duration_us_stddev,fwd_packets_mean,fwd_packets_stddev,"
    "flow_duration_us_per_flow_mean,flow_duration_us_per_flow_stddev,"
    "fwd_packets_per_flow_mean,fwd_packets_per_flow_stddev"
)
_DIGITS = 100  # far more than a double has, so that it is the nearest one
Days = dict[str, list[int]]


def export(traffic: Traffic) -> bytes:
    """Return the export of all pairs."""
    pairs: dict[tuple[str, str, str], Days] = defaultdict(lambda: defaultdict(lambda: [0] * 5))
    for site, reading in traffic.readings():
        for (source, destination, day), figures in reading.days.items():
            sums = pairs[site, source, destination][day]
            sums[:] = [known + more for known, more in zip(sums, figures, strict=True)]
    rows = [",".join((*pair, *_figures(days))) for pair, days in sorted(pairs.items())]
    return ("\n".join([COLUMNS, *rows]) + "\n").encode()


def _figures(days: Days) -> list[str]:
    flows, duration, duration_squares, packets, packets_squares = map(sum, zip(*days.values(), strict=True))
    durations, packet_counts = [day[1] for day in days.values()], [day[3] for day in days.values()]
    return [
        *(min(days), max(days)),
        *map(str, (len(days), flows, duration, packets)),
        *_mean_and_deviation(len(days), duration, sum(daily**2 for daily in durations)),
        *_mean_and_deviation(len(days), packets, sum(daily**2 for daily in packet_counts)),
        *_mean_and_deviation(flows, duration, duration_squares),
        *_mean_and_deviation(flows, packets, packets_squares),
    ]


def _mean_and_deviation(count: int, total: int, squares: int) -> tuple[str, str]:
    mean = repr(total / count)  # of integers, which Python divides exactly before it rounds
    if count == 1:
        return mean, ""
    with localcontext(prec=_DIGITS):
        return mean, repr(float((Decimal(count * squares - total**2) / (count * (count - 1))).sqrt()))


def files(traffic: Traffic) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what is to be listed of each file, by its site and name."""
    return {(file.site, file.name): _listed(file) for file in traffic.files}


def _listed(file: File) -> dict[str, Any]:
    reading = reading_of(file.held) if file.held is not None else None
    if reading is None:
        return {"state": file.state}
    return {
        "state": file.state,
        "content": hashlib.sha256(file.held or b"").hexdigest(),
        "lines": reading.lines,
        "counted": reading.counted,
        "rejected": len(reading.rejected),
        "blank": reading.blank,
        "headers": reading.headers,
    }


def as_listed(outcomes: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what was listed in the form of files(): all entries of a file, of which there should be one."""
    found = defaultdict(list)
    for outcome in outcomes:
        entry = {"state": outcome["state"]}
        if outcome["state"] == "counted":
            entry["content"] = outcome["contribution"].partition("-")[0]
            entry |= {count: outcome[count] for count in ("lines", "counted", "rejected", "blank", "headers")}
        found[outcome["site"], outcome["file"].rpartition("/")[2]].append(entry)
    return found
