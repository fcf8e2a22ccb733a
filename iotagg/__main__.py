"""Where the program starts: as the command `iotagg`, or as `python -m iotagg`."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    # What is loaded stays: to look through it for garbage would be a tenth of the start. Commands are collected behind.
    gc.disable()
    from iotagg.cli.main import main as run  # noqa: PLC0415 (only now)

    gc.freeze()
    return run()


if __name__ == "__main__":
    sys.exit(main())
