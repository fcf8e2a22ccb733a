"""Trying again what may work later: bounded in number and time, with full jitter."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from iotagg.aws.problems import passes
from iotagg.errors import CloudBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try again; waits are drawn between 0 and a limit that doubles each time."""

    attempts: int = 8
    first_seconds: float = 0.05
    longest_seconds: float = 5
    total_seconds: float = 30
    sleep: Callable[[float], None] = time.sleep

    def spent_on(self, work: Callable[[], Result], failed: Callable[[], object] = lambda: None) -> Result:
        """Return what `work` returns, tried again while it fails for a passing reason; then let the last one through.

        `failed` is called before each further try.
        """

        def again(_: RetryCallState) -> None:
            failed()

        return Retrying(
            stop=stop_after_attempt(self.attempts) | stop_after_delay(self.total_seconds),
            wait=wait_random_exponential(multiplier=self.first_seconds, max=self.longest_seconds),
            retry=retry_if_exception(_may_pass),
            sleep=self.sleep,
            before_sleep=again,
            reraise=True,
        )(work)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, CloudBusy) or (isinstance(error, Exception) and passes(error))
