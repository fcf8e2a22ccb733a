"""Running the command line as a person does, but in this process."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.cli.main import main
from iotagg.jobs.cloud import Cloud
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.summarize import summarize_message
from tests.cloud.engine import unique

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from iotagg.aws.clients import Clients
    from iotagg.aws.stack import Stack
    from iotagg.stores.protocol import Store

HEADER = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Label"
_WORK_SECONDS = 60
Flow = tuple[str, str, str, int | str, int | str]


@dataclass
class Result:
    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Command:
    """`run("upload", path)` is `iotagg --db … upload path`."""

    database: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Result:
        self.capsys.readouterr()
        code = main(["--db", str(self.database), *map(str, arguments)])
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


@cache
def _clients(endpoint: str) -> Clients:
    return connect()


@dataclass
class Deployed:
    """A deployment on the engine, which the environment names: `deployed("upload", path)` is `iotagg upload path`."""

    stack: Stack
    capsys: pytest.CaptureFixture[str]
    cloud: Cloud = field(init=False)

    def __post_init__(self) -> None:
        self.cloud = Cloud.connected(self.stack)

    @classmethod
    def anew(cls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
        # Commands share their clients, which take half a second to make.
        clients = _clients(os.environ["AWS_ENDPOINT_URL"])
        monkeypatch.setattr("iotagg.jobs.cloud.connect", lambda: clients)
        stack = provision(clients, unique("cli"), region="eu-west-1")
        monkeypatch.delenv("IOTAGG_DB", raising=False)
        for name, value in stack.environment().items():
            monkeypatch.setenv(name, value)
        return cls(stack, capsys)

    def __call__(self, *arguments: object) -> Result:
        self.capsys.readouterr()
        code = main(list(map(str, arguments)))
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def versions(self, key: str) -> int:
        return sum(version.key == key for version in self.cloud.bucket.versions(key))

    def work(self) -> bool:
        """Do what waits in the queues now; say whether there was anything."""
        files = self.work_on_files()
        chunks = self.cloud.chunks.receive(wait_seconds=0)
        for message in chunks:
            consolidate_message(self.cloud, message.body)
            self.cloud.chunks.done(message)
        return files or bool(chunks)

    def work_on_files(self) -> bool:
        files = self.cloud.files.receive(wait_seconds=0)
        for message in files:
            summarize_message(self.cloud, message.body)
            self.cloud.files.done(message)
        return bool(files)

    def work_off(self) -> None:
        """Work until what became of every object is settled: the engine tells of them a moment later."""
        until = time.monotonic() + _WORK_SECONDS
        while self.work() or not self.settled():
            assert time.monotonic() < until, "the engine told nothing of some object"

    def settled(self) -> bool:
        store = self.cloud.store
        for version in self.cloud.bucket.versions("incoming/"):
            site = version.key.split("/")[1]
            if version.version not in store.path(site, version.key).versions.final:
                return False
        return not any(True for site in store.sites() for _ in store.pending(site))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let a thread work meanwhile, as `iotagg worker` does."""
        ended = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                while not ended.is_set():
                    if not self.work():
                        time.sleep(0.02)
            except Exception as error:  # noqa: BLE001 (whatever it is, the test fails of it)
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert failures == []


def flow_csv(*flows: Flow) -> str:
    rows = (
        f"id,{src},1,{dst},2,6,{day} 11:00:15 PM,{duration},{packets},x" for src, dst, day, duration, packets in flows
    )
    return "\n".join([HEADER, *rows]) + "\n"


def write_flows(file: Path, *flows: Flow) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(flow_csv(*flows))
    return file


def killed_while_it_begins() -> Store:
    """Open no store: the process that asks for one is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


@contextmanager
def serving(content: bytes) -> Iterator[str]:
    """Serve a file on the loopback, under every name without `missing` in it; give the address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "missing" in self.path else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
