"""A user pool of our own: its keys, and the tokens that it would issue."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from iotagg.web.cognito import Pool

if TYPE_CHECKING:
    from pathlib import Path

POOL = Pool(
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example",
    "exampleclient",
    "https://branches.auth.eu-west-1.amazoncognito.com",
)


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same name."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(frozen=True)
class Issuer:
    """Who signs: a pool, with the names of its keys."""

    pool: Pool = POOL
    key_names: list[str] = field(default_factory=lambda: ["first", "second"])

    def key_set(self) -> bytes:
        """Return the keys as a pool publishes them."""
        return json.dumps({"keys": [self._described(name) for name in self.key_names]}).encode()

    def written(self, folder: Path) -> str:
        """Write the keys into a folder, and return their address."""
        file = folder / "jwks.json"
        file.write_bytes(self.key_set())
        return file.as_uri()

    def token(self, *groups: str, kid: str = "first", signed_by: str = "", **changed: Any) -> str:
        """Return an ID token of somebody in these groups; a claim that is None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.pool.issuer,
            "aud": self.pool.client,
            "sub": "11111111-2222-3333-4444-555555555555",
            "cognito:username": "anna",
            "cognito:groups": list(groups),
            "token_use": "id",
            "iat": now - 60,
            "exp": now + 3_600,
        } | changed
        sent = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(sent, private_key(signed_by or kid), algorithm="RS256", headers={"kid": kid})

    def access_token(self, *groups: str, **changed: Any) -> str:
        """Return an access token, which has a client where an ID token has an audience."""
        own = {"token_use": "access", "aud": None, "client_id": self.pool.client, "cognito:username": None}
        return self.token(*groups, **(own | {"username": "anna"} | changed))

    @staticmethod
    def _described(name: str) -> dict[str, Any]:
        public = private_key(name).public_key()
        return RSAAlgorithm.to_jwk(public, as_dict=True) | {"kid": name, "use": "sig", "alg": "RS256"}
