from __future__ import annotations

from iotagg.core.findings import Finding, Kind, Severity


def test_severities_are_in_order() -> None:
    assert sorted(Severity, reverse=True) == [Severity.HIGH, Severity.MEDIUM, Severity.LOW]


def test_kinds_are_their_texts() -> None:
    assert [f"{kind}" for kind in Kind] == [
        *("surge", "drop", "silent", "new-pair", "fan-out"),
        *("site-silent", "rejects", "others"),
    ]


def test_a_finding_is_about_one_pair_if_nothing_else_is_said() -> None:
    found = Finding("paris", "2022-12-06", Kind.SURGE, Severity.LOW, "more than usual")
    assert (found.pairs, found.source, found.destination, found.file) == (1, "", "", "")
