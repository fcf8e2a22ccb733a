"""Whose service an operation is, and which permission it needs."""

from __future__ import annotations

import pytest
from botocore.session import Session

from iotagg.aws.operations import actions_of, service_of
from tests.cloud.answers import CODES, SERVICES


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
