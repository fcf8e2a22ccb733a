"""What people do with the pages: filter, go back, zoom, search, acknowledge, sign in; also with the keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.conftest import OLD, READS, TOKEN
from tests.page.looking import DRAWN

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.page.looking import Looked

PAIR = "/pairs/192.168.1.7/192.0.2.1"


def test_filters_are_in_the_address_and_the_way_back_works(looked: Looked) -> None:
    looked.go("/top?month=2022-12")
    looked.page.get_by_label("By", exact=True).select_option("packets")
    looked.at_address("/top?month=2022-12&by=packets")
    looked.page.get_by_label("Of", exact=True).select_option("sources")
    looked.at_address("/top?month=2022-12&by=packets&of=sources")
    assert looked.role("link", "All pairs as CSV").count() == 0
    assert looked.heading() == "Top sources"
    looked.page.go_back()
    looked.at_address("/top?month=2022-12&by=packets")
    looked.page.locator("h1", has_text="Top pairs").wait_for()
    looked.page.get_by_text("1 Dec to 28 Dec 2022").wait_for()
    assert looked.role("link", "All pairs as CSV").count() == 1
    looked.page.locator("tbody th a").first.click()
    looked.page.wait_for_url("**/pairs/**")
    looked.settle()
    looked.page.go_back()
    looked.at_address("/top?month=2022-12&by=packets")
    assert looked.page.get_by_label("By", exact=True).input_value() == "packets"
    looked.page.go_forward()
    looked.page.wait_for_url("**/pairs/**")


def test_an_address_that_is_sent_to_somebody_shows_the_same(looked: Looked) -> None:
    looked.go(f"{PAIR}?metric=flows&site=paris&since=2022-12-10&until=2022-12-24")
    assert looked.page.get_by_label("Show", exact=True).input_value() == "flows"
    assert looked.page.get_by_label("From").input_value() == "2022-12-10"
    assert looked.page.get_by_text("30 days as a table").count() == 1
    assert looked.page.locator("daily-chart").count() == 2


def test_a_day_that_stands_out_is_marked_and_told(looked: Looked) -> None:
    looked.go(f"{PAIR}?site=paris&metric=flows")
    looked.page.get_by_text("day stands out").first.wait_for()
    looked.page.get_by_text("days as a table").click()
    row = looked.page.locator("tr[data-key='192.168.1.7 2022-12-20']")
    assert "Surge" in row.inner_text()
    assert "401" in row.inner_text()
    facts, legend = (looked.page.locator(each).first.inner_text() for each in (".facts", ".legend"))
    # But for days that stand out, each has one flow.
    assert "Mean a day\n1" in facts
    assert "Deviation\n0" in facts
    assert "of 53 days, without the 3 that stand out" in legend


def test_a_day_says_how_far_it_is_from_the_others(looked: Looked) -> None:
    looked.go(f"{PAIR}?site=paris&metric=packets&since=2022-11-01&until=2022-11-09")
    looked.page.wait_for_selector(DRAWN)
    frame = looked.page.locator(".frame").first
    frame.press("End")
    looked.page.get_by_text("Wednesday, 9 November 2022: 9; +1.5 deviations").wait_for()
    looked.page.get_by_text("days as a table").click()
    assert "+1.5 deviations" in looked.page.locator("tr[data-key='192.168.1.7 2022-11-09']").inner_text()


def test_a_part_of_a_day_is_not_compared(looked: Looked) -> None:
    def in_two_files(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for number, day in enumerate(body["items"]):
            day["files"] = 2 if number else 1
        route.fulfill(response=answer, json=body)

    looked.page.route("**/v1/sites/paris/days", in_two_files)
    looked.go(f"{PAIR}?site=paris&metric=packets&since=2022-11-01&until=2022-11-09")
    looked.page.wait_for_selector(DRAWN)
    assert "of 8 days, without the 1 that is not whole" in looked.page.locator(".legend").first.inner_text()
    looked.page.locator(".frame").first.press("Home")
    looked.page.get_by_text("Tuesday, 1 November 2022: 1; part of a day, not compared").wait_for()
    looked.page.unroute("**/v1/sites/paris/days")


def test_a_pair_that_has_gone_silent_says_since_when(looked: Looked) -> None:
    looked.go("/pairs/192.168.1.8/192.0.2.9")
    looked.page.get_by_text("silent since 20 Dec 2022").wait_for()
    assert looked.page.get_by_label("To", exact=True).input_value() == "2022-12-28"
    looked.go(PAIR)
    assert looked.page.get_by_text("silent since").count() == 0


def test_a_finding_leads_to_its_days_told_in_what_it_is_told_in(looked: Looked) -> None:
    looked.go("/anomalies?since=2022-12-01&until=2022-12-28&site=tokyo&singly=true")
    looked.page.locator("li", has_text="Surge").locator(".who a").first.click()
    looked.at_address("/pairs/192.168.2.7/192.0.2.1?site=tokyo&since=2022-12-06&until=2022-12-28&metric=flows")
    assert looked.page.get_by_label("Show", exact=True).input_value() == "flows"
    looked.page.go_back()
    looked.page.locator("li", has_text="Burst of destinations").locator(".who a").first.click()
    looked.at_address("/devices/tokyo/192.168.2.7?since=2022-12-27&until=2022-12-27")


def test_a_tile_is_a_link_as_a_whole(looked: Looked) -> None:
    looked.go("/")
    assert "was " in looked.page.locator("tr", has_text="silent since 29 Dec").first.locator(".verdict").inner_text()
    looked.page.locator(".tile", has_text="Refused files").click(position={"x": 4, "y": 4})
    looked.at_address("/files?state=refused")
    assert looked.page.locator(".files li").count() == 1


def test_a_range_is_dragged_over_and_left_again(looked: Looked) -> None:
    looked.go(f"{PAIR}?site=paris")
    looked.page.wait_for_selector(DRAWN)
    box = looked.page.locator(".frame").first.bounding_box()
    assert box is not None
    looked.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 80)
    looked.page.mouse.down()
    looked.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 80, steps=4)
    assert looked.page.locator(".selection").first.is_visible()
    looked.page.mouse.up()
    looked.page.wait_for_url("**/pairs/**since=2022-1*until=2022-12-*")
    looked.settle()
    looked.role("link", "All days").click()
    looked.at_address(f"{PAIR}?site=paris")


def test_a_range_is_chosen_with_the_keys(looked: Looked) -> None:
    looked.go(f"{PAIR}?site=paris")
    looked.page.wait_for_selector(DRAWN)
    frame = looked.page.locator(".frame").first
    frame.focus()
    frame.press("Home")
    looked.page.get_by_text("Tuesday, 1 November 2022: 16.7 min (1,000,000,000 µs)").wait_for()
    for _ in range(3):
        frame.press("Shift+ArrowRight")
    looked.page.get_by_text("2022-11-01 to 2022-11-04; enter zooms in").wait_for()
    frame.press("Enter")
    looked.at_address(f"{PAIR}?site=paris&since=2022-11-01&until=2022-11-04")


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("192.168.1.7 192.0.2.1", PAIR),
        ("192.168.1.7→192.0.2.1", PAIR),
        ("10.0.0.1", "/devices/paris/10.0.0.1"),
    ],
)
def test_the_search_box_leads_to_a_pair_or_a_device(looked: Looked, typed: str, leads_to: str) -> None:
    looked.go("/files")
    looked.page.keyboard.press("/")
    looked.page.keyboard.type(typed)
    looked.page.keyboard.press("Enter")
    looked.at_address(leads_to)
    assert not looked.role("searchbox", "Find").input_value()


def test_what_is_chosen_before_the_view_is_drawn_again_stays(looked: Looked) -> None:
    looked.go("/anomalies")
    looked.page.evaluate("""() => {
        for (const [name, value] of [["site", "tokyo"], ["since", "2022-12-01"], ["least", "high"]]) {
            const field = document.getElementById(`filter-${name}`);
            field.value = value;
            field.dispatchEvent(new Event("change", { bubbles: true }));
        }
    }""")
    looked.at_address("/anomalies?site=tokyo&since=2022-12-01&least=high")


def test_the_search_box_says_what_it_does_not_find(looked: Looked) -> None:
    looked.go("/files")
    for typed, told in (
        ("198.51.100.99", "No device 198.51.100.99"),
        ("<b>", "Write a whole IP address"),
        ("192.168.20", "Write a whole IP address"),
        ("192.0.2.1", "at tokyo"),
    ):
        looked.role("searchbox", "Find").fill(typed)
        looked.page.keyboard.press("Enter")
        looked.page.locator("#search-found").get_by_text(told).wait_for()


def test_a_finding_is_acknowledged_and_told_again(looked: Looked) -> None:
    looked.go("/anomalies?since=2022-12-01&until=2022-12-28&site=tokyo")
    findings = looked.page.locator(".findings > li")
    before = findings.count()
    looked.role("button", "Acknowledge: Surge").first.click()
    looked.page.get_by_label("Why").fill("a test of the line <b>")
    looked.role("button", "Acknowledge", exact=True).click()
    looked.page.get_by_text("Acknowledged: it is no longer told.").wait_for()
    assert findings.count() == before - 1
    assert "a test of the line <b>" in looked.page.locator("section", has_text="Take back").last.inner_text()
    looked.role("button", "Undo").click()
    looked.page.get_by_text("Taken back: it is told again.").wait_for()
    looked.settle()
    assert findings.count() == before


def test_all_is_reached_with_the_keys_alone(looked: Looked) -> None:
    looked.go("/")
    press = looked.page.keyboard.press
    press("Tab")
    assert looked.page.evaluate("document.activeElement.textContent") == "Skip to content"
    press("Enter")
    press("Tab")
    assert looked.page.evaluate("document.activeElement.closest('main') !== null")
    looked.page.locator("#views a", has_text="Files").focus()
    press("Enter")
    looked.at_address("/files")
    assert looked.page.evaluate("document.activeElement.id") == "main"
    assert looked.page.locator("#views [aria-current=page]").inner_text() == "Files"


def test_a_download_has_the_bytes_of_an_export(stranger: Looked) -> None:
    sign_in(stranger, TOKEN, f"{PAIR}?site=paris")
    with stranger.page.expect_download() as started:
        stranger.role("link", "CSV").first.click()
    expected = stranger.served.ask(f"/v1{PAIR}/days.csv", token=TOKEN, site="paris").content
    assert started.value.path().read_bytes() == expected


def sign_in(stranger: Looked, token: str, path: str = "/") -> None:
    """Load a page, and give a token where it asks for one."""
    stranger.page.goto(stranger.address + path)
    stranger.page.get_by_label("Token").fill(token)
    stranger.page.keyboard.press("Enter")


def test_a_token_that_is_wrong_is_said_and_a_right_one_lets_in(stranger: Looked) -> None:
    sign_in(stranger, "nonsense", "/files")
    stranger.page.get_by_text("That token is wrong").wait_for()
    assert "paris" not in stranger.page.locator("main").inner_text()
    stranger.page.get_by_label("Token").fill(READS)
    stranger.page.keyboard.press("Enter")
    stranger.page.get_by_text("reader").wait_for()
    assert stranger.heading() == "Files"
    stranger.role("link", "Upload").click()
    stranger.page.get_by_text("Your token is for reading.").wait_for()
    stranger.role("button", "Sign out").click()
    stranger.page.get_by_label("Token").wait_for()
    assert stranger.page.evaluate("sessionStorage.getItem('iotagg-token')") is None


def test_a_token_that_worked_and_does_no_more_is_said_to_have_ended(stranger: Looked) -> None:
    sign_in(stranger, TOKEN)
    stranger.page.get_by_text("anna").wait_for()
    stranger.page.goto(f"{stranger.address}/v1/sign-in")  # where no view asks with the other token before
    stranger.page.evaluate(f"sessionStorage.setItem('iotagg-token', '{OLD}')")
    stranger.page.goto(f"{stranger.address}/files")
    stranger.page.get_by_text("Your token is valid no more").wait_for()


def test_a_way_of_signing_in_that_the_page_does_not_know_is_said(stranger: Looked) -> None:
    other = '{"kind":"badge"}'
    stranger.page.route("**/v1/sign-in", lambda route: route.fulfill(body=other, content_type="application/json"))
    stranger.page.goto(f"{stranger.address}/files")
    stranger.page.get_by_text("signs people in by 'badge'").wait_for()
