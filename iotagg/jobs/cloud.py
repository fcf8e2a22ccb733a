"""What every job works with: the store, the bucket and the queues of one deployment, and what was set for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, get_args

from iotagg.aws.clients import connect
from iotagg.aws.objects import Bucket
from iotagg.aws.queues import Queue
from iotagg.core.flows import MAX_PAIR_DAYS
from iotagg.core.ledger import OnChange
from iotagg.core.retention import MOST_MONTHS
from iotagg.errors import InvalidValue
from iotagg.stores.dynamodb.access_log import AccessLog
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.digests import Digests
from iotagg.stores.dynamodb.store import DynamoStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iotagg.aws.meter import Meter
    from iotagg.aws.stack import Stack
    from iotagg.stores.protocol import Store

ON_OVERWRITE = "IOTAGG_ON_OVERWRITE"
MAX_OBJECT_BYTES = "IOTAGG_MAX_OBJECT_BYTES"
MAX_PAIR_DAYS_NAME = "IOTAGG_MAX_PAIR_DAYS"
REMOVE_RAW = "IOTAGG_REMOVE_RAW"
REMOVE_RAW_AFTER_DAYS = "IOTAGG_REMOVE_RAW_AFTER_DAYS"
RETENTION_MONTHS = "IOTAGG_RETENTION_MONTHS"
LARGE_FILES_QUEUE_URL = "IOTAGG_LARGE_FILES_QUEUE_URL"
QUIET_DAYS = "IOTAGG_QUIET_DAYS"
DIGEST_TOPIC_ARN = "IOTAGG_DIGEST_TOPIC_ARN"
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Settings:
    """What whoever deploys may choose.

    `on_overwrite` is what becomes of an object whose path is known with other content; an upload's own word goes before
    it. Objects of more than `max_object_bytes` go to the queue `large_files_queue_url`, or are refused where there is
    none. `remove_raw` lets the sweep remove objects that are counted or refused, when they are `remove_raw_after_days`
    old. Months that ended more than `retention_months` ago are not kept; 0 keeps all. The sweep names sites from which
    no file came on `quiet_days` whole days; with 0 it names none. The digest goes to the topic `digest_topic_arn`.
    """

    on_overwrite: OnChange = "refuse"
    max_object_bytes: int | None = None
    max_pair_days: int = MAX_PAIR_DAYS
    large_files_queue_url: str = ""
    remove_raw: bool = False
    quiet_days: int = 0
    remove_raw_after_days: int = 0
    retention_months: int = 0
    digest_topic_arn: str = ""

    @classmethod
    def named_by(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Return what the environment says. Raises InvalidValue."""
        on_overwrite = environment.get(ON_OVERWRITE) or "refuse"
        if on_overwrite not in get_args(OnChange):
            raise InvalidValue(f"{ON_OVERWRITE}={on_overwrite}: it has to be one of {', '.join(get_args(OnChange))}")
        return cls(
            on_overwrite=cast("OnChange", on_overwrite),
            max_object_bytes=_whole(environment, MAX_OBJECT_BYTES),
            max_pair_days=_whole(environment, MAX_PAIR_DAYS_NAME) or MAX_PAIR_DAYS,
            large_files_queue_url=environment.get(LARGE_FILES_QUEUE_URL, ""),
            remove_raw=_yes(environment, REMOVE_RAW),
            quiet_days=_whole(environment, QUIET_DAYS) or 0,
            remove_raw_after_days=_whole(environment, REMOVE_RAW_AFTER_DAYS, _MOST_DAYS) or 0,
            retention_months=_whole(environment, RETENTION_MONTHS, MOST_MONTHS) or 0,
            digest_topic_arn=environment.get(DIGEST_TOPIC_ARN, ""),
        )


def _whole(environment: Mapping[str, str], name: str, most: int | None = None) -> int | None:
    text = environment.get(name, "")
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidValue(f"{name}={text}: it has to be a whole number")
    if text and most is not None and int(text) > most:
        raise InvalidValue(f"{name}={text}: it has to be at most {most:,}")
    return int(text) if text else None


def _yes(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "") or "no"
    if text not in ("yes", "no"):
        raise InvalidValue(f"{name}={text}: it has to be yes or no")
    return text == "yes"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One deployment, connected to."""

    store: Store
    bucket: Bucket
    files: Queue
    chunks: Queue
    meter: Meter
    arrivals: Arrivals
    access_log: AccessLog
    digests: Digests
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def connected(cls, stack: Stack, settings: Settings | None = None) -> Cloud:
        """Connect to a deployment. Raises CloudError."""
        clients = connect()
        settings = settings or Settings()
        return cls(
            store=DynamoStore(clients, stack.table, stack.bucket, retention_months=settings.retention_months),
            bucket=Bucket(clients.s3, stack.bucket),
            files=Queue(clients.sqs, stack.files_queue_url),
            chunks=Queue(clients.sqs, stack.chunks_queue_url),
            meter=clients.meter,
            arrivals=Arrivals(clients.dynamodb, stack.table),
            access_log=AccessLog(clients.dynamodb, stack.table),
            digests=Digests(clients.dynamodb, stack.table),
            settings=settings,
        )

    def queue(self, url: str) -> Queue:
        """Return another queue of the same account."""
        return self.files.another(url)
