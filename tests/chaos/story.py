"""What happens to the files of a run, round after round: several processes do each, and again where they die."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, cycle
from typing import TYPE_CHECKING

from tests.chaos.lanes import Job, look_after
from tests.chaos.traffic import SITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.chaos.lanes import Lane
    from tests.chaos.traffic import File, Traffic

_JOB_FILES = {"upload": 40, "retract": 10}  # few enough that a command ends before it is killed, now and then
_OFTEN = 2  # so many processes meet each file
_ROUND_SECONDS = 1_800


@dataclass
class Story:
    """Files that are uploaded, uploaded again, grow, are replaced, taken out and counted again, in turns.

    `settled` says whether all that was done has taken its effect; `looks` are commands that only read, and run
    where nothing else is left to do. `at_least` so many kinds of rounds there are, also when the time is over before.
    """

    traffic: Traffic
    uploaders: Sequence[Lane]
    settled: Callable[[], bool]
    others: Sequence[Lane] = ()
    looks: Sequence[Job] = ()
    at_least: int = 1
    rounds: Counter[str] = field(default_factory=Counter)

    @property
    def lanes(self) -> list[Lane]:
        return [*self.uploaders, *self.others]

    def run(self, seconds: float, tell: Callable[[str], object] = lambda _: None) -> None:
        """Go on for so long, killing; then let the round that was begun come to its end, and kill no more."""
        begun = time.monotonic()
        rounds = {
            "upload again": self._upload_again,
            "grow": self._grow,
            "replace": self._replace,
            "retract": self._retract,
            "count again": self._count_again,
        }
        for what, begin in chain([("upload", self._upload)], cycle(rounds.items())):
            begin()
            self._end_round(begun + seconds)
            self.rounds[what] += 1
            tell(f"{time.monotonic() - begun:5.0f} s: {what}; {self.killed} killed so far")
            if time.monotonic() - begun > seconds and len(self.rounds) >= self.at_least:
                return

    @property
    def killed(self) -> int:
        return sum(lane.counts["killed"] for lane in self.lanes)

    def _end_round(self, until: float) -> None:
        give_up = time.monotonic() + _ROUND_SECONDS
        while any(lane.busy for lane in self.uploaders) or not self.settled():
            if time.monotonic() > give_up:
                raise TimeoutError(f"a round did not end within {_ROUND_SECONDS} s: {self.rounds}")
            disturbed = time.monotonic() < until
            for lane in self.uploaders:
                if disturbed and not lane.jobs:
                    lane.jobs.extend(self.looks)  # nobody is idle while others work
            look_after(self.lanes, kill=disturbed)

    def _upload(self) -> None:
        for file in self.traffic.files:
            file.counted()
        self._share(self.traffic.files, "upload")

    def _upload_again(self) -> None:
        self._share(self.traffic.files, "upload")

    def _grow(self) -> None:
        grown = self.traffic.some(0.15, "counted")
        for file in grown:
            file.content += self.traffic.more(file.form)
        self._written(grown, "upload")

    def _replace(self) -> None:
        replaced = self.traffic.some(0.15, "counted")
        for file in replaced:
            file.content = self.traffic.fresh(file.form)
        self._written(replaced, "upload", "--replace")

    def _written(self, files: list[File], *command: str) -> None:
        for file in files:
            file.write()
            file.counted()
        self._share(files, *command)

    def _retract(self) -> None:
        taken_out = self.traffic.alone(self.traffic.some(0.15, "counted"))
        for file in taken_out:
            file.retracted()
        self._share(taken_out, "retract")

    def _count_again(self) -> None:
        back = self.traffic.some(0.6, "retracted")
        for file in back:
            file.counted()
        self._share(back, "upload", "--again")

    def _share(self, files: Sequence[File], *command: str) -> None:
        # Each file goes to more than one lane, whose orders differ.
        chance = self.traffic.chance
        often = min(_OFTEN, len(self.uploaders))
        for place, lane in enumerate(self.uploaders):
            own = [file for number, file in enumerate(files) if (place - number) % len(self.uploaders) < often]
            chance.shuffle(own)
            jobs = [_job(command, site, part) for site in SITES for part in _parts(own, site, _JOB_FILES[command[0]])]
            chance.shuffle(jobs)
            lane.jobs.extend(jobs)


def _parts(files: Sequence[File], site: str, size: int) -> Iterator[list[File]]:
    here = [file for file in files if file.site == site]
    for begin in range(0, len(here), size):
        yield here[begin : begin + size]


def _job(command: tuple[str, ...], site: str, files: Sequence[File]) -> Job:
    name, *options = command
    if name == "retract":
        return Job((name, "--site", site, *(file.name for file in files)))
    refused = any(file.state != "counted" for file in files)  # which of them are met by whom depends on the moment
    return Job((name, "--site", site, *options, *(str(file.place) for file in files)), frozenset({0, int(refused)}))
