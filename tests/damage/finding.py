"""Whether an audit names what was damaged."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from iotagg.audit import audit
from iotagg.auditing.findings import Finding, Note, figure_name
from tests.damage.kinds import DAMAGES
from tests.damage.scene import Named, NothingLeft, OfFigure, OfFile, OfPair, OfPath, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.stores.protocol import Store
    from tests.damage.raw import Raw


def audited(store: Store) -> list[Finding | Note]:
    """Return all that an audit finds, and what it explains: that is named as well."""
    notes: list[Note] = []
    return [*audit(store, noted=notes.append, wait=lambda _: None), *notes]


def damaged(raw: Raw, names: Iterable[str], seed: int) -> list[Named]:
    """Do some kinds of damage, one after the other; return what has to be named. What finds nothing left does none."""
    scene = Scene(raw, random.Random(seed))  # noqa: S311 (drawn again from the same seed)
    named: list[Named] = []
    for name in names:
        try:
            named += DAMAGES[name].do(scene)
        except NothingLeft:
            continue
    return named


def missed(named: Iterable[Named], found: Iterable[Finding | Note]) -> list[Named]:
    """Return what has to be named and is not."""
    found = list(found)
    return [each for each in named if not any(_says(finding, each) for finding in found)]


def _says(found: Finding | Note, named: Named) -> bool:
    if isinstance(named, OfFigure):
        return isinstance(found, Finding) and _key(found) == named.key and _says_figure(found, named)
    if isinstance(named, OfPair):
        return _key(found) == named.key
    if isinstance(named, OfFile):
        site, *name = named.name
        return found.site == site and found.contribution == "-".join(name)
    return found.site == named.site and (not isinstance(named, OfPath) or named.path in found.paths)


def _says_figure(found: Finding, named: OfFigure) -> bool:
    if not found.figure:  # all of it, or none of it, is there; or what a file adds is not known
        whole = found.text.startswith("it is missing") or found.text.endswith("no file adds any")
        return "cannot be recomputed" in found.text or (whole and 0 in (named.stored, named.recomputed))
    figures = found.stored or 0, found.recomputed or 0
    return (found.figure, *figures) == (figure_name(named.figure, named.key.month), named.stored, named.recomputed)


def _key(found: Finding | Note) -> tuple[str, str, str, str]:
    return found.site, found.source, found.destination, found.month
