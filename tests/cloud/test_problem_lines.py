"""Whatever a service answers, what is said of it is one line, which names the way out and holds no secret."""

from __future__ import annotations

import string
from typing import Any

import botocore.exceptions as core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.aws import kinds
from iotagg.aws.problems import code_of
from tests.cloud.answers import answered, line_of
from tests.examples import examples

SLOW = settings(max_examples=examples(30), deadline=None)  # each looks into boto3's configuration, as a line has to
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
