"""Values of µs per packet, which are whole numbers that sort as the fractions do."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.spans import Span
from iotagg.top import By, Of, Question
from iotagg.top.value import DURATION, NOTHING, PACKETS, value

QUESTION = Question(By.PACE, Of.SOURCES, Span.of_months("2022-12", "2022-12"), packets=1)
totals = st.integers(0, 2**256 - 1)


fractions = st.tuples(totals, totals.filter(bool))


@given(fractions, fractions)
def test_they_compare_as_the_fractions_do(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert_compare_alike(one, other)


@given(fractions, st.integers(1, 3), st.sampled_from([-1, 0, 1]))
def test_so_do_those_next_to_each_other(one: tuple[int, int], times: int, more: int) -> None:
    duration, packets = one
    assert_compare_alike(one, (max(0, times * duration + more), times * packets))


def assert_compare_alike(one: tuple[int, int], other: tuple[int, int]) -> None:
    exact, other_exact = Fraction(*one), Fraction(*other)
    value, other_value = value_of(*one), value_of(*other)
    assert (value < other_value, value == other_value) == (exact < other_exact, exact == other_exact)


def value_of(duration: int, packets: int) -> int:
    figures = [*NOTHING]
    figures[DURATION], figures[PACKETS] = duration, packets
    found = value(QUESTION, figures, figures)
    assert found is not None
    return found
