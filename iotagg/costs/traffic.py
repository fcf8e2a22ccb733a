"""How much comes in, and what that means for a stack: files, chunks, messages, pairs' months touched and kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from iotagg.costs.coefficients import TOUCHES_BY_FILES, of
from iotagg.errors import InvalidValue

DAYS_OF_A_MONTH = 365.25 / 12
HOURS_OF_A_MONTH = 24 * DAYS_OF_A_MONTH


@dataclass(frozen=True, slots=True)
class Traffic:
    """A day of all sites together, and for how long it has been coming.

    A pair-day is a pair that has flows on a calendar day. `months_ahead` is how many months have been counted when the
    month begins that is estimated, that one included; `retention_months` how many of them are kept (None: all).
    """

    sites: float
    files_per_day: float
    rows_per_day: float
    pair_days_per_day: float
    bytes_per_row: float = of("bytes of a row")
    months_ahead: float = 12
    retention_months: float | None = None

    def __post_init__(self) -> None:
        if min(self.sites, self.files_per_day, self.rows_per_day, self.pair_days_per_day, self.months_ahead) <= 0:
            raise InvalidValue("files, rows, devices, pair-days and months have to be more than 0")

    @classmethod
    def of_devices(cls, devices: float) -> Traffic:
        """Return the traffic of devices as the sample has it: sites of 15 devices, each with a file a day."""
        sites = max(1, math.ceil(devices / of("devices of a site")))
        rows, pair_days = devices * of("rows of a device"), devices * of("pair-days of a device")
        return cls(sites, sites, rows, pair_days)

    @classmethod
    def of_pair_days(cls, pair_days: float) -> Traffic:
        """Return the traffic of so many pair-days a day, by as many devices as the sample has for them."""
        return replace(cls.of_devices(pair_days / of("pair-days of a device")), pair_days_per_day=pair_days)

    @property
    def files(self) -> float:
        """Files a month."""
        return self.files_per_day * DAYS_OF_A_MONTH

    @property
    def rows(self) -> float:
        """Rows a month."""
        return self.rows_per_day * DAYS_OF_A_MONTH

    @property
    def touches(self) -> float:
        """Updates of pairs' months, a month: each file that speaks of a pair's month touches it once."""
        a_file_a_day = self.pair_days_per_day * DAYS_OF_A_MONTH * of("touches of a pair-day")
        return min(a_file_a_day * _factor(self.files_per_day / self.sites), self.rows)

    @property
    def messages(self) -> float:
        """Messages of the chunks queue a month: one for each bucket that a file has pairs in."""
        buckets = of("buckets")
        hit: float = buckets * (1 - (1 - 1 / buckets) ** self._touches_of_a_file)
        return self.files * max(1, hit)

    @property
    def chunks(self) -> float:
        """Chunks a month: one for each message, more where a bucket holds more than one chunk takes."""
        full = self._touches_of_a_file / of("pair-months of a chunk")
        return max(self.messages, self.files * (full + of("buckets") / 2) if full > of("buckets") else 0)

    @property
    def _touches_of_a_file(self) -> float:
        return self.touches / self.files

    @property
    def months_kept(self) -> float:
        """How many months are kept in the end."""
        return min(self.months_ahead, self.retention_months or self.months_ahead)

    @property
    def new_pair_months(self) -> float:
        """Items that a month adds to the table."""
        return self.pair_days_per_day * DAYS_OF_A_MONTH * of("new months of a pair-day")


def _factor(files: float) -> float:
    # Between the measured points, and beyond them, on straight lines of the logarithms.
    points = [(math.log(count), math.log(factor)) for count, factor in TOUCHES_BY_FILES]
    at = math.log(files)
    (x0, y0), (x1, y1) = next((pair for pair in pairwise(points) if at <= pair[1][0]), (points[-2], points[-1]))
    return math.exp(y0 + (y1 - y0) * (at - x0) / (x1 - x0))
