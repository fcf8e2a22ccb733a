"""What a sample should look like, and which wishes cannot be met."""

import re
from dataclasses import dataclass
from datetime import date

ANOMALIES_FILE = "anomalies.csv"
_WARM_UP_DAYS = 7
_MOST_ANOMALIES_PER_SITE = 20
_DEVICES = range(2, 201)
_LEAST_DAYS_WITH_ANOMALIES = _WARM_UP_DAYS + 2
_LEAST_ROWS_WITH_ANOMALIES = 2_000
_SITE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_RESERVED_NAMES = frozenset({ANOMALIES_FILE})


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """How much traffic to invent; the same options always give the same bytes.

    `rows` counts the flows of one file; every site gets one file per day. `devices` counts the machines on each
    site's local network. `anomalies` counts the unusual events hidden in the traffic, spread over the sites.
    """

    days: int = 30
    devices: int = 15
    rows: int = 30_000
    sites: tuple[str, ...] = ("paris", "tokyo")
    anomalies: int = 0
    seed: int = 1
    first_day: date = date(2022, 12, 1)

    def __post_init__(self) -> None:
        _require(self.days >= 1, f"A sample needs at least 1 day, not {self.days}.")
        _require(self.devices in _DEVICES, f"A site has 2 to 200 devices, not {self.devices}.")
        _require(self.rows >= 1, f"A file needs at least 1 row, not {self.rows}.")
        _require(self.seed >= 0, f"A seed is 0 or more, not {self.seed}.")
        self._check_calendar()
        self._check_sites()
        self._check_anomalies()

    def _check_calendar(self) -> None:
        # The first file begins at 23:00 of the day before, which must exist too.
        last = self.first_day.toordinal() + self.days - 1
        inside = date.min < self.first_day and last <= date.max.toordinal()
        _require(inside, f"{self.days} days from {self.first_day} do not fit the calendar (0001-01-02 to 9999-12-31).")

    def _check_sites(self) -> None:
        _require(bool(self.sites), "A sample needs at least one site.")
        for site in self.sites:
            named = _SITE_NAME.fullmatch(site) is not None and site not in _RESERVED_NAMES
            _require(named, f"{site!r} cannot name a site: use 1 to 64 letters, digits, '_', '.' or '-'.")
        # Each site is a folder, and some file systems do not tell Paris from paris.
        folders = {site.lower() for site in self.sites}
        _require(len(folders) == len(self.sites), "Each site may be named once, whatever the letters' case.")

    def _check_anomalies(self) -> None:
        _require(self.anomalies >= 0, f"The number of anomalies is 0 or more, not {self.anomalies}.")
        if not self.anomalies:
            return
        _require(
            self.days >= _LEAST_DAYS_WITH_ANOMALIES and self.rows >= _LEAST_ROWS_WITH_ANOMALIES,
            f"Anomalies need at least {_LEAST_DAYS_WITH_ANOMALIES} days and {_LEAST_ROWS_WITH_ANOMALIES} rows per file,"
            " so that there are usual days to differ from.",
        )
        most = len(self.sites) * min(_MOST_ANOMALIES_PER_SITE, len(self.days_for_anomalies()))
        _require(
            self.anomalies <= most,
            f"At most {most} anomalies fit {self.days} days and {len(self.sites)} sites, not {self.anomalies}.",
        )

    def days_for_anomalies(self) -> range:
        """Return the days (0 is the first) that have usual days before them and whose own traffic is complete."""
        return range(_WARM_UP_DAYS, self.days - 1)


def _require(met: bool, sentence: str) -> None:
    if not met:
        raise ValueError(sentence)
