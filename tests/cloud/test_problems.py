"""What AWS's libraries raise, as the one line that a person reads."""

from __future__ import annotations

import re
import ssl
import string
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import boto3
import boto3.exceptions
import botocore.exceptions as core
import pynamodb.exceptions as pynamo
import pytest
import s3transfer.exceptions
import urllib3.exceptions
from botocore.config import Config
from botocore.loaders import Loader
from botocore.retries import standard
from botocore.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.aws import kinds
from iotagg.aws.operations import actions_of, service_of
from iotagg.aws.problems import LIMIT, code_of, explained, passes, translated
from iotagg.errors import CloudBusy, CloudError, NotAllowed, NotDeployed, NotFound, NotSignedIn
from tests.cloud.engine import ENVIRONMENT
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = ENVIRONMENT["AWS_DEFAULT_REGION"]
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)
MODE: Any = standard  # botocore's way to try again, of whose inside its stubs say nothing
SLOW = settings(max_examples=examples(30), deadline=None)  # each looks into boto3's configuration, as a line has to
RETRIED: Any = boto3.exceptions.RetriesExceededError
SERVICES = ("s3", "sqs", "dynamodb", "cloudformation", "lambda", "sts")


def answered(
    code: object, status: object = 400, operation: str = "GetObject", message: object = "", **more: Any
) -> core.ClientError:
    headers = more.pop("headers", {})
    reasons = more.pop("reasons", None)
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message, **more},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    shape: Any = response
    return core.ClientError(shape, operation)


def line_of(error: Exception, what: str = "") -> str:
    found = translated(error, what)
    assert isinstance(found, CloudError)
    assert passes(error) is passes(found) is isinstance(found, CloudBusy)
    line = str(found)
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert len(line) <= LIMIT
    return line


CODES: list[tuple[str, int, str, type[CloudError], str]] = [
    ("ExpiredToken", 400, "GetObject", NotSignedIn, "aws sso login"),
    ("ExpiredTokenException", 400, "PutItem", NotSignedIn, "aws sso login"),
    ("TokenRefreshRequired", 400, "GetObject", NotSignedIn, "aws sso login"),
    ("InvalidClientTokenId", 403, "SendMessage", NotSignedIn, "aws configure"),
    ("UnrecognizedClientException", 400, "Query", NotSignedIn, "aws configure"),
    ("InvalidAccessKeyId", 403, "GetObject", NotSignedIn, "aws configure"),
    ("InvalidToken", 400, "GetObject", NotSignedIn, "aws configure"),
    ("MissingAuthenticationTokenException", 400, "Query", NotSignedIn, "aws configure"),
    ("SignatureDoesNotMatch", 403, "GetObject", NotSignedIn, "compare the clock with NTP"),
    ("IncompleteSignature", 400, "SendMessage", NotSignedIn, "compare the clock with NTP"),
    ("InvalidSignatureException", 400, "Query", NotSignedIn, "compare the clock with NTP"),
    ("AuthFailure", 401, "GetObject", NotSignedIn, "compare the clock with NTP"),
    ("RequestTimeTooSkewed", 403, "GetObject", NotSignedIn, "set it by NTP"),
    ("RequestExpired", 400, "SendMessage", NotSignedIn, "set it by NTP"),
    ("SomethingNew", 401, "GetObject", NotSignedIn, "aws configure"),
    ("PermanentRedirect", 301, "GetObject", CloudError, "set AWS_DEFAULT_REGION"),
    ("AuthorizationHeaderMalformed", 400, "GetObject", CloudError, "set AWS_DEFAULT_REGION"),
    ("IllegalLocationConstraintException", 400, "CreateBucket", CloudError, "set AWS_DEFAULT_REGION"),
    ("301", 301, "HeadBucket", CloudError, "set AWS_DEFAULT_REGION"),
    ("400", 400, "HeadObject", NotSignedIn, "AWS_DEFAULT_REGION"),
    ("AccessDenied", 403, "PutObject", NotAllowed, "s3:PutObject"),
    ("AccessDenied", 403, "ListObjectsV2", NotAllowed, "s3:ListBucket"),
    ("AccessDenied", 403, "UploadPart", NotAllowed, "s3:PutObject"),
    ("403", 403, "HeadObject", NotAllowed, "s3:GetObject"),
    ("403", 403, "HeadBucket", NotAllowed, "s3:ListBucket"),
    ("AccessDeniedException", 400, "Query", NotAllowed, "dynamodb:Query"),
    ("AccessDeniedException", 400, "TransactWriteItems", NotAllowed, "dynamodb:PutItem, UpdateItem"),
    ("AccessDenied", 403, "SendMessage", NotAllowed, "sqs:SendMessage"),
    ("AccessDenied", 403, "SendMessageBatch", NotAllowed, "sqs:SendMessage ("),
    ("AWS.SimpleQueueService.AccessDenied", 403, "ReceiveMessage", NotAllowed, "sqs:ReceiveMessage"),
    ("AccessDenied", 403, "DescribeStacks", NotAllowed, "cloudformation:DescribeStacks"),
    ("AccessDenied", 403, "AssumeRole", NotAllowed, "sts:AssumeRole"),
    ("SomethingNew", 403, "GetItem", NotAllowed, "dynamodb:GetItem"),
    ("KMS.AccessDeniedException", 400, "SendMessage", NotAllowed, "kms:Decrypt and kms:GenerateDataKey"),
    ("KmsAccessDenied", 400, "SendMessage", NotAllowed, "kms:Decrypt and kms:GenerateDataKey"),
    ("KMSAccessDeniedException", 502, "Invoke", NotAllowed, "kms:Decrypt and kms:GenerateDataKey"),
    ("KMS.DisabledException", 400, "GetObject", CloudError, "look at the key in KMS"),
    ("KmsDisabled", 400, "SendMessage", CloudError, "look at the key in KMS"),
    ("KMS.KMSInvalidStateException", 400, "GetObject", CloudError, "look at the key in KMS"),
    ("AWS.SimpleQueueService.KmsNotFound", 400, "SendMessage", CloudError, "look at the key in KMS"),
    ("KmsThrottled", 400, "SendMessage", CloudBusy, "try again"),
    ("KMS.ThrottlingException", 400, "SendMessage", CloudBusy, "try again"),
    ("NoSuchBucket", 404, "ListObjectsV2", NotDeployed, "deploy the stack"),
    ("404", 404, "HeadBucket", NotDeployed, "deploy the stack"),
    ("404", 404, "ListObjectsV2", NotDeployed, "deploy the stack"),
    ("ResourceNotFoundException", 400, "Query", NotDeployed, "deploy the stack"),
    ("TableNotFoundException", 400, "DescribeTable", NotDeployed, "deploy the stack"),
    ("AWS.SimpleQueueService.NonExistentQueue", 400, "SendMessage", NotDeployed, "deploy the stack"),
    ("QueueDoesNotExist", 400, "GetQueueUrl", NotDeployed, "deploy the stack"),
    ("ValidationError", 400, "DescribeStacks", NotDeployed, "--stack"),
    ("ValidationError", 400, "ListStackResources", NotDeployed, "--stack"),
    ("ValidationError", 400, "UpdateStack", CloudError, "ValidationError"),
    ("NoSuchKey", 404, "GetObject", CloudError, "the object is not there (any more)"),
    ("NoSuchVersion", 404, "GetObject", CloudError, "the object is not there (any more)"),
    ("404", 404, "HeadObject", CloudError, "the object is not there (any more)"),
    ("NoSuchLifecycleConfiguration", 404, "GetBucketLifecycleConfiguration", CloudError, "NoSuchLifecycle"),
    ("PreconditionFailed", 412, "PutObject", CloudError, "meanwhile"),
    ("ConditionalCheckFailedException", 400, "PutItem", CloudError, "meanwhile"),
    ("AccountProblem", 403, "GetObject", CloudError, "administrator"),
    ("OptInRequired", 403, "SendMessage", CloudError, "administrator"),
    ("NotImplemented", 501, "GetObject", CloudError, "NotImplemented"),
    ("ResourceInUseException", 400, "CreateTable", CloudError, "meanwhile"),
    ("ResourceInUseException", 400, "UpdateTable", CloudBusy, "try again"),
    ("TransactionConflictException", 400, "PutItem", CloudBusy, "others change it"),
    ("ConditionalRequestConflict", 409, "PutObject", CloudBusy, "others change it"),
    ("OperationAborted", 409, "PutBucketVersioning", CloudBusy, "others change it"),
    ("AWS.SimpleQueueService.QueueDeletedRecently", 400, "CreateQueue", CloudBusy, "try again"),
    ("OverLimit", 403, "ReceiveMessage", CloudBusy, "try again"),
    ("InternalServerError", 500, "Query", CloudBusy, "try again"),
    ("InternalError", 200, "CompleteMultipartUpload", CloudBusy, "try again"),
    ("ServiceUnavailable", 503, "GetObject", CloudBusy, "try again"),
    ("SomethingNew", 500, "GetObject", CloudBusy, "try again"),
    ("SomethingNew", 599, "GetObject", CloudBusy, "try again"),
    ("503", 503, "HeadObject", CloudBusy, "try again"),
    ("", 502, "Query", CloudBusy, "try again"),
]


@pytest.mark.parametrize(("code", "status", "operation", "kind", "says"), CODES)
def test_a_code_says_what_is_wrong_and_the_way_out(
    code: str, status: int, operation: str, kind: type[CloudError], says: str
) -> None:
    error = answered(code, status, operation, "The words of a service decide nothing.")
    line = line_of(error, "thing")
    assert type(translated(error)) is kind
    assert line.startswith("thing: ")
    assert says in line
    assert operation in line
    assert REGION in line


@pytest.mark.parametrize("code", sorted(kinds.CODES))
def test_a_code_means_the_same_with_the_suffix_and_namespace_that_services_differ_in(code: str) -> None:
    forms = [code, f"{code}Exception", f"AWS.SimpleQueueService.{code}"]
    lines = {line_of(answered(form, 400, "Any")).replace(form, "CODE") for form in forms}
    assert len(lines) == 1


def codes_that_botocore_retries() -> set[str]:
    # Those of its standard mode, and those of its older one, which are the table of a file.
    codes = {
        *MODE.TransientRetryableChecker._TRANSIENT_ERROR_CODES,
        *MODE.ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    }
    codes |= set(found_below(Loader().load_data("_retry"), "service_error_code"))
    session = Session()
    for service in SERVICES:
        shapes: Any = session.get_service_model(service).error_shapes
        codes |= {shape.error_code for shape in shapes if shape.metadata.get("retryable")}
    return codes


def found_below(data: object, name: str) -> Iterator[Any]:
    for key, value in data.items() if isinstance(data, dict) else ():
        if key == name:
            yield value
        yield from found_below(value, name)


@pytest.mark.parametrize("code", sorted(codes_that_botocore_retries()))
@pytest.mark.parametrize("status", [400, 403])
def test_what_botocore_tries_again_passes(code: str, status: int) -> None:
    assert passes(answered(code, status))


def test_each_status_that_botocore_tries_again_passes() -> None:
    statuses = {
        *MODE.TransientRetryableChecker._TRANSIENT_STATUS_CODES,
        *MODE.ThrottlingStatusCodeChecker._THROTTLING_STATUS_CODES,
        *found_below(Loader().load_data("_retry"), "http_status_code"),
    } - {400, 403, 409}  # which it tries again under some codes only
    assert statuses >= {408, 429, 500, 502, 503, 504, 509}
    assert {status for status in statuses if not passes(answered("SomethingNew", status))} == set()
    assert {status for status in statuses if not passes(answered(str(status), status, "HeadObject"))} == set()


def test_refusals_do_not_pass() -> None:
    lasting = [(code, status) for code, status, _, kind, _ in CODES if kind is not CloudBusy and status != 400]
    assert len(lasting) > 20
    assert [each for each in lasting if passes(answered(*each, "Any"))] == []
    assert not passes(answered("AnotherCode", 400))
    assert not passes(ValueError("another error"))
    assert not passes(NotDeployed("as iotagg says it"))
    assert passes(CloudBusy("as iotagg says it"))


@pytest.mark.parametrize(
    ("reasons", "passing"),
    [
        (["None", "TransactionConflict"], True),
        (["ThrottlingError", "ProvisionedThroughputExceeded"], True),
        (["ConditionalCheckFailed", "None"], False),
        (["TransactionConflict", "ConditionalCheckFailed"], False),
        (["TransactionConflict", "ValidationError"], False),
        (["None"], False),
        ([], False),
    ],
)
def test_a_cancelled_transaction_passes_if_all_that_stopped_it_does(reasons: list[str], passing: bool) -> None:
    error = answered("TransactionCanceledException", 400, "TransactWriteItems", "cancelled", reasons=reasons)
    line_of(error)
    assert passes(error) is passing


@pytest.mark.parametrize(("minutes", "says"), [(11, "11 minutes slow"), (-2880, "2,880 minutes fast")])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"])
def test_a_signature_refused_for_its_time_says_how_wrong_the_clock_is(code: str, minutes: int, says: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes, seconds=9), usegmt=True)
    line = line_of(answered(code, 403, headers={"date": date}))
    assert f"this machine's clock is {says}" in line
    assert "NTP" in line


@pytest.mark.parametrize("date", ["now", "", "noon", "1 Jan 99999 00:00:00"])
def test_a_signature_refused_at_the_right_time_blames_the_key_first(date: str) -> None:
    date = date.replace("now", format_datetime(datetime.now(UTC), usegmt=True))
    assert "secret key or this machine's clock is wrong" in line_of(
        answered("InvalidSignatureException", headers={"date": date})
    )


@pytest.mark.parametrize(
    "error",
    [
        answered("301", 301, "HeadBucket", headers={"x-amz-bucket-region": "ap-south-1"}),
        answered("400", 400, "HeadBucket", headers={"x-amz-bucket-region": "ap-south-1"}),
        answered("AuthorizationHeaderMalformed", 400, Region="ap-south-1"),
    ],
)
def test_a_bucket_elsewhere_names_its_region(error: core.ClientError) -> None:
    line = line_of(error)
    assert "in the region ap-south-1 " in line
    assert "set AWS_DEFAULT_REGION to that region" in line


def test_a_region_that_is_right_is_not_to_be_set() -> None:
    here = {"x-amz-bucket-region": REGION}
    assert "session has expired" in line_of(answered("400", 400, "HeadBucket", headers=here))
    assert "permitted" in line_of(answered("403", 403, "HeadBucket", headers={"x-amz-bucket-region": "ap-south-1"}))


def test_the_line_names_what_the_answer_is_about() -> None:
    gone = answered("NoSuchKey", 404, Key="incoming/paris/a b.csv", BucketName="flows")
    assert line_of(gone).startswith(
        "bucket flows: the object incoming/paris/a b.csv is not there (any more) (S3 GetObject"
    )
    assert line_of(gone, "the upload").startswith("the upload: the object incoming/")
    assert line_of(answered("Odd", 400, "SendMessage", "Say it\n again.")).startswith(
        "SQS: Say it again (SQS SendMessage,"
    )
    assert line_of(answered("Odd", 400, "Unheard")).startswith("AWS: it failed (Unheard, ")


def test_the_address_is_named_where_it_is_not_the_one_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    error = answered("InternalError", 500, "SendMessage")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://someone:word@192.0.2.7:4566/path")
    assert f"(SQS SendMessage, {REGION}, http://192.0.2.7:4566, InternalError)" in line_of(error)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://192.0.2.8")
    assert "http://192.0.2.8," in line_of(error)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_ENDPOINT_URL_SQS")
    assert f"(SQS SendMessage, {REGION}, InternalError)" in line_of(error)


def test_region_and_address_of_a_profile_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile lab]\nregion = eu-north-1\nendpoint_url = http://192.0.2.9:9000\n")
    for name in ("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert "(S3 GetObject, eu-north-1, http://192.0.2.9:9000, InternalError)" in line_of(answered("InternalError", 500))
    monkeypatch.setenv("AWS_PROFILE", "another")
    assert "(S3 GetObject, InternalError)" in line_of(answered("InternalError", 500))


# What is raised before and instead of an answer.


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


# Whatever a service answers.

ANYTHING = st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.dictionaries(st.text(), st.text()))
OPERATIONS = st.one_of(st.sampled_from(["GetObject", "HeadBucket", "DescribeStacks", "TransactWriteItems"]), st.text())


@SLOW
@given(
    code=st.one_of(st.sampled_from(sorted(kinds.CODES)), st.text(), ANYTHING),
    status=st.one_of(st.integers(0, 999), ANYTHING),
    operation=OPERATIONS,
    message=st.one_of(st.text(min_size=200), ANYTHING),
    key=ANYTHING,
    what=st.text(),
    headers=st.one_of(ANYTHING, st.fixed_dictionaries({"date": ANYTHING, "x-amz-bucket-region": ANYTHING})),
)
def test_any_answer_is_one_line(**given: Any) -> None:
    what = given.pop("what")
    error = answered(given["code"], given["status"], given["operation"], given["message"], Key=given["key"])
    error.response["ResponseMetadata"]["HTTPHeaders"] = given["headers"]
    assert ": " in line_of(error, what)
    assert isinstance(code_of(error), str)


@SLOW
@given(
    st.one_of(
        ANYTHING, st.dictionaries(st.sampled_from(["Error", "ResponseMetadata", "CancellationReasons"]), ANYTHING)
    )
)
def test_any_shape_of_an_answer_is_one_line(response: Any) -> None:
    error = answered("")
    error.response = response
    line_of(error)


KEY_ID = st.from_regex(r"A[KS]IA[A-Z0-9]{16}", fullmatch=True)
LONG = st.text(string.ascii_letters + string.digits + "+/=", min_size=40, max_size=400)
NAMED = st.from_regex(r"[A-Za-z0-9]{8,30}", fullmatch=True)


@SLOW
@given(before=st.text(max_size=60), key=KEY_ID, secret=LONG, named=NAMED, after=st.text(max_size=60))
def test_no_line_holds_a_secret(before: str, key: str, secret: str, named: str, after: str) -> None:
    # The same message as it comes; its parts are set off, as those of a message are.
    message = f"{before} {key} {secret} X-Amz-Security-Token={named}& {after}"
    for error in (
        answered("Odd", 400, "GetObject", message, AWSAccessKeyId=key, StringToSign=secret),
        answered("InvalidAccessKeyId", 403, "GetObject", message, AWSAccessKeyId=key),
        core.ParamValidationError(report=message),
        core.CredentialRetrievalError(provider="custom-process", error_msg=message),
        core.EndpointConnectionError(endpoint_url=f"https://{named}:{named}@192.0.2.7/?token={named}"),
    ):
        line = line_of(error)
        assert [part for part in (key, secret, named) if part in line] == []


@pytest.mark.parametrize("length", range(1, 120))
def test_a_long_line_loses_what_is_between_and_keeps_its_ends(length: int) -> None:
    line = line_of(answered("Code" * length, 403, "PutObject", "M" * length), "bucket " + "b" * length)
    assert line.startswith("bucket b")
    assert line.endswith("; " + kinds.NOT_ALLOWED.way)
    assert "ode); " in line


@SLOW
@given(st.sampled_from(sorted(vars(kinds).items(), key=lambda item: item[0])))
def test_the_way_out_is_never_cut(named: tuple[str, Any]) -> None:
    _, kind = named
    if isinstance(kind, kinds.Kind):
        assert kind.way
        assert len(kind.wrong) + len(kind.way) <= 150


# The tables.


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_is_never_taken_for_another_services(service: str) -> None:
    names = Session().get_service_model(service).operation_names
    shared = {"AddPermission", "RemovePermission", "TagResource", "UntagResource"}
    assert {name for name in names if service_of(name)[0] not in {service, ""}} - shared == set()


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        ("s3", "PutObject HeadBucket ListObjectsV2 UploadPart CompleteMultipartUpload ListParts PutPublicAccessBlock"),
        ("sqs", "SendMessageBatch ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueUrl"),
        ("dynamodb", "TransactWriteItems Query Scan DescribeTable UpdateTimeToLive BatchGetItem"),
        ("cloudformation", "DescribeStacks CreateChangeSet"),
        ("lambda", "Invoke GetFunction ListEventSourceMappings"),
        ("sts", "GetCallerIdentity AssumeRole"),
    ],
)
def test_the_operations_that_iotagg_uses_tell_their_service(service: str, operations: str) -> None:
    assert {service_of(name)[0] for name in operations.split()} == {service}


def test_each_exception_to_the_names_of_iam_is_an_operation() -> None:
    session = Session()
    operations = {name for service in SERVICES for name in session.get_service_model(service).operation_names}
    for code, _, operation, _, _ in CODES:
        assert operation in operations, code
    assert "s3:" in actions_of("ListObjectsV2")
    assert actions_of("DescribeTable") == "dynamodb:DescribeTable"
    assert actions_of("Unheard") == "Unheard"
