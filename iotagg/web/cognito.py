"""People of a Cognito user pool: their tokens are verified, and the pool's groups say about which sites they may ask.

A token is a JWT that the pool has signed with RS256: an ID token or an access token, for one client of the pool. The
group `site-paris` is for the site paris, `all-sites` for all of them; who is in `may-write` may change something there.
Other groups say nothing here, and who is in none of these is told of no site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from iotagg.core.cells import printable
from iotagg.core.values import checked_site
from iotagg.errors import InvalidValue, TokenRefused
from iotagg.web.access import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from iotagg.web.key_set import KeySet

ALL_SITES, MAY_WRITE, OF_SITE = "all-sites", "may-write", "site-"
SCOPES = ("openid", "email", "profile")
_ALGORITHM = "RS256"
_LEEWAY_SECONDS = 30  # by which two clocks may differ
_MOST = 8_192  # a token of somebody in a hundred groups is as long; the gateway lets no more than 10,240 through
_BEARER = re.compile(rf"Bearer +([\x21-\x7e]{{1,{_MOST}}})", re.IGNORECASE)
_CLIENT_CLAIMS = {"id": "aud", "access": "client_id"}
_NAME_CLAIMS = ("cognito:username", "username", "sub")
_SHOWN = 60
_AGAIN = "sign in again"


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool: who issues its tokens, the app client that they are for, and where people sign in."""

    issuer: str
    client: str
    domain: str = ""

    @property
    def keys_address(self) -> str:
        """Where it publishes its keys."""
        return f"{self.issuer}/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class CognitoAccess:
    """Lets in those who have a token of a pool, verified with the keys that the pool publishes."""

    pool: Pool
    keys: KeySet

    def caller(self, authorization: str) -> Caller:
        """Return who sends a request with this header `Authorization`.

        Raises TokenRefused, and CloudBusy where the pool's keys are out of reach.
        """
        found = _BEARER.fullmatch(authorization)
        if found is None:
            raise TokenRefused("say who you are: sign in, and send the header Authorization: Bearer TOKEN")
        claims = self._verified(found[1])
        groups = claims.get("cognito:groups", [])
        if not isinstance(groups, list):
            raise TokenRefused(f"the token's groups are no list; {_AGAIN}")
        name = next((str(claims[claim]) for claim in _NAME_CLAIMS if claims.get(claim)), "")
        return Caller(printable(name), _sites(groups), may_write=MAY_WRITE in groups)

    def sign_in(self) -> dict[str, Any]:
        """Return how a person signs in: with the pool's own pages, by an authorization code with PKCE."""
        place = f"{self.pool.domain}/oauth2"
        return {
            "kind": "cognito",
            "authorize": f"{place}/authorize",
            "token": f"{place}/token",
            "client": self.pool.client,
            "scopes": list(SCOPES),
        }

    def _verified(self, token: str) -> Mapping[str, Any]:
        key = self.keys.key(_key_id(token))
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                issuer=self.pool.issuer,
                leeway=_LEEWAY_SECONDS,
                # Only ID tokens name an audience; for whom a token is, is looked at below.
                options={"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "token_use"]},
            )
        except jwt.InvalidTokenError as error:
            raise TokenRefused(_why(error)) from None
        self._check_client(claims)
        return claims

    def _check_client(self, claims: Mapping[str, Any]) -> None:
        use = claims["token_use"]
        if not isinstance(use, str) or use not in _CLIENT_CLAIMS:
            raise TokenRefused(f"the token is neither an ID token nor an access token; {_AGAIN}")
        if claims.get(_CLIENT_CLAIMS[use]) != self.pool.client:
            raise TokenRefused(f"the token is for another program than this page; {_AGAIN}")


def _key_id(token: str) -> str:
    # The algorithm is looked at before anything is computed with a key that it might abuse.
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise TokenRefused(f"the token is no JWT; {_AGAIN}") from None
    if header.get("alg") != _ALGORITHM:
        named = printable(str(header.get("alg"))[:_SHOWN])
        raise TokenRefused(f"the token is signed by {named}, where only {_ALGORITHM} counts; {_AGAIN}")
    if not isinstance(header.get("kid"), str):
        raise TokenRefused(f"the token does not say which key signed it; {_AGAIN}")
    return str(header["kid"])


_REASONS: tuple[tuple[type[jwt.InvalidTokenError], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet: a clock is wrong"),
    (jwt.InvalidSignatureError, "the token's signature is wrong"),
    (jwt.InvalidIssuerError, "the token is of another user pool"),
    (jwt.MissingRequiredClaimError, "the token lacks what a token of the pool has"),
)


def _why(error: jwt.InvalidTokenError) -> str:
    found = next((reason for kind, reason in _REASONS if isinstance(error, kind)), "the token cannot be read")
    return f"{found}; {_AGAIN}"


def _sites(groups: Iterable[object]) -> frozenset[str] | None:
    # A pool may have groups of other programs; a name that is no site's is one of them.
    found = set()
    for group in groups:
        if group == ALL_SITES:
            return None
        if isinstance(group, str) and group.startswith(OF_SITE):
            try:
                found.add(checked_site(group.removeprefix(OF_SITE)))
            except InvalidValue:
                continue
    return frozenset(found)
