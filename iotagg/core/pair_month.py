"""A pair's month, the stored unit, and its text: the line that a contribution keeps of it, and the sums in that line.

The text of sums is JSON with integers alone. It is what `json.dumps` makes of them, made here in a third of its time.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from iotagg.core.intact import SIGNS, damage
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.moments import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNNING = (FLOWS, *(name for metric in METRICS for name in (metric.stored, metric.squares)))

_LETTERS = (FLOWS_LETTER, *(metric.letter for metric in METRICS))
_RUNNING_TEXT = "{" + ",".join(f'"{name}":%d' for name in RUNNING)
_DAY_TEXT = {day: "".join(f',"{letter}{day}":%d' for letter in _LETTERS) for day in map("{:02}".format, range(1, 32))}
_FLOWS_STORED = tuple(f'{{"{FLOWS}":{digit}' for digit in range(1, 10))
# As text_of writes them; no sum has more than 38 digits.
_RUNNING_STORED = re.compile("{" + ",".join(f'"{name}":(-?[0-9]{{1,38}})' for name in RUNNING) + "[,}]")
_SQUARES = tuple(f'"{metric.squares}":' for metric in METRICS)
# As they are kept of a device, whose sums may have more digits than a pair's.
_TOTALS_STORED = re.compile(
    f'{{"{FLOWS}":([0-9]{{1,80}})' + "".join(f',"{metric.stored}":([0-9]{{1,80}})' for metric in METRICS) + "[,}]"
)
_ADDRESS, _MONTH = "([0-9a-f:.]{2,39})", "([0-9]{4}-[0-9]{2})"
KNOWN = frozenset((*RUNNING, *(f"{letter}{day}" for letter in _LETTERS for day in _DAY_TEXT)))
_LINE = re.compile(rf'\{{"src_ip":"{_ADDRESS}","dst_ip":"{_ADDRESS}","month":"{_MONTH}",(.*)')
_PAIR = re.compile(f"{_ADDRESS} {_ADDRESS} {_MONTH}")
_parse = json.JSONDecoder().raw_decode  # as json.loads, without what that looks at first


class PairMonth:
    """A pair's running aggregates for a month (`2022-12`), with its days inside, under the names they are stored by.

    What was stored comes with its text, and is parsed when its sums are first asked for. Two are equal where all four
    of their parts are.
    """

    __slots__ = ("_sums", "_text", "destination", "month", "source")

    def __init__(self, source: str, destination: str, month: str, sums: dict[str, int] | None, text: str = "") -> None:
        self.source = source
        self.destination = destination
        self.month = month
        self._sums = sums
        self._text = text

    @property
    def sums(self) -> dict[str, int]:
        """The sums by the names of their attributes."""
        if self._sums is None:
            self._sums = parsed(self._text)
        return self._sums

    @property
    def running(self) -> tuple[int, ...]:
        """The sums of RUNNING, in that order; where they stand as usual, the days behind them are not looked at."""
        if self._sums is None:
            found = _RUNNING_STORED.match(self._text)
            if found is not None:
                return tuple(map(int, found.groups()))
            found = _TOTALS_STORED.match(self._text)
            if found is not None and not any(map(self._text.__contains__, _SQUARES)):
                flows, *totals = map(int, found.groups())
                return flows, *(figure for total in totals for figure in (total, 0))
        return tuple([self.sums.get(name, 0) for name in RUNNING])

    def running_at(self, place: int) -> int:
        """Return one of `running`."""
        found = _RUNNING_STORED.match(self._text) if self._sums is None else None
        return int(found[place + 1]) if found is not None else self.sums.get(RUNNING[place], 0)

    @property
    def text(self) -> str:
        """The sums as JSON, zeros included where they are given."""
        return self._text or dumped(self.sums)

    def check(self) -> None:
        """Raise NumberTooLarge where a sum has more than 38 digits. What was stored was checked before it was."""
        if not self._text:
            checked(max(self.sums.values(), key=abs), f"the traffic from {self.source} to {self.destination}")

    def inverse(self) -> PairMonth:
        """Return what takes this away again when it is added."""
        return self.with_sums({name: -value for name, value in self.sums.items()})

    def with_sums(self, sums: dict[str, int]) -> PairMonth:
        """Return other sums of the same pair and month."""
        return PairMonth(self.source, self.destination, self.month, sums)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PairMonth) and self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]  # its sums are a dict

    def __repr__(self) -> str:
        return f"PairMonth{self._parts()}"

    def _parts(self) -> tuple[str, str, str, dict[str, int]]:
        return self.source, self.destination, self.month, self.sums


def parsed(text: str) -> dict[str, int]:
    """Return the sums of which a text is the JSON. Raises Damaged."""
    sums: dict[str, int]
    try:
        sums, end = _parse(text)
        # Added up, what is no whole number shows, in a tenth of the time that a look at each would take.
        if type(sum(sums.values())) is not int or text[end:].strip():
            raise TypeError("there is something else than whole numbers")
    except SIGNS as error:
        raise damage("what is kept of a pair's month", error) from error
    return sums


def has_flows(text: str) -> bool:
    """Say whether there are any flows in stored sums; where that stands as usual, nothing else is looked at."""
    return text.startswith(_FLOWS_STORED) or bool(parsed(text).get(FLOWS))


def dumped(sums: Mapping[str, int]) -> str:
    """Return sums as JSON."""
    return "{" + ",".join([f'"{name}":{value}' for name, value in sums.items()]) + "}"


def text_of_day(day: str, figures: Sequence[int]) -> str:
    """Return the part of the sums' text that a day (`06`) adds: given are its flows, and by metric sum and squares."""
    return _DAY_TEXT[day] % (figures[0], *figures[1::2])


def text_of(running: Sequence[int], days: str) -> str:
    """Return sums as JSON, given the running aggregates as figures of a day are, and the parts of their days."""
    return f"{_RUNNING_TEXT % tuple(running)}{days}}}"


def line_of(source: str, destination: str, month: str, sums: str) -> str:
    """Return the line of a chunk, given the sums' text. Nothing else in it is of a kind that JSON would escape."""
    return f'{{"src_ip":"{source}","dst_ip":"{destination}","month":"{month}",{sums[1:]}\n'


def rows_of(lines: str) -> list[PairMonth]:
    """Return the pair-months of a chunk's lines, also of those that another program wrote with blanks between.

    Raises ValueError, KeyError or TypeError for what is none.
    """
    found = _LINE.findall(lines)
    if len(found) == lines.count("\n"):
        return [PairMonth(source, destination, month, None, "{" + sums) for source, destination, month, sums in found]
    return [_row(json.loads(line)) for line in lines.splitlines()]


def _row(fields: dict[str, Any]) -> PairMonth:
    source, destination, month = fields.pop("src_ip"), fields.pop("dst_ip"), fields.pop("month")
    if not _PAIR.fullmatch(f"{source} {destination} {month}") or type(sum(fields.values())) is not int:
        raise ValueError("it holds a line that is no pair's month")
    return PairMonth(source, destination, month, fields)
