from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.networks import Network
from iotagg.core.spans import Span
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from iotagg.top import By, Of, Question, top
from tests.examples import examples
from tests.top.towns import fully_sorted, put_days

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store
    from tests.top.towns import Day

SOURCES = ("192.168.1.1", "192.168.1.2", "192.168.2.1", "2001:db8::1")
DESTINATIONS = ("192.0.2.1", "192.0.2.200", "198.51.100.7", "2001:db8:1::9")
NETWORKS = ("192.168.1.0/24", "192.168.1.1", "0.0.0.0/0", "2001:db8::/32", "198.51.100.0/25", "::/0")
SPANS = (
    *(Span.of_months("2022-12", "2022-12"), Span.of_months("2022-11", "2022-12"), Span.of_months("2022-10", "2023-01")),
    *(Span("2022-12-02", "2022-12-03"), Span("2022-11-15", "2022-12-02"), Span("2022-12-02", "2022-12-31")),
)
# Few values, most of them at the edges of a class, so that many are the same or nearly so.
totals = st.sampled_from([0, 1, 2, 7, 8, 9, 63, 64, 65, 100, 511, 512, 10**6, 8**12 - 1, 8**12]) | st.integers(0, 10**6)
days = st.dictionaries(
    st.tuples(
        st.sampled_from(["paris", "tokyo"]),
        st.sampled_from(SOURCES),
        st.sampled_from(DESTINATIONS),
        st.sampled_from(
            ["2022-10-31", "2022-11-01", "2022-11-30", "2022-12-01", "2022-12-02", "2022-12-31", "2023-01-01"]
        ),
    ),
    st.tuples(st.integers(1, 70), totals, totals),
    max_size=40,
)
networks = st.none() | st.sampled_from(NETWORKS).map(Network.parse)
questions = st.builds(
    Question,
    by=st.sampled_from(By),
    of=st.sampled_from(Of),
    span=st.sampled_from(SPANS),
    site=st.sampled_from(["", "", "paris"]),
    source=networks,
    destination=networks,
    count=st.integers(1, 12),
    packets=st.sampled_from([1, 63, 64, 100]),
)


def agrees(store: Store, question: Question) -> None:
    answer = top(store, question)
    found = [((each.site, each.source, each.destination), each.value) for each in answer.entries]
    assert found == fully_sorted(store, question)[: question.count]
    assert answer.unfinished == 0


@given(days, st.lists(questions, min_size=1, max_size=6))
@settings(deadline=None, max_examples=examples(150))
def test_the_first_are_those_of_a_full_sort(days: dict[Day, tuple[int, int, int]], asked: list[Question]) -> None:
    store = MemoryStore()
    put_days(store, days)
    for question in asked:
        agrees(store, question)


@given(days, st.lists(questions, min_size=1, max_size=6))
@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_database_answers_alike(tmp_path: Path, days: dict[Day, tuple[int, int, int]], asked: list[Question]) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder, closing(SqliteStore(Path(folder, "iotagg.db"))) as store:
        with store.atomically():
            put_days(store, days)
        for question in asked:
            agrees(store, question)


@given(days)
@settings(deadline=None, max_examples=examples(5))
def test_every_measure_of_everybody_in_every_span_is_as_sorted(days: dict[Day, tuple[int, int, int]]) -> None:
    store = MemoryStore()
    put_days(store, days)
    for by in By:
        for of in Of:
            for span in SPANS:
                for network in (None, *map(Network.parse, NETWORKS)):
                    agrees(store, Question(by, of, span, source=network, count=3))
                    agrees(store, Question(by, of, span, destination=network, count=3))


def test_equals_at_the_edge_of_a_class_come_by_their_addresses() -> None:
    store = MemoryStore()
    day = "2022-12-01"
    put_days(store, {("paris", source, "192.0.2.1", day): (1, 63, 63) for source in ("192.0.2.7", "192.0.2.8")})
    agrees(store, Question(By.DURATION, Of.PAIRS, SPANS[0], count=1))
