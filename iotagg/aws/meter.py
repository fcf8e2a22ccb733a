"""What the clients do, counted: requests, retries, conflicts and write units."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Meter:
    """Counts what passes through the clients that it watches; safe to share between threads.

    `requests` counts calls and `sent` what went over the wire for them, both by service and operation, so the
    difference is what the client retried by itself. `counts` holds everything else, by name.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.requests: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def watch(self, client: BaseClient) -> None:
        """Count what a client does from now on."""
        service = client.meta.service_model.service_name
        client.meta.events.register(f"before-call.{service}", self._called)
        client.meta.events.register(f"before-send.{service}", self._sent)

    def _called(self, event_name: str, **_: Any) -> None:
        self._count(self.requests, event_name)

    def _sent(self, event_name: str, **_: Any) -> None:
        self._count(self.sent, event_name)

    def _count(self, counter: Counter[str], event_name: str) -> None:
        with self._lock:
            counter[event_name.partition(".")[2]] += 1

    def add(self, what: str, amount: float = 1) -> None:
        """Count something else, such as `conflicts` or `write_units`."""
        with self._lock:
            self.counts[what] += amount  # type: ignore[assignment]  # a write unit may be a half; Counter adds it

    def figures(self) -> dict[str, float]:
        """Return all that was counted in a few figures: requests, retries, and what else there is."""
        with self._lock:
            requests, sent = self.requests.total(), self.sent.total()
            return {"requests": requests, "retries": max(sent - requests, 0), **self.counts}
