"""What IAM would say: calls as the permissions they need, and whether a principal's policies give them.

As far as the templates go: Allow only, by action, resource and the conditions on s3:prefix and dynamodb:LeadingKeys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.cloudformation.reading import RESOURCES, Statement, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from iotagg.aws.stack import Stack

_TABLE_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_S3_ACTIONS = {
    "HeadObject": ("GetObject",),
    "ListObjectsV2": ("ListBucket",),
    "ListObjectVersions": ("ListBucketVersions",),
    "ListMultipartUploads": ("ListBucketMultipartUploads",),
    "ListParts": ("ListMultipartUploadParts",),
    "CreateMultipartUpload": ("PutObject",),
    "UploadPart": ("PutObject",),
    "CompleteMultipartUpload": ("PutObject",),
}


@dataclass(frozen=True)
class Need:
    """A permission that a call needs: an action on a resource, and what conditions may ask about."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


def needs(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    """Yield the permissions that a call needs."""
    match service:
        case "s3":
            yield from _of_s3(operation, parameters)
        case "sqs":
            queue = parameters.get("QueueUrl", parameters.get("QueueName", "")).rpartition("/")[2]
            yield Need(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:::{queue}")
        case "dynamodb":
            yield from _of_dynamodb(operation, parameters)
        case "sts":
            assert operation == "GetCallerIdentity", operation  # which everybody may
        case _:
            yield Need(f"{service}:{operation}", "*")


def _of_s3(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    resource = f"arn:aws:s3:::{parameters['Bucket']}"
    if "Key" in parameters:
        resource += f"/{parameters['Key']}"
    if operation in ("GetObject", "DeleteObject") and parameters.get("VersionId"):
        yield Need(f"s3:{operation}Version", resource)
        return
    for action in _S3_ACTIONS.get(operation, (operation,)):
        yield Need(f"s3:{action}", resource, {"s3:prefix": (parameters.get("Prefix", ""),)})
    if operation == "HeadObject":  # without it, what is missing looks forbidden
        yield Need("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}", {"s3:prefix": (parameters["Key"],)})


def _of_dynamodb(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            ((kind, each),) = item.items()
            keys = (each.get("Key") or each["Item"])["pk"]["S"]
            yield Need(f"dynamodb:{_TABLE_ACTIONS[kind]}", _table(each["TableName"]), {"dynamodb:LeadingKeys": (keys,)})
        return
    table = parameters.get("TableName") or next(iter(parameters["RequestItems"]))
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    yield Need(f"dynamodb:{operation}", _table(table) + index, {"dynamodb:LeadingKeys": tuple(_partitions(parameters))})


def _partitions(parameters: Mapping[str, Any]) -> Iterator[str]:
    for request in parameters.get("RequestItems", {}).values():
        yield from (key["pk"]["S"] for key in request["Keys"])
    for item in (parameters.get("Key"), parameters.get("Item")):
        if item:
            yield item["pk"]["S"]
    if equal := re.match(r"\(?[#\w]+ = (:\w+)", parameters.get("KeyConditionExpression", "")):
        yield parameters["ExpressionAttributeValues"][equal[1]]["S"]


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:::table/{name}"


@dataclass(frozen=True)
class Grant:
    """A statement of a principal's policies, with real names in it."""

    statement: Statement
    resources: tuple[str, ...]
    tags: Mapping[str, str]

    def allows(self, need: Need) -> bool:
        """Say whether this statement gives a permission."""
        return (
            need.action in self.statement.actions
            and any(fnmatchcase(need.resource, resource) for resource in self.resources)
            and all(
                self._holds(operator, key, wanted if isinstance(wanted, list) else [wanted], need)
                for operator, tests in self.statement.fields.get("Condition", {}).items()
                for key, wanted in tests.items()
            )
        )

    def _holds(self, operator: str, key: str, wanted: list[str], need: Need) -> bool:
        found = need.context.get(key, ())
        if operator == "Null":
            return (not found) is (wanted == ["true"])
        patterns = [_with_tags(each, self.tags) for each in wanted]
        alike = [any(fnmatchcase(each, pattern) for pattern in patterns) for each in found]
        match operator:
            case "StringLike":
                return any(alike)
            case "ForAllValues:StringEquals" | "ForAllValues:StringLike":
                return all(alike)
        raise NotImplementedError(operator)


def grants(stack: Stack, owners: tuple[str, ...], tags: Mapping[str, str] | None = None) -> list[Grant]:
    """Return what the policies of a principal say about a deployment."""
    return [
        Grant(each, tuple(_arn(resource, stack, tags or {}) for resource in each.resources), tags or {})
        for each in statements()
        if each.owner in owners and each.fields["Effect"] == "Allow"
    ]


def _arn(resource: Any, stack: Stack, tags: Mapping[str, str]) -> str:
    match resource:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return _named(name, stack)
        case {"Fn::Sub": text}:
            named = re.sub(r"\$\{(\w+)\.Arn\}", lambda match: _named(match[1], stack), text)
            return _with_tags(named.replace("${!", "${"), tags)
        case {"Fn::If": [_, _, otherwise]}:  # as with the parameters' defaults
            return _arn(otherwise, stack, tags)
    return "*" if resource == "*" else f"another: {resource}"


def _with_tags(text: str, tags: Mapping[str, str]) -> str:
    return re.sub(r"\$\{aws:PrincipalTag/(\w+)\}", lambda match: tags[match[1]], text)


def _named(logical: str, stack: Stack) -> str:
    kind = RESOURCES[logical]["Type"]
    if kind == "AWS::S3::Bucket":
        return f"arn:aws:s3:::{stack.bucket}"
    if kind == "AWS::DynamoDB::Table":
        return _table(stack.table)
    if kind != "AWS::SQS::Queue":
        return f"another: {logical}"
    url = stack.chunks_queue_url if logical.startswith("Chunks") else stack.files_queue_url
    name = url.rpartition("/")[2]
    if logical.endswith("DeadLetters"):
        stem, dot, suffix = name.partition(".")
        name = f"{stem}-dead{dot}{suffix}"
    return f"arn:aws:sqs:::{'another' if logical == 'LargeFilesQueue' else name}"
