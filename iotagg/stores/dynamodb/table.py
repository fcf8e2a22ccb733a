"""The table: its keys, the kinds of items in it, and how they are bound to one deployment's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.models import Model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.core.contribution import Name

SITES = "SITES"
PENDING = "PENDING"
FLOOR = "FLOOR"
ALLOW = "ALLOW"
PAIRS = "P#"
FILES = "F#"
CHUNK_DIGITS = 5
EXPIRES = "expires"
RANKS_INDEX = "ranks"  # of pair-months that have both of these: site and month, and the text of a rank
RANKED_AT = "at"
RANK = "rank"

Kind = TypeVar("Kind", bound="TableItem")


class TableItem(Model):
    """Any item: a partition key and a sort key, both texts."""

    class Meta:
        """What a new table is made with; its name is given when it is bound."""

        table_name = "iotagg"
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class FileItem(TableItem):
    """A contribution: its head (JSON), where its first chunk begins, its revision and the paths that refer to it.

    `erased` is there where what it adds is stored no longer.
    """

    head = UnicodeAttribute()
    first_chunk = NumberAttribute()
    revision = NumberAttribute(default=0)
    retracted = UnicodeAttribute(default="")
    paths = UnicodeSetAttribute(null=True)
    erased = BooleanAttribute(null=True)


class MarkerItem(TableItem):
    """How far a chunk's history is applied: its revision, whether it is in, and what it adds to each month.

    Of what was erased, it says the first two only, and `expires` (seconds since 1970). `assessed` is the last revision
    after which the pairs of the chunk were assessed.
    """

    revision = NumberAttribute()
    is_in = BooleanAttribute(attr_name="in")
    totals: MapAttribute[str, Any] = MapAttribute()  # type: ignore[no-untyped-call]  # untyped over there
    expires = NumberAttribute(null=True)
    assessed = NumberAttribute(null=True)


class PathItem(TableItem):
    """What is known of a path; `moves` counts its changes, so that none overwrites another that came meanwhile."""

    moves = NumberAttribute(default=0)
    contributions: ListAttribute[str] = ListAttribute(default=list)
    refusal = JSONAttribute(null=True)
    final_versions = UnicodeSetAttribute(null=True)
    first_sequencer = UnicodeAttribute(default="")
    last_sequencer = UnicodeAttribute(default="")
    last_rule = UnicodeAttribute(default="")


class SiteItem(TableItem):
    """A site that files were uploaded for."""


class PendingItem(TableItem):
    """A contribution whose revision has yet to reach some of its chunks, and since when (seconds since 1970)."""

    revision = NumberAttribute()
    since = NumberAttribute()


class FloorItem(TableItem):
    """The first month that is kept (`2022-12`), and when it became that (seconds since 1970)."""

    month = UnicodeAttribute()
    raised = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Table:
    """The kinds of items, bound to one table and one client."""

    name: str
    files: type[FileItem]
    markers: type[MarkerItem]
    paths: type[PathItem]
    sites: type[SiteItem]
    pending: type[PendingItem]
    floors: type[FloorItem]
    connection: TableConnection


def bound(name: str, client: DynamoDBClient) -> Table:
    """Return the kinds of items of a table, which all use this client."""
    connection = TableConnection(name, meta_table=MetaTable(_schema(name)))
    connection.connection._client = client  # type: ignore[assignment]  # noqa: SLF001 (one client for all, watched)

    def kind(model: type[Kind]) -> type[Kind]:
        meta = type("Meta", (model.Meta,), {"table_name": name})
        made: Any = type(model.__name__, (model,), {"Meta": meta, "__module__": __name__})
        made._connection = connection  # noqa: SLF001 (as above)
        return made  # type: ignore[no-any-return]  # made of `model` just now

    return Table(
        name,
        files=kind(FileItem),
        markers=kind(MarkerItem),
        paths=kind(PathItem),
        sites=kind(SiteItem),
        pending=kind(PendingItem),
        floors=kind(FloorItem),
        connection=connection,
    )


def _schema(name: str) -> dict[str, Any]:
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
    }


def pair_key(site: str, source: str) -> str:
    """Return the partition of all that a source sends at a site."""
    return f"{PAIRS}{site}#{source}"


def month_key(destination: str, month: str) -> str:
    """Return the sort key of a pair's month within its source's partition."""
    return f"{destination}#{month}"


def ranks_key(site: str, month: str) -> str:
    """Return the partition of the index of ranks that holds a month of a site."""
    return f"{site}#{month}"


def file_key(name: Name) -> tuple[str, str]:
    """Return the keys of a contribution's item."""
    return content_key(name.site, name.content), f"{name.options}#file"


def content_key(site: str, content: str) -> str:
    """Return the partition of all readings of a content at a site."""
    return f"{FILES}{site}#{content}"


def marker_prefix(name: Name) -> str:
    """Return what the sort keys of a contribution's markers begin with."""
    return f"{name.options}#C#"


def marker_key(name: Name, number: int) -> tuple[str, str]:
    """Return the keys of a chunk's marker."""
    return content_key(name.site, name.content), f"{marker_prefix(name)}{number:0{CHUNK_DIGITS}}"


def paths_key(site: str) -> str:
    """Return the partition of a site's paths."""
    return f"N#{site}"


def pending_key(name: Name) -> str:
    """Return the sort key of a contribution in the list of those that are pending."""
    return f"{name.site}#{name}"
