"""Whether a worker is at work, by its health file: `python -m vm_worker.healthy FILE`, which exits with 0 or 1."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

OLD_SECONDS = 30  # it is written anew every second; older means that the worker hangs, or is gone


def trouble(file: Path, now: float) -> str:
    """Return what is wrong with the worker that writes this health file, in a line; nothing if it is at work."""
    try:
        health = json.loads(file.read_text(encoding="utf-8"))
        state, age = health["state"], now - health["at"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"no health file {file}: the worker has not begun, or cannot write it"
    if state != "working":
        return f"the worker is {state}"
    return f"the worker has not written its health file for {age:.0f} s" if age > OLD_SECONDS else ""


def main() -> None:
    """Print what is wrong with the worker whose health file is named, and exit with 1 if anything is."""
    if text := trouble(Path(sys.argv[1]), time.time()):
        sys.exit(text)


if __name__ == "__main__":
    main()
