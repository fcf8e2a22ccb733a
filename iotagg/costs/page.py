"""What people who look at a stack's page ask for, and what that uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.costs.coefficients import of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.costs.traffic import Traffic

_MILLION = 1e6
_MEMORY_GB = 1.0  # template


def of_page(traffic: Traffic, architecture: str) -> Iterator[tuple[str, str, str, float]]:
    """Yield what a page adds to a month: requests, time, reads, people who sign in."""
    people, hours = of("people of a page"), of("hours of a page")
    asked = people * hours * 3600 / of("seconds of asking again")
    requests = asked * of("requests of asking again")
    seconds = requests * of("seconds of a page's request")
    # The status of a moment is remembered, whoever asks.
    statuses = min(asked, hours * people * 3600 / of("seconds of a status"))
    files = traffic.files * traffic.months_kept
    reads = statuses * (1 + files * of("bytes of a file") / of("bytes of a read unit"))
    yield "API Gateway", "requests of the page", "api gateway requests", requests / _MILLION
    yield "Lambda", "requests of the page", "lambda requests", requests / _MILLION
    yield "Lambda", "time of the page", f"lambda {architecture}", seconds * _MEMORY_GB
    yield "DynamoDB", "reads of the page", "dynamodb reads", reads / _MILLION
    yield "Cognito", "people", "cognito people", people
