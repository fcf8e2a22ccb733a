"""What is asked about the devices of a site."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Response

from iotagg.assess import assess_outstanding
from iotagg.core.history import History, history
from iotagg.core.metrics import METRICS
from iotagg.devices import devices as devices_of
from iotagg.devices import histories_to
from iotagg.export import pair_row
from iotagg.web import bodies
from iotagg.web.desk import Asked, Question, at_once
from iotagg.web.paging import Page
from iotagg.web.pairs import Range
from iotagg.web.problems import answers
from iotagg.web.values import Destination, SiteNamed, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.devices import Device, Traffic

router = APIRouter(tags=["devices"], responses=answers(HTTPStatus.NOT_FOUND))


def _assessed(asked: Asked, site: str) -> str:
    # What devices add up to follows the sums by whoever assesses: of a database, whoever asks first.
    known = asked.caller.site_in(asked.store, site)
    assess_outstanding(asked.store, known)
    return known


@router.get("/v1/sites/{site}/devices", response_model=bodies.Devices)
async def devices(asked: Question, page: Annotated[Page, at_once(Page)], site: SiteNamed) -> Response:
    """The devices of a site, with what each sent and received in all, sorted by address; /v1/top sorts by size."""

    def found() -> dict[str, Any]:
        after = page.after[0] if page.after else ""
        listed = devices_of(asked.store, _assessed(asked, site), after)
        return page.of_those_after(([each.address], _device(each)) for each in listed)

    return await asked.answer(found)


def _device(device: Device) -> dict[str, Any]:
    return {"address": device.address, "sent": _traffic(device.sent), "received": _traffic(device.received)}


def _traffic(traffic: Traffic | None) -> dict[str, Any] | None:
    if traffic is None:
        return None
    told = asdict(traffic)
    totals = told.pop("totals")
    return told | {metric.name: total for metric, total in zip(METRICS, totals, strict=True)}


@router.get("/v1/sites/{site}/devices/{address}/peers", response_model=bodies.Pairs)
async def peers(
    asked: Question,
    page: Annotated[Page, at_once(Page)],
    range: Annotated[Range, at_once(Range)],  # noqa: A002 (what it is)
    site: SiteNamed,
    address: Source,
) -> Response:
    """The pairs of which a device is the source, with their totals, sorted by destination."""

    def found() -> dict[str, Any]:
        after = page.after[0] if page.after else ""
        pairs = _from_device(asked, site, address, range, after)
        return page.of_those_after(([pair.destination], pair_row(pair)) for pair in pairs)

    return await asked.answer(found)


def _from_device(asked: Asked, site: str, address: str, days: Range, after: str) -> Iterator[History]:
    months = asked.store.source_months(asked.caller.site_in(asked.store, site), address, after)
    for _, group in groupby(months, key=lambda month: month.destination):
        found = history(site, list(group), days.since, days.until)
        if found is not None:
            yield found


@router.get("/v1/sites/{site}/devices/{address}/sources", response_model=bodies.Pairs)
async def sources(
    asked: Question,
    page: Annotated[Page, at_once(Page)],
    range: Annotated[Range, at_once(Range)],  # noqa: A002 (as above)
    site: SiteNamed,
    address: Destination,
) -> Response:
    """The pairs of which a device is the destination, with their totals, sorted by source."""

    def found() -> dict[str, Any]:
        after = page.after[0] if page.after else ""
        days = {"since": range.since, "until": range.until}
        pairs = histories_to(asked.store, _assessed(asked, site), address, after, **days)
        return page.of_those_after(([pair.source], pair_row(pair)) for pair in pairs)

    return await asked.answer(found)
