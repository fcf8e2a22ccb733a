"""Raw files in the bucket: which of their versions are done with, and how they are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.aws.events import INCOMING, site_and_path
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from iotagg.aws.objects import ObjectVersion
    from iotagg.core.ledger import PathRecord
    from iotagg.jobs.cloud import Cloud

DEFAULT_SITE = "default"


def is_final(version: ObjectVersion, record: PathRecord | None) -> bool:
    """Say whether it is settled what became of a version of an object."""
    return record is not None and bool(record.versions.final & {version.version, f"etag {version.etag}"})


def site_of(key: str) -> str:
    """Return the site at which an object is remembered, "" for what is no file."""
    try:
        place = site_and_path(key)
    except InvalidValue:
        return DEFAULT_SITE  # where its refusal is kept
    return place[0] if place is not None else ""


def remove_final(cloud: Cloud, key: str) -> int:
    """Remove the versions of an object that are done with; return how many. What has yet to be read stays."""
    record = cloud.store.path(site_of(key), key) if site_of(key) else None
    return _remove(cloud, [each for each in cloud.bucket.versions(key) if each.key == key and is_final(each, record)])


def remove_all(cloud: Cloud, site: str) -> int:
    """Remove all raw files of a site in all their versions, also those that no worker has read; return how many."""
    prefix = INCOMING if site == DEFAULT_SITE else f"{INCOMING}{site}/"
    return _remove(cloud, [each for each in cloud.bucket.versions(prefix) if site_of(each.key) == site])


def _remove(cloud: Cloud, versions: list[ObjectVersion]) -> int:
    for version in versions:
        cloud.bucket.remove(version.key, version.version)
    return len(versions)
