"""Errors that AWS answers with, made up: what each is to be taken for, and the line that is said of one."""

from __future__ import annotations

from typing import Any

import botocore.exceptions as core

from iotagg.aws.problems import LIMIT, passes, translated
from iotagg.errors import CloudBusy, CloudError, NotAllowed, NotDeployed, NotSignedIn
from tests.cloud.engine import ENVIRONMENT

REGION = ENVIRONMENT["AWS_DEFAULT_REGION"]
SERVICES = ("s3", "sqs", "dynamodb", "cloudformation", "lambda", "sts")


def answered(
    code: object, status: object = 400, operation: str = "GetObject", message: object = "", **more: Any
) -> core.ClientError:
    """Return the error that botocore makes of such an answer."""
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
    """Return the line that is said of an error; it is one, whatever the error is."""
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
