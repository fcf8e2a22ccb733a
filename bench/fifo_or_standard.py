"""How often workers write a pair at once, by the kind of the chunks queue: python -m bench.fifo_or_standard [FILES].

On DynamoDB such transactions conflict: one of them is cancelled, and tried again. The engine here lets them wait for
each other instead, so that it is counted how often they met.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.setting import SITE, engine, sample_files, show
from tests.cloud.notes import NOTES, meetings, notes_in
from tests.cloud.processes import crew
from tests.cloud.whole import Given, deployed

_ROWS = 5_000
_WORKERS = 3


def main() -> None:
    """Measure, and print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with engine(), sample_files(count, _ROWS) as files:
        given = [Given(SITE, file) for file in files]
        show(
            f"{count} files of {_ROWS:,} rows of one site, {_WORKERS} processes",
            ("chunks queue", "transactions", "met another", "seconds"),
            [(name, *_figures(given, fifo=fifo)) for name, fifo in (("FIFO by bucket", True), ("standard", False))],
        )


def _figures(files: list[Given], *, fifo: bool) -> tuple[int, int, float]:
    whole = deployed(fifo=fifo)
    whole.put(files)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        notes = Path(folder) / "notes"
        running.enter_context(crew(whole, Path(folder) / "log", processes=_WORKERS, environment={NOTES: str(notes)}))
        begin = time.monotonic()
        whole.drained(600)
        seconds = time.monotonic() - begin
        transactions = [note for note in notes_in(notes) if note.kind == "transaction"]
    return len(transactions), meetings(transactions), seconds


if __name__ == "__main__":
    main()
