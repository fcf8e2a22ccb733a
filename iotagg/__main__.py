"""Run iotagg as `python -m iotagg`."""

import sys

from iotagg.cli.main import main

sys.exit(main())
