"""What processes note down of what they do. A line is written at once, so that a killed process leaves whole ones."""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.jobs.chunk_range import ChunkRange
from iotagg.stores.dynamodb.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from iotagg.jobs.cloud import Cloud


NOTES, PAUSE = "IOTAGG_TEST_NOTES", "IOTAGG_TEST_PAUSE"


@dataclass(frozen=True)
class Note:
    """Something that a process did: a job or a transaction, from `begin` to `end` (infinite: it did not end)."""

    kind: str
    pid: int
    begin: float
    end: float
    name: str
    chunk: int
    keys: frozenset[str]


def notes_in(file: Path) -> list[Note]:
    """Return what was noted."""
    begun: dict[str, dict[str, Any]] = {}
    ends: dict[str, float] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        noted = json.loads(line)
        if "end" in noted:
            ends[noted["id"]] = noted["end"]
        else:
            begun[noted["id"]] = noted
    return [
        Note(
            kind=noted["kind"],
            pid=noted["pid"],
            begin=noted["begin"],
            end=ends.get(number, float("inf")),
            name=noted["name"],
            chunk=noted["chunk"],
            keys=frozenset(noted["keys"]),
        )
        for number, noted in begun.items()
    ]


def meetings(notes: Iterable[Note]) -> int:
    """Return how many transactions ran at the same time as one of another process that writes a pair of theirs."""
    met, running = 0, list[Note]()
    for note in sorted((note for note in notes if note.kind == "transaction"), key=lambda note: note.begin):
        running = [other for other in running if other.end > note.begin]
        met += any(other.pid != note.pid and not other.keys.isdisjoint(note.keys) for other in running)
        if note.end < float("inf"):
            running.append(note)
    return met


class Notebook:
    def __init__(self, file: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @contextmanager
    def noted(self, kind: str, name: str, chunk: int = -1, keys: Iterable[str] = ()) -> Iterator[None]:
        number = uuid.uuid4().hex
        begun = {"kind": kind, "pid": os.getpid(), "name": name, "chunk": chunk, "keys": list(keys)}
        self._write(begun | {"id": number, "begin": time.monotonic()})
        try:
            yield
        finally:
            self._write({"id": number, "end": time.monotonic()})

    def _write(self, fields: dict[str, Any]) -> None:
        os.write(self._file, (json.dumps(fields) + "\n").encode())


def note_down(notebook: Notebook) -> None:
    pause, write = float(os.environ.get(PAUSE, "0")), Sums._write

    def noted_write(self: Sums, items: Sequence[dict[str, Any]], step: Any) -> None:
        keys = ["|".join(part["S"] for part in item["Update"]["Key"].values()) for item in items if "Update" in item]
        with notebook.noted("transaction", str(step.name), step.number, keys):
            write(self, items, step)
            time.sleep(pause)

    def noted_job(kind: str, job: Any, name: Callable[[str], str]) -> Any:
        def run(cloud: Cloud, body: str, *args: Any, **options: Any) -> Any:
            with notebook.noted(kind, name(body)):
                return job(cloud, body, *args, **options)

        return run

    import iotagg.worker  # noqa: PLC0415 (what is replaced in it)
    import lambda_handlers.consolidate  # noqa: PLC0415 (as above)
    import lambda_handlers.summarize  # noqa: PLC0415 (as above)

    Sums._write = noted_write  # type: ignore[method-assign]  # the one place that all transactions pass
    for module in (iotagg.worker, lambda_handlers.consolidate):
        module.consolidate_message = noted_job("consolidate", module.consolidate_message, _contribution)  # type: ignore[attr-defined]  # as the module names it
    for module in (iotagg.worker, lambda_handlers.summarize):
        module.summarize_message = noted_job("summarize", module.summarize_message, lambda _: "")  # type: ignore[attr-defined]  # as above


def _contribution(body: str) -> str:
    return str(ChunkRange.parse(body).name)
