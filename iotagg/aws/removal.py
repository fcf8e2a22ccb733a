"""Removing for good what holds data: a bucket with all versions of all objects, a table, a group of logs.

What is gone already is no error, so that a removal that was interrupted can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.clients import client
from iotagg.aws.patience import Patience
from iotagg.aws.problems import code_of, explained
from iotagg.errors import CloudError, DeploymentFailed, NotDeployed

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET, TABLE, LOG_GROUP = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"
_AT_ONCE = 1000  # versions that one request lists, and removes
_ROUNDS = 5  # of emptying a bucket, while others still put something in
_WAIT_SECONDS = 2
_PATIENCE = Patience(attempts=40, first_seconds=0.5, longest_seconds=5, total_seconds=120)


def remove(kind: str, name: str, tell: Callable[[str], object]) -> None:
    """Remove a bucket, a table or a group of logs with all it holds. Raises DeploymentFailed and other CloudErrors."""
    if kind == BUCKET:
        remove_bucket(client("s3"), name, tell)
    elif kind == TABLE:
        _remove_table(client("dynamodb"), name)
    elif kind == LOG_GROUP:
        with explained(f"log group {name}"):
            _unless_gone(lambda: client("logs").delete_log_group(logGroupName=name))
    else:
        raise ValueError(kind)


def remove_bucket(s3: Any, name: str, tell: Callable[[str], object]) -> None:
    """Remove a bucket with every version of every object. Raises DeploymentFailed and other CloudErrors."""
    for others_put_something in [True] * (_ROUNDS - 1) + [False]:
        empty_bucket(s3, name, tell)
        with explained(f"bucket {name}"):
            try:
                _unless_gone(lambda: s3.delete_bucket(Bucket=name))
            except ClientError as error:
                if code_of(error) == "BucketNotEmpty" and others_put_something:
                    continue
                raise
        return


def empty_bucket(s3: Any, name: str, tell: Callable[[str], object]) -> None:
    """Remove every version of every object of a bucket, in pages, and tell how many so far. Raises CloudErrors."""
    removed = 0
    while versions := _versions(s3, name, _AT_ONCE):
        with explained(f"bucket {name}"):
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": versions, "Quiet": True})
        for failed in answer.get("Errors", ()):
            raise DeploymentFailed(
                f"bucket {name}: {failed['Key']} cannot be removed: {failed.get('Message') or failed.get('Code')}; "
                "see whether the object or the bucket is locked, then try again"
            )
        removed += len(versions)
        tell(f"emptied  {name}: {removed:,} versions of objects so far")


def is_empty(kind: str, name: str) -> bool:
    """Say whether a bucket or a table holds nothing; no for other types, and where it cannot be told."""
    try:
        if kind == BUCKET:
            return not _versions(client("s3"), name, 1)
        if kind == TABLE:
            with explained(f"table {name}"):
                return not client("dynamodb").scan(TableName=name, Limit=1)["Count"]
    except CloudError:
        return False
    return False


def exists(kind: str, name: str) -> bool:
    """Say whether a bucket, a table or a group of logs is there; yes for other types. Raises CloudError."""
    try:
        with explained(name):
            if kind == BUCKET:
                client("s3").head_bucket(Bucket=name)
            elif kind == TABLE:
                client("dynamodb").describe_table(TableName=name)
            elif kind == LOG_GROUP:
                groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
                return any(group["logGroupName"] == name for group in groups)
    except NotDeployed:
        return False
    return True


def _versions(s3: Any, name: str, limit: int) -> list[dict[str, str]]:
    # Always the first ones: what was there before them is removed.
    with explained(f"bucket {name}"):
        page = _unless_gone(lambda: s3.list_object_versions(Bucket=name, MaxKeys=limit)) or {}
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _remove_table(dynamodb: Any, name: str) -> None:
    with explained(f"table {name}"):
        found = _unless_gone(lambda: dynamodb.describe_table(TableName=name))
        if found is None:
            return
        if found["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        if found["Table"]["TableStatus"] != "DELETING":
            _PATIENCE.spent_on(lambda: _unless_gone(lambda: dynamodb.delete_table(TableName=name)))
        waiter = dynamodb.get_waiter("table_not_exists")
        waiter.wait(TableName=name, WaiterConfig={"Delay": _WAIT_SECONDS, "MaxAttempts": 150})


def _unless_gone(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        if code_of(error) in ("NoSuchBucket", "ResourceNotFoundException"):
            return None
        raise
