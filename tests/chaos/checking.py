"""What is asked of a store when nobody works on it any more: is every file where it should be, and every sum right?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos import expected
from tests.chaos.lanes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.chaos.traffic import Traffic

_SHOWN = 5  # differences of a kind


@dataclass
class Findings:
    """What was found: lines for people, and what differs from what it should be."""

    told: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asker:
    """Asks the program itself: `ask("export", "--all")`."""

    environment: Mapping[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "iotagg", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            check=False,
        )


def check(ask: Asker, traffic: Traffic) -> Findings:
    """Compare the files, their states and the exports with what they should be, and let the program audit itself."""
    findings = Findings()
    _check_files(ask, traffic, findings)
    _check_export(ask, traffic, findings)
    _audit(ask, findings)
    return findings


def _check_files(ask: Asker, traffic: Traffic, findings: Findings) -> None:
    listed = expected.as_listed([json.loads(line) for line in ask("files", "--json").stdout.splitlines()])
    wanted = expected.files(traffic)
    for place in sorted(listed.keys() | wanted.keys()):
        found = listed.get(place, [])
        if found != [wanted.get(place)]:
            findings.differing.append(f"file {'/'.join(place)}: {found}, and should be {wanted.get(place)}")
    states = [entry["state"] for entry in wanted.values()]
    counts = ", ".join(f"{states.count(state):,} {state}" for state in sorted(set(states)))
    lines, rejected = (sum(entry.get(count, 0) for entry in wanted.values()) for count in ("lines", "rejected"))
    findings.told.append(
        f"files: {len(wanted):,}, each in one end state ({counts}); {lines:,} lines, {rejected:,} rejected"
    )


def _check_export(ask: Asker, traffic: Traffic, findings: Findings) -> None:
    asked, wanted = ask("export", "--all"), expected.export(traffic)
    exported = asked.stdout
    if asked.returncode:
        findings.differing.append(f"export ended with {asked.returncode}: {asked.stderr.decode(errors='replace')}")
    if exported != wanted:
        found, should = set(exported.splitlines()), set(wanted.splitlines())
        findings.differing += [f"export has {row.decode()}" for row in sorted(found - should)[:_SHOWN]]
        findings.differing += [f"export lacks {row.decode()}" for row in sorted(should - found)[:_SHOWN]]
        findings.differing.append(f"export: {len(exported):,} bytes, and should be {len(wanted):,}")
    count = wanted.count(b"\n") - 1
    findings.told.append(f"export: {count:,} pairs, {len(wanted):,} bytes, compared with a plain reading of the files")


def _audit(ask: Asker, findings: Findings) -> None:
    audited = ask("audit")
    said, wrong = (text.decode(errors="replace").splitlines() for text in (audited.stdout, audited.stderr))
    if audited.returncode:
        findings.differing += [f"audit: {line}" for line in (*said[:_SHOWN], *wrong[-_SHOWN:])]
    findings.told.append(f"audit: {said[-1] if said else 'nothing was said'}")
