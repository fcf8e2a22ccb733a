"""What the service starts: the worker that the environment describes, on all cores.

It is `iotagg worker` without the other commands, and so without what they need.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iotagg.cli.ending import run
from iotagg.cli.session import Session
from iotagg.cli.worker import worker


def main() -> int:
    """Work until told to stop, and return the exit code."""
    # There may be no home folder for a database to lie in: it has none, and a stack or its parts in the environment.
    session = Session(Path(os.devnull), os.environ.get("IOTAGG_STACK", ""))
    return run(worker, "vm_worker", sys.argv[1:], session)


if __name__ == "__main__":
    sys.exit(main())
