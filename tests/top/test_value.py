"""Values of µs per packet, which are whole numbers that sort as the fractions do."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.spans import Span
from iotagg.top import By, Of, Question
from iotagg.top.value import DURATION, NOTHING, PACKETS, value

QUESTION = Question(By.PACE, Of.SOURCES, Span.of_months("2022-12", "2022-12"), packets=1)
totals = st.integers(0, 2**256 - 1)


@given(totals, totals.filter(bool), totals, totals.filter(bool), st.sampled_from([0, 1]), st.booleans())
def test_they_compare_as_the_fractions_do(
    duration: int, packets: int, other_duration: int, other_packets: int, more: int, near: bool
) -> None:
    if near:  # next to it, or the same
        other_duration, other_packets = 3 * duration + more, 3 * packets
    one, other = value_of(duration, packets), value_of(other_duration, other_packets)
    exact, other_exact = Fraction(duration, packets), Fraction(other_duration, other_packets)
    assert (one < other, one == other) == (exact < other_exact, exact == other_exact)


def value_of(duration: int, packets: int) -> int:
    figures = [*NOTHING]
    figures[DURATION], figures[PACKETS] = duration, packets
    found = value(QUESTION, figures, figures)
    assert found is not None
    return found
