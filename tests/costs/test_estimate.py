"""The estimate: what it counts, what it leaves out, and how it grows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.contribution import BUCKETS, CHUNK
from iotagg.costs.coefficients import COEFFICIENTS, TOUCHES_BY_FILES, of
from iotagg.costs.estimate import Item, Options, Traffic, estimate, lines, total
from iotagg.costs.prices import read_prices
from iotagg.costs.usage import function_seconds
from iotagg.errors import InvalidValue
from iotagg.jobs.sweep import GRACE_SECONDS
from iotagg.stores.dynamodb.write_units import IN_A_TRANSACTION

PRICES = read_prices()
SMALL, LARGE = Traffic.of_devices(15), Traffic.of_pair_days(1e6)
AMOUNTS = st.floats(0.01, 1e9)
OPTIONS = st.builds(
    Options,
    compute=st.sampled_from(["lambda", "vm", "both"]),
    architecture=st.sampled_from(["arm64", "x86_64"]),
    memory_mb=st.integers(128, 10_240),
    raw_days=st.none() | st.floats(0, 400),
    log_days=st.floats(1, 400),
    backup=st.booleans(),
    kms=st.booleans(),
    access_log=st.booleans(),
    pages=st.booleans(),
)
TRAFFIC = st.builds(
    Traffic,
    sites=st.integers(1, 10_000),
    files_per_day=AMOUNTS,
    rows_per_day=AMOUNTS,
    pair_days_per_day=AMOUNTS,
    months_ahead=st.integers(1, 600),
    retention_months=st.none() | st.integers(1, 600),
)


def items_of(traffic: Traffic, **options: Any) -> dict[str, Item]:
    return {f"{item.service} {item.what}": item for item in estimate(traffic, Options(**options), PRICES)}


def services_of(traffic: Traffic, **options: Any) -> set[str]:
    return {item.service for item in estimate(traffic, Options(**options), PRICES)}


@given(TRAFFIC, OPTIONS)
def test_every_quantity_is_an_amount_and_the_free_tier_takes_no_more_than_all(
    traffic: Traffic, options: Options
) -> None:
    items = estimate(traffic, options, PRICES)
    assert all(0 < item.quantity < float("inf") for item in items)
    assert all(item.usd_per_month == item.quantity * item.price for item in items)
    assert all(0 <= item.usd_after_free_tier <= item.usd_per_month for item in items)
    assert total(items) == (sum(i.usd_per_month for i in items), sum(i.usd_after_free_tier for i in items))


@given(TRAFFIC, OPTIONS, st.sampled_from(["files_per_day", "rows_per_day", "pair_days_per_day", "months_ahead"]))
def test_more_of_anything_never_costs_less(traffic: Traffic, options: Options, what: str) -> None:
    more = replace(traffic, **{what: getattr(traffic, what) * 2})
    before, after = (sum(i.usd_per_month for i in estimate(each, options, PRICES)) for each in (traffic, more))
    assert after >= before * (1 - 1e-9)


@given(TRAFFIC)
def test_a_file_touches_no_more_pairs_than_it_has_rows_and_fills_no_more_chunks_than_it_touches(
    traffic: Traffic,
) -> None:
    assert traffic.touches <= traffic.rows
    assert traffic.messages <= traffic.chunks <= max(traffic.touches, traffic.files) * (1 + 1e-9)


def test_the_sample_s_devices_are_what_a_site_is_made_of() -> None:
    assert Traffic(1, 1, 30_000, 630) == SMALL
    assert Traffic.of_devices(1_000).sites == 67
    assert LARGE.pair_days_per_day == 1e6
    assert LARGE.rows_per_day == pytest.approx(1e6 / 42 * 2_000)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("what", ["files_per_day", "rows_per_day", "pair_days_per_day", "months_ahead"])
def test_no_traffic_is_refused(what: str, value: float) -> None:
    with pytest.raises(InvalidValue, match="have to be more than 0"):
        replace(SMALL, **{what: value})


@pytest.mark.parametrize(("files", "factor"), TOUCHES_BY_FILES)
def test_more_files_touch_a_pair_s_month_more_often_as_measured(files: float, factor: float) -> None:
    touched = replace(SMALL, files_per_day=files).touches
    assert touched == pytest.approx(SMALL.touches * factor)


def test_between_and_beyond_what_was_measured_touches_go_on_growing() -> None:
    counts = [1 / 60, 1 / 31, 0.5, 1, 1.5, 3, 50, 96, 150]
    found = [replace(SMALL, files_per_day=count).touches for count in counts]
    assert found == sorted(found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("compute", "services"),
    [
        ("lambda", {"DynamoDB", "S3", "SQS", "Lambda", "CloudWatch"}),
        ("vm", {"DynamoDB", "S3", "SQS", "Lambda", "EC2", "CloudWatch"}),
        ("both", {"DynamoDB", "S3", "SQS", "Lambda", "EC2", "CloudWatch"}),
    ],
)
def test_what_counts_decides_what_is_paid_for(compute: str, services: set[str]) -> None:
    assert services_of(SMALL, compute=compute) == services


def test_a_key_and_a_record_of_requests_are_paid_for_where_they_are_wanted() -> None:
    assert services_of(SMALL, kms=True, access_log=True) - services_of(SMALL) == {"KMS", "CloudTrail"}


def test_a_page_is_paid_for_where_it_is_wanted() -> None:
    assert services_of(SMALL, pages=True) - services_of(SMALL) == {"API Gateway", "Cognito"}
    more = total(estimate(SMALL, Options(pages=True), PRICES))[0] - total(estimate(SMALL, Options(), PRICES))[0]
    assert 0 < more < 5  # USD a month


def test_pollers_ask_around_the_clock_whatever_comes() -> None:
    vain = ("SQS files queue, asked in vain", "SQS chunks queue, asked in vain")
    for traffic in (SMALL, LARGE):
        found = items_of(traffic)
        assert [round(found[name].quantity, 3) for name in vain] == [0.657, 0.657]  # million, 15 a minute


def test_the_free_requests_are_shared_by_both_kinds_of_queues() -> None:
    found = [item for item in items_of(SMALL).values() if item.service == "SQS"]
    charged = sum(item.usd_after_free_tier / item.price for item in found)
    assert charged == pytest.approx(sum(item.quantity for item in found) - 1)


def test_raw_files_are_paid_for_as_long_as_they_are_kept() -> None:
    name = "S3 raw files, kept"
    month, forever = (items_of(SMALL, raw_days=days)[name].quantity for days in (30, None))
    assert month == pytest.approx(30 * 30_000 * 568 / 1e9)
    assert forever == pytest.approx(month / 30 * 365.25)


def test_storage_grows_with_the_months_until_they_are_let_go() -> None:
    def stored(**changed: float) -> float:
        return items_of(replace(SMALL, **changed))["DynamoDB storage"].quantity

    assert stored(months_ahead=24) == pytest.approx(2 * stored(months_ahead=12))
    assert stored(months_ahead=24, retention_months=12) == pytest.approx(stored(months_ahead=12))


def test_ranks_are_written_as_pairs_months_come_and_read_as_these_are_touched() -> None:
    daily, hourly = (items_of(replace(SMALL, files_per_day=count)) for count in (1, 24))
    for written in ("DynamoDB ranks, written", "DynamoDB ranks, their index", "DynamoDB storage of the index"):
        assert hourly[written] == daily[written]
    touched = "DynamoDB pairs' months, updated"
    more = hourly[touched].quantity - daily[touched].quantity
    read = hourly["DynamoDB reads of assessing"].quantity - daily["DynamoDB reads of assessing"].quantity
    assert read == pytest.approx(more / of("writes of a touch"))


def test_a_digest_reads_more_the_more_months_are_kept_and_takes_no_longer_than_it_may() -> None:
    year, years = (items_of(replace(SMALL, months_ahead=months)) for months in (12, 36))
    assert years["DynamoDB reads of the digest"].quantity > 2.8 * year["DynamoDB reads of the digest"].quantity
    longest = items_of(LARGE, memory_mb=1_024)["Lambda time of digests"].quantity
    assert longest == pytest.approx(365.25 / 12 * of("seconds of a digest"))


def test_machines_are_as_many_as_the_work_needs() -> None:
    hours = [items_of(Traffic.of_pair_days(amount), compute="vm")["EC2 machines"].quantity for amount in (1e6, 1e9)]
    assert hours[0] == pytest.approx(730.5)
    assert hours[1] > hours[0]


def test_a_function_with_less_memory_takes_longer_and_one_with_more_than_a_processor_s_not_less() -> None:
    seconds = [function_seconds(LARGE, memory) for memory in (256, 512, 1_769, 3_008)]
    assert seconds[0] > seconds[1] > seconds[2] == seconds[3]


def test_what_a_small_stack_costs_is_what_it_is_watched_and_polled_for() -> None:
    items = estimate(SMALL, Options(), PRICES)
    watched = sum(i.usd_per_month for i in items if i.service == "CloudWatch" or "in vain" in i.what)
    assert watched / total(items)[0] > 0.9


def test_what_much_traffic_costs_is_its_writes_and_what_is_kept() -> None:
    items = estimate(LARGE, Options(), PRICES)
    table = sum(i.usd_per_month for i in items if i.service == "DynamoDB")
    assert table / total(items)[0] > 0.85


def test_the_table_shows_every_item_and_both_totals() -> None:
    items = estimate(SMALL, Options(), PRICES)
    shown = lines(items)
    assert len(shown) == 1 + len(items) + 1
    columns = ["service", "what", "quantity", "unit", "USD each", "USD a month", "with free tier"]
    assert re.split(" {2,}", shown[0]) == columns
    assert shown[-1].split() == ["total", *(f"{usd:,.2f}" for usd in total(items))]
    assert len({len(line) for line in shown}) == 1


def test_every_figure_of_the_model_says_its_unit_and_its_source() -> None:
    assert [name for name, each in COEFFICIENTS.items() if not (each.unit and each.source)] == []


def test_figures_that_the_program_has_too_are_the_same() -> None:
    assert (of("buckets"), of("pair-months of a chunk")) == (BUCKETS, CHUNK)
    assert of("writes of a touch") == of("writes of a chunk") == IN_A_TRANSACTION
    assert of("grace of a sweep") * 60 == GRACE_SECONDS
