"""How often the laws of whole stores and histories are tried: each example of theirs takes long."""

from __future__ import annotations

import os

import pytest

LONG = bool(os.environ.get("IOTAGG_LONG"))
long_only = pytest.mark.skipif(not LONG, reason="takes long, and is for hands: IOTAGG_LONG=1 runs it")


def examples(many: int) -> int:
    """Return how many examples a law is tried with: so many with IOTAGG_LONG=1, otherwise half of them."""
    return many if LONG else -(-many // 2)
