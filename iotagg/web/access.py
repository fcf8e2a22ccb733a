"""Who asks, and about which sites they may: nobody learns of another site whether it is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from iotagg.core.cells import printable
from iotagg.core.values import checked_day, checked_site
from iotagg.errors import InvalidValue, NotFound, TokenRefused, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from iotagg.stores.protocol import Store

_LINE = re.compile(r"(\S+)\s+([0-9a-f]{64})\s+(\S+)((?:\s+\S+)*)")
_BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,4096})", re.IGNORECASE)
_ALL = "*"
_WRITE, _UNTIL = "write", "until="
_WANTED = "a line is NAME SHA256 SITE,SITE or NAME SHA256 *, then write or until=DAY or both or neither"


def today() -> str:
    """Return the day that it is, in UTC."""
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who asks; `sites` are those that they may ask about, None where they may ask about all.

    `may_write` says whether they may change something there, `until` is the last day (UTC) on which they may do
    anything, "" where there is none.
    """

    name: str
    sites: frozenset[str] | None = None
    may_write: bool = False
    until: str = ""

    def sites_in(self, store: Store) -> list[str]:
        """Return the sites of a store that they may ask about, sorted."""
        return [site for site in store.sites() if self.sites is None or site in self.sites]

    def site_in(self, store: Store, site: str) -> str:
        """Return a site that they may ask about. Raises NotFound for one that is not there, or not for them."""
        if site not in self.sites_in(store):
            raise NotFound(f"no site {printable(site)}")
        return site

    def check_writes(self) -> None:
        """Raise WriteRefused unless they may change something."""
        if not self.may_write:
            raise WriteRefused(f"{self.name} may look, and change nothing; who gave you access can let you")

    def fillable_site_in(self, store: Store, site: str) -> str:
        """Return a site to which they may bring files. Only who may ask about all sites may begin one.

        Raises NotFound for one that is not for them, WriteRefused for one that is but is not there.
        """
        if self.sites is None:
            return site
        if site in self.sites and site not in store.sites():
            raise WriteRefused(f"no site {site} yet; its first file has to come from who may ask about all sites")
        return self.site_in(store, site)


class Access(Protocol):
    """Decides who may ask at all."""

    def caller(self, authorization: str) -> Caller:
        """Return who sends a request with this header `Authorization`. Raises TokenRefused."""
        ...

    def sign_in(self) -> dict[str, Any]:
        """Return how somebody is to sign in: its `kind` is none, token or cognito, with what else that needs."""
        ...


class Everybody:
    """Whoever reaches the server may ask about everything: for one that this machine alone can reach."""

    def caller(self, authorization: str) -> Caller:  # noqa: ARG002 (as the protocol names it)
        """Return someone of no name."""
        return Caller("this machine", may_write=True)

    def sign_in(self) -> dict[str, Any]:
        """Return that nobody has to."""
        return {"kind": "none"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Those who have a token: known are the tokens' SHA-256 alone, so that who reads the file has none of them."""

    callers: dict[str, Caller]
    today: Callable[[], str] = today

    @classmethod
    def read(cls, file: Path) -> Tokens:
        """Read a file of lines `NAME SHA256 SITE,SITE`, with `*` for all sites; `#` begins a line that says nothing.

        A line may go on with `write`, for who may change something, and `until=DAY`. Raises InvalidValue, naming the
        line.
        """
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidValue(f"{file} cannot be read: {error}") from None
        callers: dict[str, Caller] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            found = _LINE.fullmatch(line.strip())
            if found is None:
                raise InvalidValue(f"{file}:{number}: {_WANTED}")
            name, digest, sites, rights = found.groups()
            if digest in callers:
                raise InvalidValue(f"{file}:{number}: that is the token of {callers[digest].name} already")
            may_write, until = _rights(rights.split(), f"{file}:{number}")
            callers[digest] = Caller(name, _sites(sites), may_write, until)
        if not callers:
            raise InvalidValue(f"{file} names nobody; {_WANTED}")
        return cls(callers)

    def caller(self, authorization: str) -> Caller:
        """Return whose token it is."""
        found = _BEARER.fullmatch(authorization)
        if found is None:
            raise TokenRefused("say who you are: send the header Authorization: Bearer TOKEN")
        # What is looked up is a hash: how long that takes says nothing of the token.
        caller = self.callers.get(sha256(found[1].encode()).hexdigest())
        if caller is None:
            raise TokenRefused("nobody here has this token; ask for another")
        if caller.until and self.today() > caller.until:
            raise TokenRefused(f"this token was good until {caller.until}; ask for another")
        return caller

    def sign_in(self) -> dict[str, Any]:
        """Return that a token is wanted."""
        return {"kind": "token"}


def _sites(text: str) -> frozenset[str] | None:
    return None if text == _ALL else frozenset(map(checked_site, text.split(",")))


def _rights(words: Iterable[str], where: str) -> tuple[bool, str]:
    may_write, until = False, ""
    for word in words:
        if word == _WRITE and not may_write:
            may_write = True
        elif word.startswith(_UNTIL) and not until:
            until = checked_day(word.removeprefix(_UNTIL))
        else:
            raise InvalidValue(f"{where}: {_WANTED}")
    return may_write, until
