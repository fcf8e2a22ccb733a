"""Cases by their numbers: the same seed and number are the same case, of the same parser, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.hostile import commands, messages, reading, stored, words

Check = Callable[[Random], None]

# Each with its share of a thousand cases. The last ones cost a hundred times as much as most.
CHECKS: dict[str, tuple[int, Check]] = {
    "flow files": (120, reading.read_alike),
    "gzip": (40, reading.read_gzip),
    "pseudonymised": (25, reading.read_pseudonymised),
    "cells": (230, reading.judge_cells),
    "headers": (60, reading.read_headers),
    "events": (130, messages.read_event),
    "keys": (60, messages.read_key),
    "chunk messages": (90, messages.read_chunk_message),
    "metadata": (60, messages.read_metadata),
    "limits": (18, messages.read_limit),
    "words": (80, words.read_words),
    "places": (40, words.read_places),
    "key files": (5, words.read_key_file),
    "contributions": (30, stored.read_contribution),
    "rejected lines": (10, stored.read_stored_rejects),
    "databases": (1, stored.read_database),
    "commands": (1, commands.run_command),
}
_BY_PLACE = [name for name, (share, _) in CHECKS.items() for _ in range(share)]
_STRIDE = 619  # with no factor of 1,000, so that a few cases are already of most parsers


def parser_of(number: int) -> str:
    """Return which parser a case is for."""
    return _BY_PLACE[number * _STRIDE % len(_BY_PLACE)]


def random_of(seed: int, number: int) -> Random:
    """Return what a case is drawn with."""
    return Random(seed << 40 | number)  # noqa: S311 (seeded, no secret)
