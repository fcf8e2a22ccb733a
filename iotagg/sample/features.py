"""The columns after the forward packets: per-packet features of small made-up flows, ready to be appended to a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from math import sqrt

from iotagg.sample.chance import Chance, Purpose

TAILS_PER_PROTOCOL = 1_024
COLUMNS = (
    "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,"
    "TotLen Fwd Pkts,TotLen Bwd Pkts,Fwd Pkt Len Max,Fwd Pkt Len Min,Fwd Pkt Len Mean,Fwd Pkt Len Std,"
    "Bwd Pkt Len Max,Bwd Pkt Len Min,Bwd Pkt Len Mean,Bwd Pkt Len Std,Flow Byts/s,Flow Pkts/s,"
    "Flow IAT Mean,Flow IAT Std,Flow IAT Max,Flow IAT Min,Fwd IAT Tot,Fwd IAT Mean,Fwd IAT Std,Fwd IAT Max,Fwd IAT Min,"
    "Bwd IAT Tot,Bwd IAT Mean,Bwd IAT Std,Bwd IAT Max,Bwd IAT Min,Fwd PSH Flags,Bwd PSH Flags,Fwd URG Flags,"
    "Bwd URG Flags,Fwd Header Len,Bwd Header Len,Fwd Pkts/s,Bwd Pkts/s,Pkt Len Min,Pkt Len Max,Pkt Len Mean,"
    "Pkt Len Std,Pkt Len Var,FIN Flag Cnt,SYN Flag Cnt,RST Flag Cnt,PSH Flag Cnt,ACK Flag Cnt,URG Flag Cnt,"
    "CWE Flag Count,ECE Flag Cnt,Down/Up Ratio,Pkt Size Avg,Fwd Seg Size Avg,Bwd Seg Size Avg,Fwd Byts/b Avg,"
    "Fwd Pkts/b Avg,Fwd Blk Rate Avg,Bwd Byts/b Avg,Bwd Pkts/b Avg,Bwd Blk Rate Avg,Subflow Fwd Pkts,Subflow Fwd Byts,"
    "Subflow Bwd Pkts,Subflow Bwd Byts,Init Fwd Win Byts,Init Bwd Win Byts,Fwd Act Data Pkts,Fwd Seg Size Min,"
    "Active Mean,Active Std,Active Max,Active Min,Idle Mean,Idle Std,Idle Max,Idle Min,Label"
)
_LABEL = "No Label"
_IDLE_AFTER = 5_000_000  # µs without a packet
_FLAGS = 8  # chances, of which each flag takes its own
_PLAIN_FROM, _PLAIN_BELOW = 0.001, 10_000_000

Number = int | float
Cells = Sequence[Number]


@lru_cache(maxsize=1)
def ready_tails(seed: int) -> Sequence[str]:
    """Return ends of rows, each with its line end: first for other protocols, then as many for TCP."""
    chance = Chance(seed, Purpose.FEATURES)
    return [_tail(chance, is_tcp=is_tcp) for is_tcp in (False, True) for _ in range(TAILS_PER_PROTOCOL)]


@dataclass(frozen=True, slots=True)
class _Spread:
    """How the values of a list are spread, as the flow meter counts it: sample deviation, and plain 0 for no value."""

    total: int = 0
    mean: Number = 0
    deviation: Number = 0
    variance: Number = 0
    largest: Number = 0
    smallest: Number = 0

    @classmethod
    def of(cls, values: Sequence[int]) -> "_Spread":
        if not values:
            return cls()
        count, total = len(values), sum(values)
        squares = count * sum(value * value for value in values) - total * total
        variance = squares / (count * (count - 1)) if count > 1 else 0.0
        return cls(total, total / count, sqrt(variance), variance, float(max(values)), float(min(values)))

    def lengths(self) -> Cells:
        return self.largest, self.smallest, self.mean, self.deviation

    def times(self) -> Cells:
        return self.mean, self.deviation, self.largest, self.smallest

    def times_with_total(self) -> Cells:
        return float(self.total) if self.total else 0, *self.times()


class _Packets:
    """Packets of one direction: when they were seen (µs) and how long they were (bytes)."""

    def __init__(self, times: Sequence[int], lengths: Sequence[int]) -> None:
        self.times = times
        self.lengths = lengths
        self.count = len(times)
        self.length = _Spread.of(lengths)
        self.gap = _Spread.of(_gaps(times))


def _gaps(times: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(times)]


def _packets(chance: Chance, count: int) -> _Packets:
    # The square of an even share: many gaps are short, some are long.
    times = sorted(int(share * share * 119_000_000) for share in chance.uniform(count))
    lengths = [int(share * share * 1_460) for share in chance.uniform(count)]
    return _Packets(times, lengths)


def _tail(chance: Chance, *, is_tcp: bool) -> str:
    forward_share, backward_share = chance.uniform(2)
    forward = _packets(chance, 1 + int(forward_share * forward_share * 7))
    backward = _packets(chance, int(backward_share * backward_share * (6 if is_tcp else 2)))
    flags = chance.below(_FLAGS, 6).tolist()
    groups = (
        _volumes(forward, backward),
        _arrivals(forward, backward),
        _headers(forward, backward, flags, is_tcp=is_tcp),
        _averages(forward, backward),
        _windows(forward, backward, flags, is_tcp=is_tcp),
        _activity(sorted([*forward.times, *backward.times])),
    )
    cells = [java_text(cell) for group in groups for cell in group]
    return ",".join([*cells, _LABEL]) + "\n"


def _volumes(forward: _Packets, backward: _Packets) -> Cells:
    sizes = forward.length, backward.length
    totals = [float(size.total) for size in sizes]
    return backward.count, *totals, *sizes[0].lengths(), *sizes[1].lengths()


def _arrivals(forward: _Packets, backward: _Packets) -> Cells:
    times = sorted([*forward.times, *backward.times])
    seconds = _seconds(times)
    octets, count = forward.length.total + backward.length.total, len(times)
    rates = octets / seconds, count / seconds
    return *rates, *_Spread.of(_gaps(times)).times(), *forward.gap.times_with_total(), *backward.gap.times_with_total()


def _seconds(times: Sequence[int]) -> float:
    return max(1, times[-1] - times[0]) / 1_000_000


def _headers(forward: _Packets, backward: _Packets, flags: Sequence[int], *, is_tcp: bool) -> Cells:
    header = 20 if is_tcp else 8
    seconds = _seconds(sorted([*forward.times, *backward.times]))
    every = _Spread.of([*forward.lengths, *backward.lengths])
    push, finish, reset, acknowledge = (int(is_tcp and flag % 3 == 0) for flag in flags[:4])
    sizes = forward.count * header, backward.count * header
    rates = forward.count / seconds, backward.count / seconds
    lengths = every.smallest, every.largest, every.mean, every.deviation, every.variance
    return push, 0, 0, 0, *sizes, *rates, *lengths, finish, push, reset, push, acknowledge, 0, 0, 0


def _averages(forward: _Packets, backward: _Packets) -> Cells:
    every = forward.length.total + backward.length.total
    ratio = float(backward.count // forward.count)
    bulk = (0,) * 6
    return ratio, every / (forward.count + backward.count), forward.length.mean, backward.length.mean, *bulk


def _windows(forward: _Packets, backward: _Packets, flags: Sequence[int], *, is_tcp: bool) -> Cells:
    subflows = forward.count, forward.length.total, backward.count, backward.length.total
    windows = (flags[4] * 8_192 + 229, flags[5] * 4_096 + 343) if is_tcp else (-1, -1)
    return *subflows, *windows, forward.count - 1, 20 if is_tcp else 8


def _activity(times: Sequence[int]) -> Cells:
    gaps = _gaps(times)
    active = _Spread.of([gap for gap in gaps if gap <= _IDLE_AFTER])
    idle = _Spread.of([gap for gap in gaps if gap > _IDLE_AFTER])
    return *active.times(), *idle.times()


def java_text(number: Number) -> str:
    """Return a number as the flow meter's language writes it: plain up to 10^7, then as 1.2345678E7."""
    if isinstance(number, int) or number == 0 or _PLAIN_FROM <= number < _PLAIN_BELOW:
        return repr(number)
    _, digits, exponent = Decimal(repr(number)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    return f"{text[0]}.{text[1:] or '0'}E{len(digits) + int(exponent) - 1}"
