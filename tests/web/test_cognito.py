"""Who has a token of the user pool is let in, and nobody with anything else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotagg.errors import CloudBusy, InvalidValue, TokenRefused
from iotagg.web.access import Caller
from iotagg.web.cognito import CognitoAccess
from iotagg.web.key_set import AGAIN_SECONDS, KeySet, fetched
from tests.web.pool import POOL, Issuer, private_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ISSUER = Issuer()
EVERYWHERE = "all-sites"


@pytest.fixture(scope="module")
def access() -> CognitoAccess:
    return CognitoAccess(POOL, KeySet(POOL.keys_address, lambda _: ISSUER.key_set()))


def refusal(access: CognitoAccess, token: str) -> str:
    """Return why a token is refused, which is one line."""
    with pytest.raises(TokenRefused) as refused:
        access.caller(f"Bearer {token}")
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("groups", "sites", "may_write"),
    [
        (["site-paris"], {"paris"}, False),
        (["site-paris", "site-tokyo", "may-write"], {"paris", "tokyo"}, True),
        (["all-sites"], None, False),
        (["site-paris", "all-sites", "may-write"], None, True),
        ([], set(), False),
        (["may-write"], set(), True),
        (["site-", "site-par/is", "site-..", "Site-paris", "paris", "all-sites2"], set(), False),
    ],
)
def test_groups_say_which_sites_and_whether_to_write(
    access: CognitoAccess, groups: list[str], sites: set[str] | None, may_write: bool
) -> None:
    expected = Caller("anna", None if sites is None else frozenset(sites), may_write)
    assert access.caller(f"Bearer {ISSUER.token(*groups)}") == expected
    assert access.caller(f"bearer  {ISSUER.access_token(*groups)}") == expected


def test_who_is_in_no_group_is_let_in_and_told_of_no_site(access: CognitoAccess) -> None:
    unnamed: Any = {"cognito:groups": None, "cognito:username": None}
    token = ISSUER.token(**unnamed)
    assert access.caller(f"Bearer {token}") == Caller("11111111-2222-3333-4444-555555555555", frozenset())


def test_each_key_of_the_pool_counts(access: CognitoAccess) -> None:
    assert access.caller(f"Bearer {ISSUER.token(EVERYWHERE, kid='second')}").sites is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"iss": POOL.issuer + "x"}, "the token is of another user pool"),
        ({"iss": POOL.issuer.replace("eu-west-1_", "eu-west-1_Other")}, "the token is of another user pool"),
        ({"aud": "another"}, "the token is for another program"),
        ({"aud": [POOL.client, "another"]}, "the token is for another program"),
        ({"aud": None}, "the token is for another program"),
        ({"client_id": POOL.client, "aud": None}, "the token is for another program"),
        ({"token_use": "access"}, "the token is for another program"),
        ({"token_use": "refresh"}, "neither an ID token nor an access token"),
        ({"token_use": ["id"]}, "neither an ID token nor an access token"),
        ({"token_use": None}, "the token lacks"),
        ({"exp": None}, "the token lacks"),
        ({"iss": None}, "the token lacks"),
        ({"iat": None}, "the token lacks"),
        ({"sub": None}, "the token lacks"),
        ({"exp": "soon"}, "the token cannot be read"),
        ({"sub": 7}, "the token cannot be read"),
        ({"cognito:groups": "all-sites"}, "the token's groups are no list"),
        ({"signed_by": "second"}, "the token's signature is wrong"),
        ({"signed_by": "a stranger"}, "the token's signature is wrong"),
        ({"kid": "third"}, "a key that the user pool does not have"),
    ],
)
def test_what_the_pool_would_not_issue_is_refused(access: CognitoAccess, changed: dict[str, Any], said: str) -> None:
    assert said in refusal(access, ISSUER.token(EVERYWHERE, **changed))


@pytest.mark.parametrize(
    ("claim", "seconds", "said"),
    [
        ("exp", -120, "the token has expired; sign in again"),
        ("nbf", 600, "the token is not valid yet"),
        ("iat", 600, "the token is not valid yet"),
    ],
)
def test_a_token_counts_in_its_time_alone(access: CognitoAccess, claim: str, seconds: int, said: str) -> None:
    moved: dict[str, Any] = {claim: int(time.time()) + seconds}
    assert said in refusal(access, ISSUER.token(EVERYWHERE, **moved))


def test_an_access_token_of_another_client_is_refused(access: CognitoAccess) -> None:
    assert "for another program" in refusal(access, ISSUER.access_token(EVERYWHERE, client_id="another"))


def test_clocks_may_differ_by_half_a_minute(access: CognitoAccess) -> None:
    now = int(time.time())
    changes: list[dict[str, Any]] = [{"exp": now - 10}, {"nbf": now + 10}, {"iat": now + 10}]
    for changed in changes:
        assert access.caller(f"Bearer {ISSUER.token(EVERYWHERE, **changed)}").sites is None


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def forged(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Return a token with this header, and claims that a real one has."""
    claims = jwt.decode(ISSUER.token(EVERYWHERE), options={"verify_signature": False})
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{base64.urlsafe_b64encode(sign(signed.encode())).rstrip(b'=').decode()}"


def mac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest() if secret else b""


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "ES256", "", None, 7, "RS256\n"])
def test_no_other_algorithm_counts(access: CognitoAccess, algorithm: Any) -> None:
    public = private_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public, ISSUER.key_set(), b""):
        token = forged({"alg": algorithm, "kid": "first", "typ": "JWT"}, partial(mac, secret))
        assert "where only RS256 counts" in refusal(access, token) or "no JWT" in refusal(access, token)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"alg": "RS256"}, "does not say which key"),
        ({"alg": "RS256", "kid": 7}, "no JWT"),
        ({"alg": "RS256", "kid": "first"}, "signature is wrong"),
        ({"alg": "RS256", "kid": "first", "jwk": {"kty": "oct", "k": ""}}, "signature is wrong"),
        ({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": False}, "no JWT"),
    ],
)
def test_a_header_cannot_bring_its_own_key(access: CognitoAccess, header: dict[str, Any], said: str) -> None:
    assert said in refusal(access, forged(header, lambda signed: hashlib.sha256(signed).digest()))


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "..", "e30.e30.e30", "eyJhbGciOiJSUzI1NiJ9..", 99 * "a.", "é"])
def test_what_is_no_jwt_is_refused(access: CognitoAccess, token: str) -> None:
    assert "sign in" in refusal(access, token)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", f"Bearer {9_000 * 'x'}", "Bearer a b"])
def test_without_a_token_it_is_said_what_to_do(access: CognitoAccess, header: str) -> None:
    with pytest.raises(TokenRefused, match="sign in, and send the header Authorization"):
        access.caller(header)


def test_a_changed_letter_is_noticed(access: CognitoAccess) -> None:
    token = ISSUER.token("site-paris")
    head, claims, signature = token.split(".")
    others = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"cognito:groups": [EVERYWHERE]}
    assert "signature is wrong" in refusal(access, f"{head}.{encoded(others)}.{signature}")
    assert "sign in again" in refusal(access, f"{head}.{claims}.{signature[:-6]}AAAAAA")


class Pages:
    """An address where keys are published, which counts who asks."""

    def __init__(self, *answers: bytes | OSError) -> None:
        self.answers, self.asked, self.now = list(answers), 0, 1_000.0

    def fetch(self, _: str) -> bytes:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def key_set(self) -> KeySet:
        return KeySet("https://keys.example", self.fetch, lambda: self.now)


def test_keys_are_fetched_once_and_for_a_new_one_every_few_minutes_at_most() -> None:
    pages = Pages(Issuer(key_names=["first"]).key_set(), Issuer(key_names=["second"]).key_set())
    keys = pages.key_set()
    assert {keys.key("first").key_id for _ in range(5)} == {"first"}
    assert pages.asked == 1
    for _ in range(5):
        with pytest.raises(TokenRefused):
            keys.key("second")
    assert pages.asked == 1
    pages.now += AGAIN_SECONDS
    assert keys.key("second").key_id == "second"
    assert pages.asked == 2
    with pytest.raises(TokenRefused):
        keys.key("first")


def test_keys_that_are_known_stay_while_the_pool_is_out_of_reach() -> None:
    pages = Pages(ISSUER.key_set(), OSError("no route"), ISSUER.key_set())
    keys = pages.key_set()
    assert keys.key("first").key_id == "first"
    pages.now += AGAIN_SECONDS
    with pytest.raises(TokenRefused):
        keys.key("third")
    assert keys.key("first").key_id == "first"
    assert pages.asked == 2


@pytest.mark.parametrize("answer", [OSError("no route"), b"", b"[]", b"{}", b'{"keys": [7]}', b'{"keys": 7}', b"\xff"])
def test_without_any_keys_nobody_is_let_in_and_the_next_one_asks_again(answer: Any) -> None:
    pages = Pages(answer, ISSUER.key_set())
    keys = pages.key_set()
    with pytest.raises(CloudBusy, match="the user pool's keys do not arrive"):
        keys.key("first")
    assert keys.key("first").key_id == "first"


def test_keys_for_something_else_are_left_out() -> None:
    first, second = json.loads(ISSUER.key_set())["keys"]
    other = {"kty": "oct", "k": "AAAA", "kid": "third"}
    keys = Pages(json.dumps({"keys": [first | {"use": "enc"}, other, second]}).encode()).key_set()
    assert keys.key("second").key_id == "second"
    for name in ("first", "third"):
        with pytest.raises(TokenRefused):
            keys.key(name)


def test_keys_come_from_a_file_or_over_tls_alone(tmp_path: Path) -> None:
    assert KeySet(ISSUER.written(tmp_path)).key("first").key_id == "first"
    with pytest.raises(InvalidValue, match="no place for keys"):
        fetched("http://keys.example/jwks.json")


def test_how_to_sign_in_names_the_pools_own_pages(access: CognitoAccess) -> None:
    assert access.sign_in() == {
        "kind": "cognito",
        "authorize": f"{POOL.domain}/oauth2/authorize",
        "token": f"{POOL.domain}/oauth2/token",
        "client": "exampleclient",
        "scopes": ["openid", "email", "profile"],
    }
