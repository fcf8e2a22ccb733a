"""Chaos in the cloud: processes that upload into a bucket, and workers that count what comes, on an engine."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

from tests.chaos.checking import Asker, Findings, check
from tests.chaos.lanes import Job, lanes
from tests.chaos.left import check_empty, clear_parts
from tests.chaos.story import Story
from tests.cloud.engine import ENVIRONMENT, SUITE, running_engine
from tests.cloud.whole import Whole, deployed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.options import Options
    from tests.chaos.traffic import Traffic

_VISIBILITY_SECONDS = 5
_SWEEP_SECONDS = "3"
_START = 1.0  # so many seconds longer than others live workers: that is how long one takes to begin
_LOOK_SECONDS = 0.3


def run_on_roto(
    options: Options, traffic: Traffic, folder: Path, tell: Callable[[str], object]
) -> tuple[Story, Findings]:
    """Let processes upload and count while they are killed; return what happened, and what was found."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IOTAGG_")) or name in SUITE
    }
    with (
        running_engine() as address,
        patch.dict(os.environ, own | ENVIRONMENT | {"AWS_ENDPOINT_URL": address}, clear=True),
    ):
        whole = deployed(visibility_seconds=_VISIBILITY_SECONDS)
        whole.endure()  # workers that are killed every few seconds leave each message many times
        return _run(options, traffic, folder, tell, whole)


def _run(
    options: Options, traffic: Traffic, folder: Path, tell: Callable[[str], object], whole: Whole
) -> tuple[Story, Findings]:
    results, temporary = folder / "results", folder / "temporary"
    for place in (results, temporary):
        place.mkdir()
    environment = whole.stack.environment() | {"TMPDIR": str(temporary)}
    half = options.processes // 2
    shortest, longest = options.gap
    uploading = [f"upload {number}" for number in range(1, options.processes - half + 1)]
    working = [f"worker {number}" for number in range(1, half + 1)]
    look = Job(
        ("export", "--all", "-o", str(results / "export.csv")), frozenset({0, 1}), beside=True
    )  # 1: nothing is counted yet
    story = Story(
        traffic,
        list(lanes(uploading, folder, environment, options.seed, options.gap)),
        settled=_Calm(whole).reached,
        others=list(lanes(working, folder, environment, options.seed, (_START + shortest, _START + longest))),
        looks=(look,),
        at_least=options.at_least,
    )
    for lane in story.others:
        lane.jobs.append(Job(("worker", "--processes", "1", "--sweep-every", _SWEEP_SECONDS), beside=True))
    try:
        story.run(options.seconds, tell)
    finally:
        for lane in story.lanes:
            lane.end()
    ask = Asker(environment)
    findings = check(ask, traffic)
    _check_stack(whole, findings)
    clear_parts(results, lambda: ask(*look.arguments), findings)
    check_empty(temporary, findings)
    return story, findings


class _Calm:
    # Whether all that was put into the bucket has been counted; looked at seldom, for that takes work.
    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._looked_at = 0.0

    def reached(self) -> bool:
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        return self._whole.idle() and not self._whole.left() and self._whole.idle() and not unread(self._whole)


def unread(whole: Whole) -> list[str]:
    """Return the versions of objects of which it is not settled what became of them."""
    store = whole.cloud.store
    final = {
        (path.path, version) for site in store.sites() for path in store.paths(site) for version in path.versions.final
    }
    return [each.key for each in whole.cloud.bucket.versions("incoming/") if (each.key, each.version) not in final]


def _check_stack(whole: Whole, findings: Findings) -> None:
    findings.differing += [f"left: {what}" for what in whole.left().items()]
    findings.differing += [f"never read: {key}" for key in unread(whole)]
    bucket, store = whole.cloud.bucket, whole.cloud.store
    known = {f"{name}" for site in store.sites() for name in (record.name for record in store.files(site))}
    orphans = [key for key in bucket.keys("contributions/") if not any(name in key for name in known)]
    unfinished = bucket.s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    versions = sum(1 for _ in bucket.versions("incoming/"))
    findings.told.append(
        f"bucket: {versions:,} versions of files, all read; contributions that nobody knows: {len(orphans)}"
    )
    findings.told.append(f"unfinished uploads in parts, left to the bucket's own rule: {len(unfinished)}")
    findings.differing += [f"orphan: {key}" for key in orphans]
