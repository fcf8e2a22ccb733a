"""What AWS answers with an error, as the one line that a person reads, and whether it passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import Loader
from botocore.retries import standard
from botocore.session import Session

from iotagg.aws import kinds
from iotagg.aws.problems import passes, translated
from iotagg.errors import CloudBusy, CloudError, NotDeployed
from tests.cloud.answers import CODES, REGION, SERVICES, answered, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import botocore.exceptions as core

MODE: Any = standard  # botocore's way to try again, of whose inside its stubs say nothing


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
