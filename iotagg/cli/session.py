"""What a command works on: the database or the stack that was named."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import click

from iotagg.errors import IotaggError
from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iotagg.aws.stack import Stack
    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store
    from iotagg.stores.sqlite import SqliteStore

# What names a deployment one by one; iotagg.aws.stack reads them, but loading it takes boto3.
PARTS = ("IOTAGG_BUCKET", "IOTAGG_TABLE", "IOTAGG_FILES_QUEUE_URL", "IOTAGG_CHUNKS_QUEUE_URL")


def default_database() -> Path:
    """Return the database that is used when none is named."""
    from platformdirs import user_data_path  # noqa: PLC0415 (10 ms that whoever names a database need not wait for)

    return user_data_path("iotagg", appauthor=False) / "iotagg.db"


@dataclass(slots=True)
class Session:
    """The database or the deployment that the commands work on.

    `deployment` is a stack's name, empty where the environment names its parts one by one, None for a database file.
    `unclear` says what is wrong where it cannot be told which; that is said to commands that want to know.
    """

    database: Path
    deployment: str | None = None
    unclear: str = ""
    _stack: Stack | None = field(default=None, init=False, repr=False)
    _cloud: Cloud | None = field(default=None, init=False, repr=False)

    @classmethod
    def named(cls, db: Path | None, stack: str | None, given: Callable[[str], bool]) -> Session:
        """Return what --db and --stack name, of which `given` says whether they stand on the command line.

        Raises click.UsageError when both do.
        """
        if given("db") and given("stack"):
            raise click.UsageError("--db and --stack exclude each other")
        if db and stack and not given("db") and not given("stack"):
            both = "IOTAGG_DB and IOTAGG_STACK are both set; unset one, or say --db FILE or --stack NAME"
            return cls(db, unclear=both)
        if stack and not given("db"):
            return cls(default_database(), stack)
        one_by_one = db is None and any(os.environ.get(part) for part in PARTS)
        return cls(db or default_database(), "" if one_by_one else None)

    @property
    def in_cloud(self) -> bool:
        """Whether a deployment on AWS was named. Raises click.UsageError where that cannot be told."""
        if self.unclear:
            raise click.UsageError(self.unclear)
        return self.deployment is not None

    def stack(self) -> Stack:
        """Return what the deployment consists of. Raises IotaggError where none was named, CloudError, MissingExtra."""
        if not self.in_cloud:
            raise IotaggError("this works on a stack only; name one with --stack or IOTAGG_STACK")
        if self._stack is None:
            with aws_extra():
                from iotagg.aws.stack import Stack  # noqa: PLC0415 (local commands need nothing of AWS)
            self._stack = Stack.deployed_as(self.deployment) if self.deployment else Stack.named_by()
        return self._stack

    def cloud(self) -> Cloud:
        """Return the deployment, connected to with the settings that the environment says.

        Raises as stack() does, and InvalidValue for settings that cannot be.
        """
        if self._cloud is None:
            stack = self.stack()
            with aws_extra():
                from iotagg.jobs.cloud import Cloud, Settings  # noqa: PLC0415 (local commands need nothing of AWS)
            self._cloud = Cloud.connected(stack, Settings.named_by())
        return self._cloud

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[Store]:
        """Open the store for one command; a database is made only by commands that write."""
        if self.in_cloud:
            yield self.cloud().store
            return
        with self.database_store(create=create) as store:
            yield store

    @contextmanager
    def database_store(self, *, create: bool = False) -> Iterator[SqliteStore]:
        """Open the database file."""
        store = self.opener(create=create)()
        try:
            yield store
        finally:
            store.close()

    def opener(self, *, create: bool = True) -> Callable[[], SqliteStore]:
        """Return what opens the database file, also in other processes."""
        from iotagg.stores.sqlite import SqliteStore  # noqa: PLC0415 (stacks, and dry runs without a database, need none)

        return partial(SqliteStore, self.database, create=create)
