from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench.figures import Figures
from bench.options import Options
from bench.page import parts_of, with_part, write_part
from bench.report import Plot, Section, Table, markdown, shown
from bench.settings import Setting

if TYPE_CHECKING:
    from pathlib import Path


def draw(figure: Any) -> None:
    figure.subplots().plot([1, 2, 3])


SECTION = Section(
    "Speed",
    "How fast.",
    [Table("All", ("way", "s"), [("a|b", 0.5), ("c", None)])],
    [Plot("speed", "how fast", draw)],
    [Section("Below", "")],
)


def test_a_section_is_text_tables_pictures_and_what_is_below_it() -> None:
    assert markdown(SECTION, "pictures") == (
        "## Speed\n\nHow fast.\n\n**All**\n\n| way | s |\n| --- | ---: |\n| a\\|b | 0.500 |\n| c | - |\n\n"
        "![how fast](pictures/speed.svg)\n\n### Below\n"
    )


def test_figures_have_the_decimals_that_mean_something() -> None:
    assert [shown(cell) for cell in (0.12345, 1.2345, 123.45, 1234567, "x", None)] == [
        "0.123", "1.23", "123", "1,234,567", "x", "-",
    ]  # fmt: skip


def test_a_part_takes_its_own_place_on_the_page_and_no_others() -> None:
    page = with_part(with_part("# Performance\n\nBy hand.\n", "one", "## First\n"), "two", "## Second\n")
    again = with_part(page, "one", "## Other\n")
    assert parts_of(again) == ["one", "two"]
    assert "First" not in again
    assert again.index("## Other") < again.index("## Second")
    assert again.startswith("# Performance\n\nBy hand.\n")
    assert with_part(again, "one", "## First\n") == page


def test_the_same_figures_make_the_same_picture(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    pictures = []
    for _ in range(2):
        page.write_text("# Page\n", encoding="utf-8")
        write_part("speed", SECTION, page)
        pictures.append((tmp_path / "page" / "speed.svg").read_bytes())
    assert pictures[0] == pictures[1]
    assert "## Speed" in page.read_text("utf-8")


def test_results_are_kept_and_read_again(tmp_path: Path) -> None:
    options = Options(keep=tmp_path / "kept")
    options.keep_results("part", [{"way": "a"}])
    options.keep_results("part", [{"way": "b"}])
    assert options.kept_results("part") == [{"way": "a"}, {"way": "b"}]
    Options().keep_results("part", [{"way": "a"}])
    with pytest.raises(FileNotFoundError):
        options.kept_results("other")


def test_ratios_are_those_within_rounds() -> None:
    setting = Setting(1)
    shape = {"megabytes": 1, "kind": "clean", "packed": False, "piped": False, "task": "summarize", "place": 0}
    walls = {"a": (1.0, 10.0, 2.0), "b": (2.0, 20.0, 9.0)}
    results = [
        {"setting": shape, "way": way, "round": number, "wall": wall, "cpu": 1.0, "peak": 1}
        for way, of_rounds in walls.items()
        for number, wall in enumerate(of_rounds, 1)
    ]
    figures = Figures.of(results)
    assert figures.middle(setting, "b") == 9.0
    assert figures.ratio("b", "a", setting) == 2.0
    assert figures.ways(setting) == ["a", "b"]
    assert figures.ratio("c", "a", setting) is None
