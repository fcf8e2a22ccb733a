"""What a message of the files queue says has happened to objects.

S3 tells of its objects in two shapes: the event notification, which it sends to SQS or SNS, and the event of
EventBridge. Both may come inside an SNS notification. A key is URL-encoded in the first shape and plain in the second.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote_plus, unquote_plus

from iotagg.core.cells import printable
from iotagg.core.values import checked_site
from iotagg.errors import Unintelligible

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = TypeVar("Kind")

INCOMING = "incoming/"
_DEFAULT_SITE = "default"
_MAJOR_VERSION = "2"  # AWS: fields may be added under the same major version; under another, they may mean other things
# Whether an event of each kind removes its object. All other kinds leave an object as it is, and there.
_NOTIFIED = {"ObjectCreated": False, "ObjectRemoved": True, "LifecycleExpiration": True}
_BRIDGED = {"Object Created": False, "Object Deleted": True}
_KINDS_OF_JSON: dict[type, str] = {str: "text", dict: "object", list: "list"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write one, UTF-8 cannot, so no request to AWS can hold it
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]*")
_MOST_BYTES = 1024  # of a key or a version (Amazon S3, object keys and versioning), and more than of any ETag
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that came into a bucket, or left it.

    `version` is empty where the bucket keeps no versions, `etag` (without quotes) and `sequencer` (hexadecimal, see
    ledger.is_older()) where the event does not tell them; `size`, in bytes, is then None.
    """

    bucket: str
    key: str
    version: str = ""
    etag: str = ""
    size: int | None = None
    sequencer: str = ""
    removed: bool = False


class _Strange(Exception):
    """What in a message is not as AWS would write it."""


def arrivals(body: str) -> list[Arrival]:
    """Return what a message tells, in its order; nothing for a test message and for events that only touch an object.

    Raises Unintelligible.
    """
    try:
        return _told(_document(body))
    except _Strange as reason:
        raise Unintelligible(
            "this message of the files queue is no event of S3, let nothing else send there: "
            f"{reason}; it begins '{_shown(body)}'"
        ) from None


def message_for(arrival: Arrival) -> str:
    """Return a message, in the shape of an event notification, which `arrivals` reads back as the same arrival."""
    known = {
        "key": quote_plus(arrival.key, safe="/"),
        "size": arrival.size,
        "eTag": arrival.etag,
        "versionId": arrival.version,
        "sequencer": arrival.sequencer,
    }
    record = {
        "eventVersion": f"{_MAJOR_VERSION}.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectRemoved:Delete" if arrival.removed else "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": arrival.bucket},
            "object": {name: value for name, value in known.items() if value not in {"", None}},
        },
    }
    return json.dumps({"Records": [record]}, separators=(",", ":"))


def site_and_path(key: str) -> tuple[str, str] | None:
    """Return the site that an object's key names, and the path under which its file is remembered: the whole key.

    None where it is no file that came in: it lies elsewhere, or stands for a folder. What lies in no site's folder is
    the default site's. Raises InvalidValue where the folder's name cannot be a site's.
    """
    if not key.startswith(INCOMING) or key.endswith("/"):
        return None
    folder, slash, _ = key.removeprefix(INCOMING).partition("/")
    if not slash:
        return _DEFAULT_SITE, key
    return checked_site(folder), key


@dataclass(frozen=True, slots=True)
class _Part:
    """A JSON object in a message, and the way to it, which ends in a dot."""

    fields: dict[str, object]
    way: str = ""

    def part(self, name: str) -> _Part:
        return _Part(self._typed(name, dict), f"{self.way}{name}.")

    def parts(self, name: str) -> list[_Part]:
        ways = [(f"{self.way}{name}[{place}]", found) for place, found in enumerate(self._typed(name, list))]
        return [_Part(_checked(way, found, dict), f"{way}.") for way, found in ways]

    def text(self, name: str) -> str:
        """Return a text that has to be there."""
        found = self._typed(name, str)
        if not found:
            raise _Strange(f"{self.way}{name} is empty")
        return found

    def text_if_known(self, name: str) -> str:
        """Return a text, empty where there is none."""
        return "" if self.fields.get(name) is None else self._typed(name, str)

    def size_if_known(self, name: str) -> int | None:
        """Return a number of bytes, None where there is none."""
        found = self.fields.get(name)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise _Strange(f"{self.way}{name} is no number of bytes")
        return found

    def _typed(self, name: str, kind: type[Kind]) -> Kind:
        if name not in self.fields:
            raise _Strange(f"{self.way}{name} is missing")
        return _checked(f"{self.way}{name}", self.fields[name], kind)


def _checked(way: str, found: object, kind: type[Kind]) -> Kind:
    if not isinstance(found, kind) or (isinstance(found, str) and _LONE_SURROGATE.search(found)):
        raise _Strange(f"{way} is no {_KINDS_OF_JSON[kind]}")
    return found


def _document(text: str, way: str = "") -> _Part:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # a number may have too many digits, and brackets may be nested too deeply
        raise _Strange(f"{way or 'it'} is no JSON") from None
    return _Part(_checked(way or "it", found, dict), f"{way}." if way else "")


def _told(document: _Part) -> list[Arrival]:
    if "Type" in document.fields:
        _expect(document, "Type", "Notification")  # SNS also asks to confirm subscriptions, which a person has to do
        document = _document(document.text("Message"), "Message")
    if "Records" in document.fields:
        return [found for record in document.parts("Records") if (found := _notified(record)) is not None]
    if "detail-type" in document.fields:
        return [found for found in [_bridged(document)] if found is not None]
    _expect(document, "Event", "s3:TestEvent")
    return []


def _expect(part: _Part, name: str, expected: str) -> None:
    found = part.text(name)
    if found != expected:
        raise _Strange(f"{part.way}{name} is '{_shown(found)}', not '{expected}'")


def _notified(record: _Part) -> Arrival | None:
    _expect(record, "eventSource", "aws:s3")
    version = record.text_if_known("eventVersion")
    if version and version.partition(".")[0] != _MAJOR_VERSION:
        raise _Strange(f"{record.way}eventVersion is '{_shown(version)}', not {_MAJOR_VERSION}.x")
    removed = _NOTIFIED.get(record.text("eventName").removeprefix("s3:").partition(":")[0])
    return None if removed is None else _arrival(record.part("s3"), removed, ("versionId", "eTag"), _decoded)


def _bridged(event: _Part) -> Arrival | None:
    _expect(event, "source", "aws.s3")
    kind = event.text("detail-type")
    if not kind.startswith("Object "):
        # Such as a trail's record of an API call: to skip what may be an upload would lose it without a word.
        raise _Strange(f"{event.way}detail-type is '{_shown(kind)}', not 'Object Created' or the like")
    removed = _BRIDGED.get(kind)
    return None if removed is None else _arrival(event.part("detail"), removed, ("version-id", "etag"), _plain)


def _short(way: str, text: str) -> str:
    if len(text.encode()) > _MOST_BYTES:
        raise _Strange(f"{way} has more bytes than S3's {_MOST_BYTES:,}")  # nor would the table take it as a key
    return text


def _arrival(place: _Part, removed: bool, names: tuple[str, str], read: Callable[[_Part], str]) -> Arrival:
    item = place.part("object")
    version, etag = names
    sequencer = item.text_if_known("sequencer")
    if not _HEXADECIMAL.fullmatch(sequencer):
        raise _Strange(f"{item.way}sequencer is not hexadecimal")
    return Arrival(
        bucket=place.part("bucket").text("name"),
        key=_short(f"{item.way}key", read(item)),
        version=_short(f"{item.way}{version}", item.text_if_known(version)),
        etag=_short(f"{item.way}{etag}", item.text_if_known(etag)).strip('"'),
        size=item.size_if_known("size"),
        sequencer=sequencer,
        removed=removed,
    )


def _plain(item: _Part) -> str:
    return item.text("key")


def _decoded(item: _Part) -> str:
    try:
        return unquote_plus(item.text("key"), errors="strict")
    except UnicodeDecodeError:
        raise _Strange(f"{item.way}key is not UTF-8") from None


def _shown(text: str) -> str:
    shown = printable(text[: _SHOWN + 1])
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
