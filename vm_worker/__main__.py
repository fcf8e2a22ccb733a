"""What the service starts: the worker that the environment describes, on all cores."""

from __future__ import annotations

import sys

from iotagg.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["worker", *sys.argv[1:]]))
