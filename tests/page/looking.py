"""Somebody who looks at the pages, and notices whatever a browser complains about."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize

    from tests.web.served import Served

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_MILLISECONDS = 10_000
# What a server refuses, or one that is away, is told by the page; a browser notes it all the same.
_ANSWERED = "Failed to load resource"
# Chart.js has drawn: it has given its canvas a size.
DRAWN = "daily-chart canvas[style]"
_SHOWN = "main:not([aria-busy]) > .view, main:not([aria-busy]) > .problem"


def program() -> str | None:
    """Return the Chromium that is there, or None."""
    named = os.environ.get("IOTAGG_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _PROGRAMS)), None)


# Tabs that nobody looks at: a new one costs more than most tests, and would read all that a page loads anew.
free_tabs: list[Page] = []


def _context(browser: Browser) -> BrowserContext:
    if not browser.contexts:
        made = browser.new_context(viewport=WIDE, reduced_motion="reduce", accept_downloads=True)
        made.set_default_timeout(_MILLISECONDS)
    return browser.contexts[0]


@dataclass
class Looked:
    """A page of a server, and what was complained about."""

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(cls, browser: Browser, served: Served) -> Iterator[Self]:
        """Open a page with nothing remembered; at the end, nothing may have been complained about."""
        context = _context(browser)
        looked = cls(free_tabs.pop() if free_tabs else context.new_page(), served)
        listeners = looked._listeners()
        for event, listener in listeners.items():
            looked.page.on(event, listener)  # type: ignore[call-overload]  # each event has a signature of its own
        try:
            yield looked
            assert looked.complaints == []
        finally:
            for event, listener in listeners.items():
                looked.page.remove_listener(event, listener)
            looked._forget()
            free_tabs.append(looked.page)

    def _forget(self) -> None:
        page = self.page
        if page.url.startswith(self.address):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.unroute_all(behavior="ignoreErrors")
        page.goto("about:blank")  # what is shown would ask its server on, while somebody else looks
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)

    def _listeners(self) -> dict[str, Callable[[Any], None]]:
        return {
            "pageerror": lambda error: self.complaints.append(str(error)),
            "console": lambda said: self._note(said.type, said.text),
            "request": lambda request: self._asked(request.url),
            "response": lambda answer: self._answered(answer.url, answer.status),
            "dialog": lambda dialog: self.complaints.append(f"dialog: {dialog.message}"),
        }

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith(_ANSWERED):
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.complaints.append(f"asked of another host: {url}")

    def _answered(self, url: str, status: int) -> None:
        if "/assets/" in url and status >= 400:
            self.complaints.append(f"{status}: {url}")

    @property
    def address(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.served.port}"

    def go(self, path: str) -> Self:
        """Load an address, and wait for what is there."""
        self.page.goto(self.address + path)
        return self.settle()

    def settle(self) -> Self:
        """Wait until the view has its figures."""
        self.page.wait_for_selector(_SHOWN)
        return self

    def at_address(self, path: str) -> None:
        """Wait for an address."""
        self.page.wait_for_url(self.address + path)
        self.settle()

    def role(self, role: Any, name: str = "", *, exact: bool = False) -> Locator:
        """Return what a screen reader would find so."""
        return self.page.get_by_role(role, name=name, exact=exact) if name else self.page.get_by_role(role)

    def heading(self) -> str:
        """Return the heading of the view."""
        return self.page.locator("h1").inner_text()

    def is_wider_than_screen(self) -> bool:
        """Say whether the page has to be moved sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))
