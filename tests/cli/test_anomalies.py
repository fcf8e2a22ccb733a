from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.remaining import MOST_A_DAY, at_most_five
from iotagg.standing_out.page import as_page
from iotagg.standing_out.question import Answer
from iotagg.standing_out.telling import fields, headline
from iotagg.standing_out.text import as_text
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.standing import SURGE, counted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Command

HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>\x1b[31m\r\n\u202eA&\"'"
DAY = ("--day", "2022-12-21")


@pytest.fixture
def busy(run: Command, tmp_path: Path) -> Command:
    """A database with one surge, at paris on 2022-12-21."""
    store = SqliteStore(run.database)
    counted(store, tmp_path / "files", "paris", surge_on=SURGE)
    store.close()
    return run


def finding(kind: Any = Kind.SURGE, severity: Any = Severity.LOW, **parts: Any) -> Finding:
    return replace(Finding("paris", "2022-12-21", kind, severity, "why"), **parts)


# The command.


def test_what_stands_out_is_told_in_lines(busy: Command) -> None:
    result = busy("anomalies")
    assert (result.code, result.err) == (0, "")
    title, empty, section, line, _, judged = result.out.splitlines()
    assert (title, empty, section) == ("1 surge at paris, 2022-12-21", "", "Wednesday 2022-12-21, paris")
    assert line.startswith(
        "  high    surge: 192.168.1.7 → 192.0.2.1: 200 flows instead of about 11: 18.2 times the median of"
    )
    assert judged.startswith("Judged: 2022-12-21 to 2022-12-21, at 1 site; ")


def test_a_day_a_range_and_a_site_are_asked_for(busy: Command) -> None:
    assert busy("anomalies", *DAY).out == busy("anomalies").out != ""
    assert busy("anomalies", "--since", "2022-12-01", "--until", "2022-12-21", "--site", "paris").out != ""
    assert busy("anomalies", "--day", "2022-12-20").out == ""


def test_machines_get_an_object_for_each(busy: Command) -> None:
    (found,) = busy("anomalies", "--json").objects()
    assert found["kind"] == "surge"
    assert (found["severity"], found["src_ip"], found["file"], found["pairs"]) == ("high", "192.168.1.7", None, 1)
    assert busy("anomalies", "--format", "json").objects() == [found]


def test_a_page_is_written_whole(busy: Command, tmp_path: Path) -> None:
    assert busy("anomalies", "--format", "html", "-o", tmp_path / "digest.html").out == ""
    page = (tmp_path / "digest.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "192.168.1.7 → 192.0.2.1" in page
    assert busy("anomalies", "--format", "html").out == page


def test_where_nothing_stands_out_nothing_is_printed_and_a_file_is_empty(
    busy: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for form in ("text", "html", "json"):
        result = busy("anomalies", "--day", "2022-12-20", "--format", form)
        assert (result.code, result.out, result.err) == (0, "", "")
    file = tmp_path / "digest.txt"
    file.write_text("of yesterday")
    assert busy("anomalies", "--day", "2022-12-20", "-o", file).code == 0
    assert file.read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--day", "2022-12-20"), "iotagg: nothing stands out on 2022-12-20\n"),
        (
            ("--since", "2022-12-02", "--until", "2022-12-09"),
            "iotagg: nothing stands out on 2022-12-02 to 2022-12-09\n",
        ),
        (("--day", "2023-06-01"), "iotagg: no days to judge yet; iotagg status shows what was counted\n"),
        ((), ""),
    ],
)
def test_a_person_at_a_terminal_is_told_what_was_looked_at(
    busy: Command, arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotagg.cli.anomalies._at_a_terminal", lambda: True)
    assert busy("anomalies", *arguments).err == said


def test_a_person_is_told_that_there_is_too_little_history(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotagg.cli.anomalies._at_a_terminal", lambda: True)
    (tmp_path / "a.csv").write_bytes(
        b"src ip,dst ip,timestamp,flow duration,tot fwd pkts\n192.0.2.1,192.0.2.2,2022-12-01,1,1\n"
    )
    run("upload", "--site", "paris", "a.csv")
    assert run("anomalies").err.splitlines() == [
        "iotagg: paris has sent 1 day; there have to be 7 before a day can stand out",
        "iotagg: no days to judge yet; iotagg status shows what was counted",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--site", "rome"), 1, "no site rome; there are paris"),
        (("--since", "2022-12-02", "--until", "2022-12-01"), 2, "--since 2022-12-02 is after --until 2022-12-01"),
        (("--day", "yesterday"), 2, "'yesterday' is no day; write it as 2022-12-06"),
        (("--day", "2022-02-30"), 2, "'2022-02-30' is a day that no calendar has"),
        (("--day", "2022-12-01", "--since", "2022-12-01"), 2, "--day and --since, --until exclude each other"),
        (("--min-severity", "worst"), 2, "'worst' is not one of 'low', 'medium', 'high'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    busy: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = busy("anomalies", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


# The allow list.


def test_what_is_allowed_is_left_out_until_it_is_removed(busy: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    added = busy("allow", "--src", "192.168.1.0/24", "--kind", "surge", "--note", "nightly backup", "--json")
    (allowance,) = added.objects()
    assert {**allowance, "id": ""} == {
        "id": "",
        "site": None,
        "src": "192.168.1.0/24",
        "dst": None,
        "kind": "surge",
        "until": None,
        "note": "nightly backup",
    }
    assert busy("anomalies").out == ""
    monkeypatch.setattr("iotagg.cli.anomalies._at_a_terminal", lambda: True)
    assert "1 finding hidden by the allow list" in busy("anomalies").err
    assert busy("allow", "--json").objects() == [allowance]
    assert busy("allow").out.split()[-2:] == ["nightly", "backup"]
    assert busy("allow", "--remove", allowance["id"]).out == f"{allowance['id']} is no longer allowed\n"
    assert busy("anomalies").out != ""


def test_an_empty_allow_list_is_said(busy: Command) -> None:
    result = busy("allow")
    assert (result.code, result.out) == (0, "")
    assert result.err == "iotagg: nothing is allowed; iotagg allow --src ADDRESS adds to the list\n"
    assert busy("allow", "--json").out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("--src", "somewhere"),
            2,
            "'somewhere' is no network; write it as 192.0.2.0/24, 2001:db8::/32, or as an address alone",
        ),
        (("--dst", "192.0.2.0/99"), 2, "'192.0.2.0/99' is no network; write it as 192.0.2.0/24"),
        (("--until", "2022-12-32", "--src", "192.0.2.1"), 2, "'2022-12-32' is a day that no calendar has"),
        (("--note", "all of it"), 2, "this would allow everything; name a site, a source, a destination or a kind"),
        (("--kind", "worst"), 2, "'worst' is not one of 'surge'"),
        (("--src", "192.0.2.1", "--note", "two\nlines"), 2, "a note is one line of at most 200 characters"),
        (("--remove", "0123", "--src", "192.0.2.1"), 2, "--remove and what is to be added exclude each other"),
        (("--remove", "0123"), 1, "no 0123 is on the list; iotagg allow shows it"),
    ],
)
def test_what_cannot_be_allowed_is_refused_in_a_line(
    busy: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = busy("allow", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert busy("allow").out == ""


# The words.


def crowded(number: int = 12) -> tuple[Finding, ...]:
    """Findings of one day: one is severe, the others new pairs of strangers."""
    new = [finding(Kind.NEW_PAIR, source=f"192.0.2.{100 + each}") for each in range(number - 1)]
    return (finding(severity=Severity.HIGH, source="192.0.2.200"), *new)


def test_of_a_sites_day_the_worst_are_told_and_a_line_says_what_the_others_are() -> None:
    lines = as_text(Answer(tuple(at_most_five(crowded())), (), hidden=3, milder=1)).splitlines()
    assert lines[0] == "1 surge and 11 new pairs at paris, 2022-12-21"
    assert lines[3] == "  high    surge: 192.0.2.200: why"
    assert len(lines[3:8]) == MOST_A_DAY
    assert lines[7] == (
        "  low     8 more (low): 8 new pairs; of 192.0.2.103 (1), 192.0.2.104 (1), 192.0.2.105 (1) and 5 more;"
        " iotagg anomalies --day 2022-12-21 --site paris --all tells each"
    )
    assert lines[9] == "3 findings hidden by the allow list, 1 milder one not told"


def test_a_page_tells_what_the_others_are_and_objects_hold_them() -> None:
    told = at_most_five(crowded())
    page = as_page(Answer(tuple(told), ()))
    assert page.count("<tr>") == MOST_A_DAY
    assert "<td>iotagg anomalies --day 2022-12-21 --site paris --all tells each</td><td>8 more (low): 8 new" in page
    rest = fields(told[-1])
    assert (rest["kind"], rest["actual"], rest["src_ip"]) == ("others", 8, None)
    assert [part["src_ip"] for part in rest["parts"]] == [each.source for each in crowded()[4:]]


def test_each_finding_of_a_day_is_told_to_whoever_asks(busy: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotagg.anomalies.folded", lambda _: list(crowded()))
    assert len(busy("anomalies", "--json").objects()) == MOST_A_DAY
    everything = busy("anomalies", "--all", "--json").objects()
    assert (len(everything), [each["parts"] for each in everything]) == (12, [[]] * 12)
    assert "more" not in busy("anomalies", "--all").out


def test_a_headline_names_the_worst_first_and_how_many_sites_and_days_there_are() -> None:
    found = [
        finding(Kind.NEW_PAIR),
        finding(Kind.NEW_PAIR),
        finding(Kind.SITE_SILENT, severity=Severity.HIGH, site="tokyo", day="2022-12-24"),
        finding(Kind.REJECTS, severity=Severity.MEDIUM),
    ]
    assert headline(found) == (
        "1 site that sent nothing, 1 file with rejected rows and 2 new pairs at 2 sites, 2022-12-21 to 2022-12-24"
    )


@pytest.mark.parametrize(
    ("parts", "about"),
    [
        ({"source": "a", "destination": "b"}, "a → b"),
        ({"source": "a"}, "a"),
        ({"destination": "b"}, "→ b"),
        ({"file": "flows.csv"}, "flows.csv"),
        ({}, "the site"),
    ],
)
def test_a_line_says_what_it_is_about(parts: dict[str, Any], about: str) -> None:
    assert as_text(Answer((replace(finding(), **parts),), ())).splitlines()[-3] == f"  low     surge: {about}: why"


# What comes from outside does no harm.


class Reading(HTMLParser):
    """The elements of a page, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.texts = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts += data


HOSTILE_FINDINGS = tuple(
    finding(**{"site": HOSTILE, part: HOSTILE}) for part in ("reason", "source", "destination", "file")
)


def test_a_page_holds_nothing_but_words() -> None:
    plain, hostile = Reading(), Reading()
    plain.feed(as_page(Answer((finding(),), (), hidden=1)))
    hostile.feed(as_page(Answer(HOSTILE_FINDINGS, (), hidden=1)))
    assert hostile.elements == plain.elements
    assert hostile.attributes == plain.attributes
    assert not {"script", "a", "img", "iframe", "link", "object"} & hostile.elements
    assert "<script>alert(1)</script>" in hostile.texts
    assert_harmless(hostile.texts)


def test_text_moves_no_cursor_and_begins_no_formula() -> None:
    text = as_text(Answer(HOSTILE_FINDINGS, ()))
    assert_harmless(text)
    assert len([line for line in text.splitlines() if line.startswith("  low")]) == len(HOSTILE_FINDINGS)
    assert not [line for line in text.splitlines() if line[:1] in tuple("=+-@\t")]


def assert_harmless(text: str) -> None:
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
    assert "\u202e" not in text


def test_machine_output_is_one_line_of_ascii() -> None:
    for each in HOSTILE_FINDINGS:
        line = json.dumps(fields(each))
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["site"] == HOSTILE
