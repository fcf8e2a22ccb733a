"""How often laws are tried, and what is tried by hands alone."""

from __future__ import annotations

import os

import pytest

LONG = bool(os.environ.get("IOTAGG_LONG"))
long_only = pytest.mark.skipif(not LONG, reason="takes long, and is for hands: IOTAGG_LONG=1 runs it")


def examples(many: int) -> int:
    """Return how many examples a law is tried with: so many with IOTAGG_LONG=1, otherwise a fifth of them.

    They are the same each time then (see conftest.py): more of them would say no more from one run to the next.
    """
    return many if LONG else -(-many // 5)
