"""Sites from which nothing comes any more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotagg.jobs.cloud import Cloud


def silent_sites(cloud: Cloud, quiet_days: int) -> dict[str, str]:
    """Return the sites from which no file came on the last `quiet_days` whole days (UTC), and each one's last day.

    Whatever became of a file, it came. A site from which none ever came, as after a restoration, is not expected to
    send any. Raises CloudError.
    """
    last = date.fromisoformat(cloud.arrivals.today()) - timedelta(days=quiet_days)
    return {site: day for site, day in sorted(cloud.arrivals.last_days().items()) if day < last.isoformat()}
