"""Every view is there, in light, in dark and on a phone, and says nothing that a screen reader would stumble over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.web.pages import POLICY, Assets
from tests.page.conftest import HOSTILE
from tests.page.looking import DRAWN, PHONE

if TYPE_CHECKING:
    from tests.page.looking import Looked
    from tests.web.served import Served

VIEWS = {
    "/": "Overview",
    "/top": "Top pairs",
    "/anomalies?since=2022-12-01": "Anomalies",
    "/pairs/192.168.1.7/192.0.2.1": "192.168.1.7 → 192.0.2.1",
    "/devices/paris/192.168.1.7": "192.168.1.7",
    "/files": "Files",
    "/upload": "Upload",
    "/pairs/192.0.2.1/192.0.2.2": "Not seen (404)",
}


# Together they have every part that others are made of.
OF_ALL_PARTS = ("/", "/pairs/192.168.1.7/192.0.2.1")
# What colours and a narrow screen can change; all else is as it was in light.
OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]


def found_wrong(looked: Looked, rules: list[str] | None = None) -> list[Any]:
    """Return what axe finds, by some rules or all."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # noqa: PLC0415 (without a browser, nothing of it is needed)

    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = Axe().run(looked.page, options=options).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("path", VIEWS)
def test_a_view_reads_well_in_light_and_dark_and_on_a_phone(looked: Looked, path: str) -> None:
    looked.go(path)
    assert looked.heading() == VIEWS[path]
    assert found_wrong(looked) == []
    looked.page.emulate_media(color_scheme="dark")
    looked.page.set_viewport_size(PHONE)
    if path in OF_ALL_PARTS:
        assert found_wrong(looked, OF_LOOKS) == []
    assert not looked.is_wider_than_screen()


def test_a_dialog_reads_well(looked: Looked, stranger: Looked) -> None:
    looked.go("/anomalies?since=2022-12-01")
    looked.role("button", "Acknowledge").first.click()
    stranger.go("/")
    for each in (looked, stranger):
        assert each.role("dialog").is_visible()
        assert found_wrong(each) == []


def test_names_that_somebody_made_to_do_harm_are_shown_as_they_are(looked: Looked) -> None:
    looked.go("/files")
    shown = looked.page.locator("main").inner_text()
    assert HOSTILE.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "⟨U+202E⟩") in shown
    assert "<b>no" in shown
    looked.page.get_by_text("rejected line").first.click()
    looked.page.locator("rejected-lines bdi", has_text="<script>alert(1)</script>").wait_for()
    assert looked.page.locator("main img, main script, main b").count() == 0


def test_a_large_device_is_sorted_and_in_pages(looked: Looked) -> None:
    looked.go("/devices/paris/10.0.0.1")
    rows = looked.page.locator("tbody tr")
    assert rows.count() == 100
    assert rows.first.locator("th").inner_text() == "→ 10.1.3.249"
    looked.role("link", "After").click()
    looked.at_address("/devices/paris/10.0.0.1?page=2")
    looked.page.get_by_text("101 to 200 of 1,000").wait_for()
    looked.page.locator("th", has_text="Packets").click(position={"x": 4, "y": 4})
    looked.at_address("/devices/paris/10.0.0.1?sort=packets")


def test_figures_of_forty_digits_lose_none(looked: Looked) -> None:
    huge = "1234567890123456789012345678901234567890"
    row = (
        '{"site":"paris","src_ip":"192.0.2.1","dst_ip":"192.0.2.2","first_day":"2022-12-01","last_day":"2022-12-01",'
        f'"days":1,"flows":{huge},"value":{huge},"previous":null,"ratio":null,"share":0.1234567890123456789,'
        f'"trend":[{huge}],"trend_from":"2022-12-01","unfinished":0,"flow_duration_us":{huge},"fwd_packets":12}}'
    )
    body = f'{{"first_day":"2022-12-01","last_day":"2022-12-01","items":[{row}],"next":null}}'
    looked.page.route("**/v1/top*", lambda route: route.fulfill(body=body, content_type="application/json"))
    looked.go("/top?by=flows")
    figure = looked.page.locator("td.figures data").first
    assert figure.inner_text() == "1.23 \N{MULTIPLICATION SIGN} 10^39"
    assert figure.get_attribute("value") == huge
    looked.role("button", "Exact").click()
    assert figure.inner_text() == "1,234,567,890,123,456,789,012,345,678,901,234,567,890"


def test_the_theme_is_what_a_person_chooses(looked: Looked) -> None:
    looked.go("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = looked.page.evaluate(ground)
    for _ in range(2):
        looked.role("button", "Theme").click()
    assert looked.page.evaluate(ground) != light
    dark = looked.page.evaluate(ground)
    looked.go("/files")
    assert looked.page.evaluate(ground) == dark


@pytest.mark.parametrize("path", ["/", "/top", "/pairs/2001:db8::1/192.0.2.1", "/devices/paris/192.0.2.1"])
def test_the_page_needs_no_token_and_may_load_nothing_from_elsewhere(guarded: Served, path: str) -> None:
    shell = guarded.ask(path)
    assert (shell.status, shell.headers["Content-Security-Policy"]) == (200, POLICY)
    assert shell.headers["Cache-Control"] == "no-cache"
    assert guarded.ask(path, headers={"If-None-Match": shell.headers["ETag"]}).status == 304
    assert b"paris" not in shell.content
    assert b"<script>" not in shell.content


def test_what_the_page_loads_may_be_kept_for_good(guarded: Served) -> None:
    digest = Assets.read().digest
    for name, asset in Assets.read().by_name.items():
        plain = guarded.ask(f"/assets/{digest}/{name}")
        assert plain.content == asset.content
        assert "immutable" in plain.headers["Cache-Control"]
        packed = guarded.ask(f"/assets/{digest}/{name}", headers={"Accept-Encoding": "gzip"})
        assert (packed.headers["Content-Encoding"], packed.content[:2]) == ("gzip", b"\x1f\x8b")
    assert guarded.ask(f"/assets/{'0' * 16}/main.js").status == 404
    assert guarded.ask(f"/assets/{digest}/..%2Fpages.py").status == 404


def test_the_first_view_does_not_wait_for_charts(looked: Looked) -> None:
    asked: list[str] = []
    looked.page.on("request", lambda request: asked.append(request.url))
    looked.go("/")
    assert not any("Chart.bundle" in url for url in asked)
    looked.go("/pairs/192.168.1.7/192.0.2.1")
    looked.page.wait_for_selector(DRAWN)
    assert any("Chart.bundle" in url for url in asked)
