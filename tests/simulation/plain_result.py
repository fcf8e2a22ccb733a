"""What files come to, computed the plain way: from the files alone, in fractions, by code that iotagg does not know."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.reference import read_plainly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEADER = (
    "site,src_ip,dst_ip,day,flows,flow_duration_us,fwd_packets,days,flow_duration_us_mean,flow_duration_us_stddev,"
    "fwd_packets_mean,fwd_packets_stddev"
)
_DIGITS = 80


@lru_cache(maxsize=4096)
def days_of(content: bytes) -> tuple[tuple[tuple[str, str, str], tuple[int, int, int]], ...]:
    """Return what a file adds: for each source, destination and day its flows, duration and packets."""
    found = read_plainly(content).days
    return tuple((key, (flows, duration, packets)) for key, (flows, duration, _, packets, _) in found.items())


def plain_export(contents: Mapping[str, Iterable[bytes]]) -> str:
    """Return the daily rows of all pairs, given the contents that are in at each site."""
    lines = [HEADER]
    for site in sorted(contents):
        pairs: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
        for content in contents[site]:
            for (source, destination, day), totals in days_of(content):
                kept = pairs[source, destination][day]
                for place, total in enumerate(totals):
                    kept[place] += total
        for (source, destination), days in sorted(pairs.items()):
            figures = [_text(figure) for place in (1, 2) for figure in _mean_and_deviation(days.values(), place)]
            for day, totals_of_day in sorted(days.items()):
                lines.append(",".join(map(str, (site, source, destination, day, *totals_of_day, len(days), *figures))))
    return "\n".join(lines) + "\n"


def _mean_and_deviation(days: Iterable[list[int]], place: int) -> tuple[float, float | None]:
    values = [Fraction(totals[place]) for totals in days]
    mean = sum(values, Fraction()) / len(values)
    if len(values) == 1:
        return float(mean), None
    variance = sum(((value - mean) ** 2 for value in values), Fraction()) / (len(values) - 1)
    with localcontext() as context:
        context.prec = _DIGITS
        return float(mean), float((Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt())


def _text(figure: float | None) -> str:
    return "" if figure is None else repr(figure)
