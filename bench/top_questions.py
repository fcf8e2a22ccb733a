"""What is asked about the largest."""

from __future__ import annotations

from bench.top_traffic import BEFORE, MONTH
from iotagg.core.networks import Network
from iotagg.core.spans import Span
from iotagg.top import By, Of, Question

_SPAN = Span.of_months(MONTH, MONTH)

QUESTIONS = {
    **{f"pairs by {by}": Question(by, Of.PAIRS, _SPAN) for by in By},
    "pairs by duration, of two months": Question(By.DURATION, Of.PAIRS, Span.of_months(BEFORE, MONTH)),
    "pairs by duration, of ten days": Question(By.DURATION, Of.PAIRS, Span(f"{MONTH}-11", f"{MONTH}-20")),
    "pairs by duration, to a 256th of the addresses": Question(
        By.DURATION, Of.PAIRS, _SPAN, destination=Network.parse("198.18.7.0/24")
    ),
    "destinations of one source": Question(By.DURATION, Of.DESTINATIONS, _SPAN, source=Network.parse("10.0.0.0")),
    **{f"{of} by {by}": Question(by, of, _SPAN) for of in (Of.SOURCES, Of.DESTINATIONS) for by in By},
}
