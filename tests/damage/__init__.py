"""Damage to what is stored, drawn before anybody looked at how an audit works, and what is to be named of it."""

from tests.damage import to_chunks, to_contributions, to_files, to_heads, to_markers, to_rejects, to_sums
from tests.damage.kinds import DAMAGES

__all__ = [
    "DAMAGES",
    "to_chunks",
    "to_contributions",
    "to_files",
    "to_heads",
    "to_markers",
    "to_rejects",
    "to_sums",
]
