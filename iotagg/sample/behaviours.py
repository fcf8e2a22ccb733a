"""How long the flows of a conversation last, how many packets they carry, and how much they vary from day to day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iotagg.sample.chance import Doubles

TCP, UDP, OTHER = 6, 17, 0
MILLISECOND, SECOND = 1_000.0, 1_000_000.0
# The flow meter cuts a flow that lasts longer.
LONGEST_FLOW = 120 * SECOND


class Curve:
    """A distribution, given by its quantiles: (share of the values, bound below which that share lies)."""

    def __init__(self, *points: tuple[float, float]) -> None:
        self._shares = np.array([share for share, _ in points])
        self._bounds = np.array([bound for _, bound in points])

    def at(self, shares: Doubles) -> Doubles:
        """Return the values below which the given shares (0 up to, but not including, 1) lie."""
        left = np.searchsorted(self._shares, shares, side="right") - 1
        # One operation at a time: a fused multiply-add would round differently on some machines.
        along = (shares - self._shares[left]) / (self._shares[left + 1] - self._shares[left])
        climb = along * (self._bounds[left + 1] - self._bounds[left])
        return np.asarray(self._bounds[left] + climb, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a conversation is addressed to; a client without a fixed port uses another one for each flow."""

    protocol: int
    port: int
    client_port: int | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a pair's traffic varies: `sway` in thousandths up or down on any day, `weekend` in percent of a weekday."""

    sway: int
    weekend: int = 100


CLOCKWORK = Rhythm(sway=10)
MACHINE = Rhythm(sway=150)
HUMAN = Rhythm(sway=150, weekend=45)


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """One kind of conversation: durations of its flows in microseconds, and forward packets usual for a pair."""

    services: Sequence[Service]
    durations: Curve
    packets: Curve
    rhythm: Rhythm = MACHINE


_WEB = (
    Service(TCP, 443),
    Service(TCP, 443),
    Service(TCP, 443),
    Service(TCP, 80),
    Service(TCP, 5228),
    Service(UDP, 443),
)
_WEB_PACKETS = Curve((0, 1.5), (0.5, 3.5), (0.75, 8), (0.88, 15), (0.96, 35), (1, 100))
_WEB_DURATIONS = Curve(
    (0, 24),
    (0.04, MILLISECOND),
    (0.07, 0.17 * SECOND),
    (0.12, SECOND),
    (0.28, 10 * SECOND),
    (0.40, 22 * SECOND),
    (0.50, 66 * SECOND),
    (0.58, 94 * SECOND),
    (0.74, 105 * SECOND),
    (1, 119.9 * SECOND),
)

ARTEFACT = Behaviour(
    (Service(OTHER, 0, client_port=0),),
    Curve((0, 60 * SECOND), (0.5, 113 * SECOND), (1, LONGEST_FLOW)),
    Curve((0, 16), (1, 18)),
    CLOCKWORK,
)
DHCP = Behaviour((Service(UDP, 67, client_port=68),), Curve((0, 0), (1, 12 * SECOND)), Curve((0, 2), (1, 3)), CLOCKWORK)
ANNOUNCEMENT = Behaviour(
    (),
    Curve((0, 60 * SECOND), (0.03, 89.5 * SECOND), (0.06, 90 * SECOND), (0.95, 90.3 * SECOND), (1, 119 * SECOND)),
    Curve((0, 3), (1, 5)),
    CLOCKWORK,
)
LOCAL = Behaviour(
    (Service(TCP, 8080), Service(TCP, 1883), Service(UDP, 5683)), _WEB_DURATIONS, Curve((0, 2), (0.6, 6), (1, 20))
)
STREAM = Behaviour(
    (Service(TCP, 443), Service(UDP, 443)),
    Curve((0, 119.9 * SECOND), (0.98, LONGEST_FLOW - 1), (0.99, LONGEST_FLOW), (1, LONGEST_FLOW)),
    Curve((0, 40), (1, 120)),
    CLOCKWORK,
)
HEARTBEAT = Behaviour(
    (Service(TCP, 8883), Service(TCP, 443)),
    Curve((0, 14.9 * SECOND), (1, 15.1 * SECOND)),
    Curve((0, 4), (1, 7)),
    CLOCKWORK,
)
KEEP_ALIVE = Behaviour(
    (Service(TCP, 5228), Service(TCP, 443)),
    Curve((0, 59 * SECOND), (0.2, 60 * SECOND), (0.9, 60.6 * SECOND), (1, 61 * SECOND)),
    Curve((0, 2), (1, 4)),
    CLOCKWORK,
)
LOOKUP = Behaviour(
    (Service(UDP, 53), Service(UDP, 123, client_port=123)),
    Curve((0, 30), (0.2, MILLISECOND), (0.6, 0.17 * SECOND), (0.9, SECOND), (1, 10 * SECOND)),
    Curve((0, 1), (1, 2)),
)
BULK = Behaviour(
    (Service(TCP, 443), Service(TCP, 8443)),
    Curve((0, 20 * SECOND), (1, LONGEST_FLOW)),
    Curve((0, 250), (0.6, 900), (0.85, 3_000), (1, 11_000)),
)
CLOUD = Behaviour(_WEB, _WEB_DURATIONS, _WEB_PACKETS)
BROWSING = Behaviour(_WEB, _WEB_DURATIONS, _WEB_PACKETS, HUMAN)

BEHAVIOURS = (
    ARTEFACT,
    DHCP,
    ANNOUNCEMENT,
    LOCAL,
    STREAM,
    HEARTBEAT,
    KEEP_ALIVE,
    LOOKUP,
    BULK,
    CLOUD,
    BROWSING,
)
