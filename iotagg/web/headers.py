"""Headers: what a browser may do with every answer, and the host names under which there is one at all."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from iotagg.web.problems import problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # For browsers that know nothing of frame-ancestors, or look for scripts by themselves, and so can be led astray.
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_ONLY_HEAD = "iotagg.only_head"
_SAFE = ("GET", "HEAD", "OPTIONS")


class SecurityHeaders:
    """Adds those that an answer has not said itself: a page may load what figures need not."""

    def __init__(self, app: ASGIApp, *, over_tls: bool) -> None:
        self._app = app
        self._headers = SECURITY | (OVER_TLS if over_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, with them."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class Heads:
    """Answers HEAD as GET; a server leaves the body out by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app(dict(scope, method="GET", **{_ONLY_HEAD: True}) if is_head else scope, receive, send)


def asks_for_head(scope: Scope) -> bool:
    """Say whether no body is asked for, so that there is no need to make a long one."""
    return bool(scope.get(_ONLY_HEAD))


class SameOrigin:
    """Lets no page of another site change anything through somebody's browser, which says where a page is from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, or say that it is not to be asked from there."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and _is_from_elsewhere(Headers(scope=scope)):
            refused = problem(HTTPStatus.FORBIDDEN, "a page of another site cannot change anything here")
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_from_elsewhere(headers: Headers) -> bool:
    # What a browser says of the site is said of what it shows, whatever host name a server in front passes on.
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


class Hosts:
    """Answers under some host names alone: a page of another site may ask under its own (DNS rebinding)."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, or say that nothing is here."""
        if scope["type"] == "http" and self._names and _host(Headers(scope=scope)) not in self._names:
            refused = problem(HTTPStatus.MISDIRECTED_REQUEST, "nothing is here under this host name")
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _host(headers: Headers) -> str:
    # Without its port, which stands behind the brackets of an IPv6 address.
    host = headers.get("host", "").lower()
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0].rstrip(".")
