"""What AWS's libraries raise before and instead of an answer, as the one line that a person reads."""

from __future__ import annotations

import re
import ssl
import string
from typing import Any

import boto3.exceptions
import botocore.exceptions as core
import pynamodb.exceptions as pynamo
import pytest
import s3transfer.exceptions
import urllib3.exceptions

from iotagg.aws.problems import code_of, explained, passes, translated
from iotagg.errors import CloudBusy, CloudError, NotDeployed, NotFound, NotSignedIn
from tests.cloud.answers import answered, line_of

RETRIED: Any = boto3.exceptions.RetriesExceededError
TYPES: list[tuple[Exception, type[CloudError], str]] = [
    (core.NoCredentialsError(), NotSignedIn, "run aws configure"),
    (
        core.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"),
        NotSignedIn,
        "secret_access_key (env)",
    ),
    (core.CredentialRetrievalError(provider="custom-process", error_msg="pw=1234"), NotSignedIn, "cannot be fetched"),
    (core.TokenRetrievalError(provider="sso", error_msg="expired"), NotSignedIn, "aws sso login"),
    (core.UnauthorizedSSOTokenError(), NotSignedIn, "aws sso login"),
    (core.SSOTokenLoadError(error_msg="not there"), NotSignedIn, "aws sso login"),
    (core.LoginRefreshRequired(), NotSignedIn, "aws login"),
    (core.ProfileNotFound(profile="lab"), NotSignedIn, "there is no profile lab"),
    (core.NoRegionError(), CloudError, "set AWS_DEFAULT_REGION"),
    (core.InvalidRegionError(region_name="eu west"), CloudError, "there is no region eu west"),
    (
        core.ParamValidationError(report="Invalid bucket name\nInvalid length"),
        CloudError,
        "Invalid bucket name Invalid length",
    ),
    (
        core.EndpointConnectionError(endpoint_url="https://192.0.2.7/b/k?X-Amz-Security-Token=1"),
        CloudBusy,
        "https://192.0.2.7: it ",
    ),
    (core.ConnectTimeoutError(endpoint_url="https://192.0.2.7/"), CloudBusy, "did not answer in time"),
    (core.ReadTimeoutError(endpoint_url="https://192.0.2.7/"), CloudBusy, "did not answer in time"),
    (core.ReadTimeoutError(endpoint_url="None"), CloudBusy, "did not answer in time"),
    (core.ConnectionClosedError(endpoint_url="https://192.0.2.7/"), CloudBusy, "broke off"),
    (core.ResponseStreamingError(error="cut"), CloudBusy, "broke off"),
    (core.IncompleteReadError(actual_bytes=1, expected_bytes=2), CloudBusy, "broke off"),
    (core.FlexibleChecksumError(error_msg="they differ"), CloudBusy, "damaged"),
    (core.CapacityNotAvailableError(), CloudBusy, "try again"),
    (core.HTTPClientError(error=OSError("odd")), CloudBusy, "cannot be reached"),
    (core.HTTPClientError(error=urllib3.exceptions.LocationParseError("a..b")), CloudError, "check AWS_ENDPOINT_URL"),
    (
        core.ProxyConnectionError(proxy_url="http://someone:word@192.0.2.8:3128"),
        CloudBusy,
        "http://192.0.2.8:3128: the proxy",
    ),
    (core.WaiterError("StackExists", "Max attempts exceeded", {}), CloudError, "Max attempts exceeded"),
    (core.WaiterError("TableExists", "throttled", answered("ThrottlingException").response), CloudBusy, "Throttling"),
    (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), CloudBusy, "did not answer in time"),  # type: ignore[arg-type]  # no pool is needed
    (urllib3.exceptions.ProtocolError("cut"), CloudBusy, "broke off"),
    (urllib3.exceptions.IncompleteRead(1, 2), CloudBusy, "broke off"),
    (RETRIED(OSError("reset")), CloudBusy, "broke off"),
    (RETRIED(core.NoCredentialsError()), NotSignedIn, "run aws configure"),
    (s3transfer.exceptions.RetriesExceededError(core.ReadTimeoutError(endpoint_url="/")), CloudBusy, "in time"),
    (pynamo.QueryError(cause=core.NoCredentialsError()), NotSignedIn, "run aws configure"),
    (pynamo.TableDoesNotExist("iotagg"), NotDeployed, "table iotagg: it is not there"),
    (pynamo.PutError("Failed to write: too often"), CloudError, "Failed to write: too often"),
]


@pytest.mark.parametrize(("error", "kind", "says"), TYPES, ids=lambda value: type(value).__name__)
def test_an_error_without_an_answer_says_the_way_out(error: Exception, kind: type[CloudError], says: str) -> None:
    assert type(translated(error)) is kind
    line = line_of(error)
    assert says in line
    assert re.search("word|1234|Token=", line) is None


def botocore_errors() -> list[Exception]:
    found: list[Exception] = []
    for kind in vars(core).values():
        if isinstance(kind, type) and issubclass(kind, core.BotoCoreError):
            names = [name for _, name, _, _ in string.Formatter().parse(kind.fmt) if name]
            found.append(
                kind(**{"last_response": {}} if kind is core.WaiterError else {}, **dict.fromkeys(names, "x\ny"))
            )
    return found


def test_every_error_of_botocore_is_one_line() -> None:
    errors = botocore_errors()
    assert len(errors) > 90
    for error in errors:
        assert "; " in line_of(error), error


def test_only_a_distrusted_certificate_is_a_matter_of_settings() -> None:
    distrust = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed"))
    packed = urllib3.exceptions.MaxRetryError(None, "/", distrust)  # type: ignore[arg-type]  # no pool is needed
    for error in (distrust, packed):
        refused = core.SSLError(endpoint_url="https://192.0.2.7/", error=error)
        assert "AWS_CA_BUNDLE" in line_of(refused)
        assert not passes(refused)
    broken = core.SSLError(
        endpoint_url="https://192.0.2.7/", error=urllib3.exceptions.SSLError(ssl.SSLEOFError(8, "EOF"))
    )
    assert passes(broken)


@pytest.mark.parametrize(
    "error", [ValueError("no"), OSError(5, "no"), NotFound("no"), CloudBusy("no"), pynamo.DoesNotExist(), KeyError()]
)
def test_what_is_nothing_of_aws_goes_through(error: Exception) -> None:
    assert translated(error) is None
    assert code_of(error) == ""
    with pytest.raises(type(error)) as raised, explained():
        raise error
    assert raised.value is error


def test_a_missing_item_is_not_a_problem_whatever_came_before_it() -> None:
    missing = pynamo.DoesNotExist()
    missing.__context__ = answered("InternalError", 500)
    assert translated(missing) is None


def test_explained_hides_what_was_raised_inside() -> None:
    with pytest.raises(NotDeployed, match=r"^table iotagg: ") as raised, explained("table iotagg"):
        raise answered("ResourceNotFoundException", 400, "Query")
    assert raised.value.__suppress_context__
    assert raised.value.__cause__ is None


def test_explained_decorates() -> None:
    @explained("bucket flows")
    def call(error: Exception | None) -> int:
        if error:
            raise error
        return 7

    assert call(None) == 7
    for _ in range(2):
        with pytest.raises(NotDeployed, match=r"^bucket flows: "):
            call(answered("NoSuchBucket", 404))


def test_a_problem_explained_within_another_keeps_its_line() -> None:
    with pytest.raises(NotDeployed, match=r"^the inner thing: "), explained("the outer"), explained("the inner thing"):
        raise answered("NoSuchBucket", 404)
