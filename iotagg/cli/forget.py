"""iotagg forget: a device, a site, or what is old, for good."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from iotagg.cli.options import ADDRESS, MONTH, SITE, json_option
from iotagg.cli.printing import plural, print_error, print_json
from iotagg.forgetting import affected_at, affected_before, forget_before, forget_site, nothing_raw
from iotagg.forgetting_device import affected_of, forget_device
from iotagg.listing import known_site
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.forgetting import Affected, Remove
    from iotagg.stores.protocol import Store


@click.command()
@click.option("--device", type=ADDRESS, default="", metavar="ADDRESS", help="All that was to or from this address.")
@click.option("--site", type=SITE, default="", help="All of this site; with --device, the device at this site only.")
@click.option("--before", type=MONTH, default="", metavar="MONTH", help="All from before a month, such as 2022-12.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def forget(session: Session, device: str, site: str, before: str, yes: bool, as_json: bool) -> int:
    """Remove a device, a site, or old months for good.

    What remains is as if they had never been in the files. It cannot be taken back: files that are uploaded again are
    refused, unless --again says that all of their content is to count again. It first says what would go, and asks. If
    it is interrupted, the same command goes on. Backups, and flow files on your disks, are not touched; raw files in a
    stack's bucket are.

    Examples:

    \b
        iotagg forget --device 192.0.2.17
        iotagg forget --device 192.0.2.17 --site paris --yes
        iotagg forget --site paris
        iotagg forget --before 2022-12
    """
    wanted = _Wanted(device, site, before)
    wanted.check()
    with session.store() as store:
        found = wanted.affected(store)
        if not yes and (found.files or found.pairs) and not _confirmed(wanted, found):
            print_error("nothing was forgotten")
            return 1
        raw = _RawFiles(session)
        files = wanted.carry_out(store, raw)
        if isinstance(store, SqliteStore):
            store.overwrite_erased()
    _say(wanted, files, found, raw, as_json=as_json)
    return 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    # What is to be forgotten.
    device: str
    site: str
    before: str

    def check(self) -> None:
        chosen = [option for option in (self.device, self.before) if option] or [self.site]
        if len(chosen) != 1 or not chosen[0] or (self.before and self.site):
            raise click.UsageError("name one of --device (perhaps with --site), --site and --before")
        if self.before > f"{datetime.now(UTC):%Y-%m}":
            raise click.UsageError(f"--before {self.before} lies ahead, and nothing could be counted until then")

    def __str__(self) -> str:
        if self.before:
            return f"all from before {self.before}"
        at = f" at site {self.site}" if self.site else ""
        return f"{self.device}{at}" if self.device else f"site {self.site}"

    def affected(self, store: Store) -> Affected:
        if self.before:
            return affected_before(store, self.before)
        if self.device:
            return affected_of(store, self.device, known_site(store, self.site))
        return affected_at(store, self.site)

    def carry_out(self, store: Store, raw: _RawFiles) -> int:
        if self.before:
            return forget_before(store, self.before, raw.remover(), _wait)
        if self.device:
            return forget_device(store, self.device, self.site, raw.remover())
        return forget_site(store, self.site, partial(raw.remove_site, self.site))


class _RawFiles:
    # The raw files in a stack's bucket; beside a database, there are none.
    def __init__(self, session: Session) -> None:
        self._cloud = session.cloud() if session.in_cloud else None
        self.removed = 0

    @property
    def are_there(self) -> bool:
        return self._cloud is not None

    def remover(self) -> Remove:
        return nothing_raw if self._cloud is None else self._remove

    def _remove(self, path: str) -> None:
        from iotagg.jobs.raw_files import remove_final  # noqa: PLC0415 (local commands need nothing of AWS)

        if self._cloud is not None:
            self.removed += remove_final(self._cloud, path)

    def remove_site(self, site: str) -> None:
        if self._cloud is not None:
            from iotagg.jobs.raw_files import remove_all  # noqa: PLC0415 (local commands need nothing of AWS)

            self.removed += remove_all(self._cloud, site)


def _confirmed(wanted: _Wanted, found: Affected) -> bool:
    question = f"{plural(found.files, 'file')} and {plural(found.pairs, 'pair')} hold something of {wanted}; forget it"
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # nobody is there to answer
        click.echo(err=True)
        return False


def _wait(seconds: float) -> None:
    if seconds:
        print_error(f"waiting {seconds:,.0f} s, until every worker knows the first month that is kept")
        time.sleep(seconds)


def _say(wanted: _Wanted, files: int, found: Affected, raw: _RawFiles, *, as_json: bool) -> None:
    objects = {"objects": raw.removed} if raw.are_there else {}
    if as_json:
        named = {"device": wanted.device or None, "site": wanted.site or None, "before": wanted.before or None}
        print_json({**named, "files": files, "pairs": found.pairs, **objects})
        return
    counts = [plural(files, "file"), plural(found.pairs, "pair")]
    counts += [plural(raw.removed, "raw object")] if raw.are_there else []
    click.echo(f"forgot {wanted}: {', '.join(counts)}")
