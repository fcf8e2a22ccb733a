"""Whose an operation is, and which permissions it needs."""

from __future__ import annotations

import re

# An operation's service, where its name tells; the first that fits.
_SERVICES = (
    (re.compile(r"Object|Bucket|Multipart|UploadPart|PublicAccessBlock|^ListParts$"), "s3", "S3"),
    (re.compile(r"Queue|^(?:Send|Receive|Delete)Message|^ChangeMessageVisibility"), "sqs", "SQS"),
    (re.compile(r"Item|Table|^Query$|^Scan$|TimeToLive|ContinuousBackups"), "dynamodb", "DynamoDB"),
    (
        re.compile(r"Stack|ChangeSet|Template|Rollback|TerminationProtection|^DescribeEvents$"),
        "cloudformation",
        "CloudFormation",
    ),
    (re.compile(r"^Invoke|Function|EventSourceMapping"), "lambda", "Lambda"),
    (re.compile(r"LogGroup"), "logs", "CloudWatch Logs"),
    (re.compile(r"CallerIdentity|^AssumeRole"), "sts", "STS"),
)
_GET = "s3:GetObject, s3:GetObjectVersion, s3:ListBucket"  # without the last, what is missing looks forbidden
_PUT = "s3:PutObject"
# The IAM actions of operations that are not called as these.
_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "GetObject": _GET,
    "HeadObject": _GET,
    "CopyObject": f"s3:GetObject, {_PUT}",
    "UploadPartCopy": f"s3:GetObject, {_PUT}",
    "CreateMultipartUpload": _PUT,
    "UploadPart": _PUT,
    "CompleteMultipartUpload": _PUT,
    "DeleteObject": "s3:DeleteObject, s3:DeleteObjectVersion",
    "DeleteObjects": "s3:DeleteObject, s3:DeleteObjectVersion",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "SendMessageBatch": "sqs:SendMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "TransactWriteItems": "dynamodb:PutItem, UpdateItem, DeleteItem",
    "TransactGetItems": "dynamodb:GetItem",
    "Invoke": "lambda:InvokeFunction",
}


def service_of(operation: str) -> tuple[str, str]:
    """Return the service of an operation as IAM and as people write it; empty texts where the name does not tell."""
    return next(((name, shown) for named, name, shown in _SERVICES if named.search(operation)), ("", ""))


def actions_of(operation: str) -> str:
    """Return the IAM actions that an operation needs."""
    service, _ = service_of(operation)
    return _ACTIONS.get(operation) or (f"{service}:{operation}" if service else operation)
