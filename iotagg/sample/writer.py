"""Writes the sample's files, each one whole or not at all."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from iotagg.sample.anomalies import Anomaly, plant
from iotagg.sample.chance import Chance, Purpose
from iotagg.sample.days import Site
from iotagg.sample.features import COLUMNS, TAILS_PER_PROTOCOL, ready_tails
from iotagg.sample.network import build_network
from iotagg.sample.options import ANOMALIES_FILE, SampleOptions
from iotagg.sample.pairs import Pair
from iotagg.sample.traffic import Stretch, draw_flows, stretches

_ANOMALY_COLUMNS = ("site", "day", "src_ip", "dst_ip", "kind", "detail")


def write_sample(folder: Path, options: SampleOptions) -> Iterator[Path]:
    """Write the sample below `folder` and yield each file's path once the file is complete.

    `<folder>/<site>/data-YYYYMMDD.csv` holds the flows that begin between 23:00 of the day before and 23:00 of that
    day. With anomalies, `<folder>/anomalies.csv` comes last and says what was planted. Files of these names that are
    already there are replaced.
    """
    tails = ready_tails(options.seed)
    sites = [_site(options, name) for name in options.sites]
    for site in sites:
        for number in range(options.days):
            yield _write_day(folder, site, options.first_day + timedelta(days=number), tails)
    if options.anomalies:
        yield _write_anomalies(folder, chain.from_iterable(site.anomalies for site in sites))


def _site(options: SampleOptions, name: str) -> Site:
    network = build_network(options, name)
    return Site(options, network, plant(options, network))


def _write_day(folder: Path, site: Site, day: date, tails: Sequence[str]) -> Path:
    path = folder / site.network.site / f"data-{day.isoformat().replace('-', '')}.csv"
    chance = Chance(site.options.seed, Purpose.FLOWS, site.network.site, day)
    with _whole(path) as file:
        file.write(f"{COLUMNS}\n".encode("ascii"))
        for stretch in stretches(site, day):
            for piece in stretch.pieces():
                file.write(_rows(piece, chance, tails).encode("ascii"))
    return path


def _write_anomalies(folder: Path, anomalies: Iterable[Anomaly]) -> Path:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_ANOMALY_COLUMNS)
    table.writerows((each.site, each.day, each.source, each.destination, each.kind, each.detail) for each in anomalies)
    path = folder / ANOMALIES_FILE
    with _whole(path) as file:
        file.write(text.getvalue().encode("ascii"))
    return path


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when all of it is written, and leaves nothing behind otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _rows(stretch: Stretch, chance: Chance, tails: Sequence[str]) -> str:
    flows = draw_flows(stretch, chance)
    tail = flows.is_tcp * TAILS_PER_PROTOCOL + chance.below(TAILS_PER_PROTOCOL, stretch.rows)
    frames = [_frame(pair) for pair in stretch.day.pairs]
    day = f"{stretch.day.day:%d/%m/}{stretch.day.day.year:04} "
    clock = _clock()
    columns = (flows.client_port, flows.second, flows.duration, flows.packets, tail)
    rows = zip(map(frames.__getitem__, flows.pair.tolist()), *map(np.ndarray.tolist, columns), strict=True)
    return "".join(
        [
            f"{start}{port}{middle}{port}{end}{day}{clock[second]},{duration},{packets},{tails[tail]}"
            for (start, middle, end), port, second, duration, packets, tail in rows
        ]
    )


def _frame(pair: Pair) -> tuple[str, str, str]:
    """Return what a pair's rows begin with, in three parts; the client's port stands between them.

    A flow's identity names the client first, even in the row of a reply, whose source is the server.
    """
    port, protocol = pair.service.port, pair.service.protocol
    if not pair.is_reply:
        start = f"{pair.source}-{pair.destination}-"
        return start, f"-{port}-{protocol},{pair.source},", f",{pair.destination},{port},{protocol},"
    start = f"{pair.destination}-{pair.source}-"
    return start, f"-{port}-{protocol},{pair.source},{port},{pair.destination},", f",{protocol},"


@cache
def _clock() -> Sequence[str]:
    """Return the time of day in words for each second since midnight."""
    hours = [(hour or 12, half) for half in ("AM", "PM") for hour in range(12)]
    return [
        f"{hour:02}:{minute:02}:{second:02} {half}"
        for hour, half in hours
        for minute in range(60)
        for second in range(60)
    ]
