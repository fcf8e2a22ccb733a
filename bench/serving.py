"""A server of a large database: how long its answers take at a steady rate, and what memory they leave it with."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.http_load import as_fast_as_it_can, at_a_rate
from bench.machine import about_machine, in_words, load
from bench.processes import Failed
from bench.report import Section, Table
from bench.top_filling import filled
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.options import Options

PART = "serving"
_PAIRS, _QUICK_PAIRS = 1_000_000, 1_000
_YEAR, _OF_YEAR = 2022, 50  # so many pairs have a flow on each of its days
_LAST_DAYS = 200  # in turn, of each pair: many more answers than are kept
_RATE, _SECONDS, _QUICK_SECONDS = 200, 30, 2
_TIMES, _QUICK_TIMES = 100_000, 500
_LISTENING, _QUICK_LISTENING = 1_000, 20
_MS, _MB = 1e3, 1e6
_RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
_COUNTING = """
import sys, tempfile, time
from pathlib import Path
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore

store, folder = SqliteStore(Path(sys.argv[1])), tempfile.TemporaryDirectory()
while True:
    now = time.time_ns()
    file = Path(folder.name, f"{now}.csv")
    row = f"192.0.2.7,192.0.2.8,2022-12-31 08:00:00,{now % 10**6},1"
    file.write_text(f"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\\n{row}\\n")
    if upload(store, file, Request("more")).state != "counted":
        sys.exit(f"{file} was not counted")
    time.sleep(1)
"""
_TEXT = """
`iotagg serve` over a database of {pairs:,} pairs of one site, asked on this machine by a process beside it. At a rate,
answers are counted from the moment at which each was due to be asked: what waits behind others is in it. A pair's year
are its 365 days as JSON, {kilobytes:.0f} KB, of {of_year} pairs in turn: for the first time, each with another last
day, so that none was answered before; again, as long as nothing was counted; and again while another process counts a
file a second, after each of which it is looked up for each pair whether its figures are as they were. Memory is what
the server has resident (RSS), after answers that were given for the first time.
"""


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    (result,) = options.kept_results(PART) if options.again else [_result(options)]
    text = _TEXT.format(**result) + "\n" + in_words(result["about"], result["before"], result["after"])
    times = ("question", "a second", "answers", "failed", "median ms", "99 % below ms", "longest ms")
    memory = ("after", "resident MB")
    return Section("Served", text, [Table("", times, result["times"]), Table("", memory, result["memory"])])


def _result(options: Options) -> dict[str, Any]:
    about: dict[str, Any] = {"about": about_machine(), "before": load()}
    pairs = options.pairs or (_QUICK_PAIRS if options.quick else _PAIRS)
    database, _ = filled(pairs, options.cache)
    peers = _year_added(database)
    with _served(database) as (port, process):
        result = about | {"pairs": pairs, "of_year": _OF_YEAR} | _measured(options, database, port, process, peers)
    result |= {"after": load()}
    options.keep_results(PART, [result])
    return result


def _measured(options: Options, database: Path, port: int, process: int, peers: list[str]) -> dict[str, Any]:
    again = [_path(peer) for peer in peers]
    anew = [_path(peer, later) for later in range(1, _LAST_DAYS) for peer in peers]
    seconds, many = (_QUICK_SECONDS, _QUICK_TIMES) if options.quick else (_SECONDS, _TIMES)
    memory = [("its start", _resident(process))]
    times = []
    for name, asked, rate, meanwhile in (
        ("a pair's year, for the first time", anew, _RATE, nullcontext()),
        ("a pair's year, again", again, _RATE, nullcontext()),
        ("a pair's year, again, while files are counted", again, _RATE, _counted(database)),
        ("the first ten", ["/v1/top"], 2, nullcontext()),
        ("how it stands", ["/v1/status"], 2, nullcontext()),
    ):
        as_fast_as_it_can(port, asked, _OF_YEAR)
        with meanwhile:
            answered = at_a_rate(port, asked, rate, seconds)
        figures = [answered.percentile(share) * _MS for share in (0.5, 0.99, 1.0)]
        times.append((name, rate, len(answered.seconds), answered.failed, *figures))
    for tenth in range(1, 11):
        as_fast_as_it_can(port, anew, many // 10)
        memory.append((f"{tenth * many // 10:,} answers more", _resident(process)))
    listening = _QUICK_LISTENING if options.quick else _LISTENING
    with _listened(port, listening):
        memory.append((f"{listening:,} who are told of changes", _resident(process)))
    return {"times": times, "memory": memory, "kilobytes": _length(port, again[0]) / 1e3}


def _year_added(database: Path) -> list[str]:
    """Count a year of some pairs at a site of its own, unless it is there; return their destinations."""
    peers = [f"203.0.113.{number}" for number in range(_OF_YEAR)]
    days = [dt.date(_YEAR, 1, 1) + dt.timedelta(number) for number in range(365)]
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(database)) as store:
        file = Path(folder) / "year.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("Src IP", "Dst IP", "Timestamp", "Flow Duration", "Tot Fwd Pkts"))
            writer.writerows(
                ("192.0.2.1", peer, f"{day} 08:00:00", 10**6 + number, number)
                for number, day in enumerate(days)
                for peer in peers
            )
        upload(store, file, Request("year"))
    return peers


def _path(peer: str, later: int = 0) -> str:
    until = dt.date(_YEAR, 12, 31) + dt.timedelta(later)
    return f"/v1/pairs/192.0.2.1/{peer}/days?site=year&since={_YEAR}-01-01&until={until}"


@contextmanager
def _served(database: Path) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "iotagg", "--db", str(database), "serve", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOTAGG_")}
    with subprocess.Popen(  # noqa: S603 (this very program)
        command, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        said = server.stderr.readline() if server.stderr is not None else ""
        found = re.search(r"http://[^ ]*:(\d+) answers", said)
        try:
            if found is None:
                raise Failed(f"the server did not start: {said}")
            yield int(found[1]), server.pid
        finally:
            server.terminate()


@contextmanager
def _counted(database: Path) -> Iterator[None]:
    """Let another process count a small file each second."""
    with subprocess.Popen([sys.executable, "-c", _COUNTING, str(database)]) as process:  # noqa: S603 (that above)
        try:
            yield
            if process.poll() is not None:
                raise Failed("the process that counts files has ended")
        finally:
            process.terminate()


@contextmanager
def _listened(port: int, times: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(times):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(f"GET /v1/changes HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            connection.recv(1)
        yield


def _length(port: int, path: str) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        content = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return len(content.partition(b"\r\n\r\n")[2])


def _resident(process: int) -> float:
    found = _RESIDENT.search(Path(f"/proc/{process}/status").read_text(encoding="utf-8"))
    return int(found[1]) * 1024 / _MB if found is not None else 0.0
