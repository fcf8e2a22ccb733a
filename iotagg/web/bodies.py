"""What is answered, described for machines; the figures of each metric follow the table of metrics."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, create_model

from iotagg.core.metrics import METRICS
from iotagg.export import DAILY_COLUMNS, PAIR_COLUMNS, SUMMARY_COLUMNS

_TEXTS = {
    "site": "The site.",
    "src_ip": "The source.",
    "dst_ip": "The destination.",
    "day": "The day.",
    "first_day": "The first day with flows.",
    "last_day": "The last day with flows.",
}
_UNITS = {metric.name: metric.unit for metric in METRICS}


def _described(column: str) -> tuple[Any, Any]:
    if column in _TEXTS:
        return str, Field(description=_TEXTS[column])
    if column.endswith("_mean"):
        return float, Field(description="A mean.")
    if column.endswith("_stddev"):
        return float | None, Field(description="A sample standard deviation; null where there is one value alone.")
    return int, Field(description=f"A whole number{f' of {_UNITS[column]}' if column in _UNITS else ''}, of any size.")


def _row(name: str, columns: tuple[str, ...]) -> type[BaseModel]:
    described: dict[str, Any] = {column: _described(column) for column in columns}
    return create_model(name, **described)


Day = _row("Day", DAILY_COLUMNS)
Pair = _row("Pair", PAIR_COLUMNS)
Summary = _row("Summary", SUMMARY_COLUMNS)


class Waiting(BaseModel):
    """What waits for a stack's workers."""

    files: int = Field(description="Messages about files, waiting or in work.")
    chunks: int = Field(description="Messages about parts of files, waiting or in work.")
    dead_letters: int = Field(description="Messages that no worker could do anything with.")
    since: str | None = Field(description="Since when the oldest file that is counted in part waits, as an ISO time.")


class Status(BaseModel):
    """How the store stands, as far as the caller may know."""

    version: str = Field(description="The version of iotagg.")
    sites: list[str]
    files: dict[str, int] = Field(description="How many files are in each state.")
    flows: int = Field(description="The flows of all files that are counted.")
    rejected: int = Field(description="The lines of those files that were rejected.")
    first_day: str | None
    last_day: str | None
    waiting: Waiting | None = Field(
        default=None, description="Of a stack, for who may ask about all sites: what its workers have yet to do."
    )


class File(BaseModel):
    """A file and what became of it; figures that are not known are null. More keys may follow."""

    file: str
    site: str
    contribution: str | None = Field(description="By what its content is known, where it was read to its end.")
    state: str = Field(description="counted, pending, refused or retracted.")
    lines: int | None
    counted: int | None
    rejected: int | None
    blank: int | None
    headers: int | None
    pairs: int | None
    reason: str | None
    first_day: str | None
    last_day: str | None
    day_order: str | None
    also_at: list[str] = Field(description="Other sites that have the same content, of those you may ask about.")
    erased: int | None = Field(default=None, description="Lines that were taken out on request, if any were.")
    pseudonym_key: str | None


class Reject(BaseModel):
    """A line that was not counted."""

    line: int
    reason: str
    text: str


class Ranked(BaseModel):
    """Who is among the first; without `src_ip` or `dst_ip` where all of them are meant. More keys may follow."""

    site: str
    src_ip: str | None = Field(default=None, description="The source.")
    dst_ip: str | None = Field(default=None, description="The destination.")
    first_day: str
    last_day: str
    days: int
    flows: int
    value: int | float = Field(description="What is compared.")
    previous: int | None = Field(description="By growth: the value of the span before.")
    ratio: float | None = Field(description="By growth: how many times as much; null where there was nothing.")
    share: float | None = Field(description="The part of all that could have been listed.")
    trend: list[int | float | None] = Field(description="The value of each day, or of each month of a longer span.")
    trend_from: str
    unfinished: int = Field(description="Files whose figures are not all in yet.")


_FIGURES: dict[str, Any] = {metric.name: _described(metric.name) for metric in METRICS}
Top = create_model("Top", __base__=Ranked, **_FIGURES)


class Site(BaseModel):
    """A site, and what its files that are counted add up to. More keys may follow."""

    site: str
    files: int = Field(description="How many files are counted.")
    pending: int | None = Field(description="Files whose figures are not all in yet; null where nobody knows.")
    flows: int
    rejected: int = Field(description="The lines of those files that were rejected.")
    first_day: str | None
    last_day: str | None
    state: str = Field(
        description="fine; silent (it has sent nothing lately); rejects (unusually many lines of a late file were"
        " rejected); pending (files are on their way); empty (nothing is counted). More may follow."
    )


class SiteDay(BaseModel):
    """What came from a site for a day."""

    day: str
    flows: int
    files: int = Field(description="How many files hold flows of the day.")


class Traffic(BaseModel):
    """What a device sent, or received, in all."""

    first_month: str = Field(description="The first month with flows.", examples=["2022-12"])
    last_month: str = Field(description="The last month with flows.", examples=["2022-12"])
    flows: int


_Traffic = create_model("DeviceTraffic", __base__=Traffic, **_FIGURES)


class Device(BaseModel):
    """A device of a site."""

    address: str
    sent: _Traffic | None = Field(description="As a source; null where it is none.")  # type: ignore[valid-type]  # made above
    received: _Traffic | None = Field(description="As a destination; null where it is none.")  # type: ignore[valid-type]  # as above


class Me(BaseModel):
    """Who asks, and what they may do."""

    name: str = Field(description="The name beside the token.", examples=["anna"])
    sites: list[str] | None = Field(description="The sites that they may ask about; null where that is all of them.")
    may_write: bool = Field(description="Whether they may also change something.")
    may_export: bool = Field(description="Whether /v1/export.csv is there: a stack has none.")


class Finding(BaseModel):
    """Something that stands out; what it is not about is null. More keys may follow."""

    site: str
    day: str
    kind: str
    severity: str
    src_ip: str | None
    dst_ip: str | None
    file: str | None
    reason: str = Field(description="What it is, in words.")
    measure: str | None
    usual: float | None
    actual: float | None
    score: float = Field(description="How far it is from what is usual, in deviations.")
    pairs: int
    parts: list[Finding] = Field(description="What was put together here.")


class Items(BaseModel):
    """A list, or a page of it: `next` is the `cursor` of the page after it, null at the end."""

    next: str | None


class Days(Items):
    """Days of a pair."""

    items: list[Day]  # type: ignore[valid-type]  # it is made of the table of metrics


class Pairs(Items):
    """Pairs with their totals."""

    items: list[Pair]  # type: ignore[valid-type]  # as above


class Summaries(Items):
    """Pairs with their statistics."""

    items: list[Summary]  # type: ignore[valid-type]  # as above


class Files(Items):
    """Files."""

    items: list[File]


class Rejects(Items):
    """Rejected lines."""

    items: list[Reject]


class Sites(Items):
    """Sites."""

    items: list[Site]


class SiteDays(Items):
    """Days of a site."""

    items: list[SiteDay]


class Devices(Items):
    """Devices of a site."""

    items: list[Device]


class Tops(Items):
    """The first, largest first."""

    first_day: str | None = Field(description="The first day that was looked at; null where nothing was counted.")
    last_day: str | None
    items: list[Top]  # type: ignore[valid-type]  # as above


class Findings(Items):
    """What stands out: by site and day, the worst of a day first."""

    items: list[Finding]
