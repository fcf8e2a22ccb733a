"""The public keys of a user pool: fetched once, and again when a token names one that is not among them.

A pool changes its keys now and then. Whoever sends tokens with names of keys that there never were shall not make this
server ask for the keys each time, so it asks again at most every few minutes.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import jwt

from iotagg.errors import CloudBusy, InvalidValue, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Callable

AGAIN_SECONDS = 300.0
_FETCH_SECONDS = 5
_MOST_BYTES = 100_000
_SCHEMES = frozenset(("https", "file"))


def fetched(address: str) -> bytes:
    """Return what lies under an https: or file: address. Raises OSError, and InvalidValue for another address."""
    if urlsplit(address).scheme not in _SCHEMES:
        raise InvalidValue(f"{address} is no place for keys: it has to begin with https: or file:")
    with urlopen(address, timeout=_FETCH_SECONDS) as found:  # noqa: S310 (the scheme was looked at)
        return bytes(found.read(_MOST_BYTES))


class KeySet:
    """The keys under an address, by their names; threads may share it."""

    def __init__(
        self,
        address: str,
        fetch: Callable[[str], bytes] = fetched,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address, self._fetch, self._clock = address, fetch, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None
        self._one_at_a_time = threading.Lock()

    def key(self, name: str) -> jwt.PyJWK:
        """Return a key. Raises TokenRefused where there is none of that name, CloudBusy where nobody can say."""
        with self._one_at_a_time:
            if name not in self._keys and self._may_ask():
                self._ask()
            if name not in self._keys:
                raise TokenRefused("the token is signed with a key that the user pool does not have; sign in again")
            return self._keys[name]

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= AGAIN_SECONDS

    def _ask(self) -> None:
        try:
            keys = _read(self._fetch(self._address))
        except (OSError, ValueError) as error:
            if not self._keys:  # then nobody can be let in, and the next one asks again
                raise CloudBusy(f"{self._address}: the user pool's keys do not arrive: {error}; try later") from None
        else:
            self._keys = keys
        self._asked_at = self._clock()


def _read(content: bytes) -> dict[str, jwt.PyJWK]:
    # Keys for something else than RS256 signatures are left out.
    try:
        described: list[dict[str, Any]] = json.loads(content)["keys"]
        return {
            str(each["kid"]): jwt.PyJWK(each, algorithm="RS256")
            for each in described
            if each["kty"] == "RSA" and each.get("use", "sig") == "sig"
        }
    except (KeyError, TypeError, jwt.PyJWKError, jwt.InvalidKeyError) as error:
        raise ValueError(f"they are no key set ({error!r})") from None
