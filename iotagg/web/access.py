"""Who asks, and about which sites they may: nobody learns of another site whether it is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from iotagg.core.cells import printable
from iotagg.core.values import checked_site
from iotagg.errors import InvalidValue, NotFound, TokenRefused

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.stores.protocol import Store

_LINE = re.compile(r"(\S+)\s+([0-9a-f]{64})\s+(\S+)")
_BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,4096})", re.IGNORECASE)
_ALL = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who asks; `sites` are those that they may ask about, None where they may ask about all.

    With `may_write` they may also change something there.
    """

    name: str
    sites: frozenset[str] | None = None
    may_write: bool = False

    def sites_in(self, store: Store) -> list[str]:
        """Return the sites of a store that they may ask about, sorted."""
        return [site for site in store.sites() if self.sites is None or site in self.sites]

    def site_in(self, store: Store, site: str) -> str:
        """Return a site that they may ask about. Raises NotFound for one that is not there, or not for them."""
        if site not in self.sites_in(store):
            raise NotFound(f"no site {printable(site)}")
        return site


class Access(Protocol):
    """Decides who may ask at all."""

    def caller(self, authorization: str) -> Caller:
        """Return who sends a request with this header `Authorization`. Raises TokenRefused."""
        ...


class Everybody:
    """Whoever reaches the server may ask about everything: for one that this machine alone can reach."""

    def caller(self, authorization: str) -> Caller:  # noqa: ARG002 (as the protocol names it)
        """Return someone of no name."""
        return Caller("this machine")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Those who have a token: known are the tokens' SHA-256 alone, so that who reads the file has none of them."""

    callers: dict[str, Caller]

    @classmethod
    def read(cls, file: Path) -> Tokens:
        """Read a file of lines `NAME SHA256 SITE,SITE`, with `*` for all sites; `#` begins a line that says nothing.

        Raises InvalidValue, naming the line.
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
                raise InvalidValue(f"{file}:{number}: a line is NAME SHA256 SITE,SITE or NAME SHA256 *")
            name, digest, sites = found.groups()
            named = None if sites == _ALL else frozenset(map(checked_site, sites.split(",")))
            if digest in callers:
                raise InvalidValue(f"{file}:{number}: that is the token of {callers[digest].name} already")
            callers[digest] = Caller(name, named)
        if not callers:
            raise InvalidValue(f"{file} names nobody; a line is NAME SHA256 SITE,SITE or NAME SHA256 *")
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
        return caller
