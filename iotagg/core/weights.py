"""One number for what devices add up to: whether totals follow from their parts, in memory that does not grow.

Each figure of each device weighs its value times two hashes, one of the device and one of the figure. Parts together
weigh what their totals do. Others weigh the same in one case of 10^18: two polynomials of degree two that differ agree
in no more of the 2^61 - 1 elements of the field (J. T. Schwartz, "Fast probabilistic algorithms for verification of
polynomial identities", 1980).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from iotagg.core.totals import SQUARES

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = (1 << 61) - 1
_REMEMBERED = 10_000


def weight_of(sums: Mapping[str, int]) -> int:
    """Return what sums weigh at no device in particular; squares weigh nothing, as devices have none."""
    return sum([_of_figure(name) * value for name, value in sums.items() if name not in SQUARES]) % FIELD


@lru_cache(_REMEMBERED)
def weight_at(device: str) -> int:
    """Return by what the weight of sums is multiplied at a device."""
    return _hash(f"device {device}")


@lru_cache(_REMEMBERED)
def _of_figure(name: str) -> int:
    return _hash(f"figure {name}")


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % FIELD
