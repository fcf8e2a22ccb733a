"""How often the laws of whole stores and histories are tried: each example of theirs takes long."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("IOTAGG_LONG"))


def examples(many: int) -> int:
    """Return how many examples a law is tried with: so many with IOTAGG_LONG=1, otherwise half of them."""
    return many if LONG else -(-many // 2)
