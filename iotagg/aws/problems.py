"""What boto3 and pynamodb raise, said as one of iotagg's own errors: one line each, with the way out.

It is decided on error codes, HTTP status and types alone: AWS and the engines that stand in for it word the same
problem differently.
"""

from __future__ import annotations

import os
import re
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.exceptions
import botocore.exceptions as core
import pynamodb.exceptions as pynamo
import s3transfer.exceptions
from botocore.session import Session

from iotagg.aws import kinds
from iotagg.aws.operations import actions_of, service_of
from iotagg.errors import CloudBusy, CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.aws.kinds import Kind

LIMIT = 250  # characters of a line, so that it stays one on a screen, in a log and in a mail
_SUBJECT = 70  # of them, for the thing that it is about
_MESSAGE = 100  # of them, for a service's own words
_SKEW = timedelta(minutes=5)  # between two clocks, up to which AWS accepts a signature

_KMS = re.compile(r"(?:.*\.)?kms\.?(?=[a-z])", re.IGNORECASE)
_RETRIED = (boto3.exceptions.RetriesExceededError, s3transfer.exceptions.RetriesExceededError)
_WITHIN = (pynamo.PynamoDBException, boto3.exceptions.S3UploadFailedError)
_STACK_QUESTIONS = re.compile("DescribeStack(s|Resource|Resources|Events)|ListStackResources|GetTemplate")
_SECRET = re.compile(
    r"(?i:[\w-]*(?:token|secret|password|signature|credential)[\w-]*[\"']?\s*[=:]\s*\S+)"
    r"|(?<![A-Z0-9])A(?:KI|SI)A[A-Z0-9]{8,}"
    r"|(?<=//)[^/@\s]+@"
    r"|[A-Za-z0-9/+=_%-]{40,}"
)


def translated(error: Exception, what: str = "") -> CloudError | None:
    """Return iotagg's error for one of botocore, boto3 or pynamodb; None for any other, an item that is missing too.

    `what` names the thing that it is about, such as "table iotagg".
    """
    found = _found(error)
    return found.kind.error(_line(found, what)) if found else None


def passes(error: Exception) -> bool:
    """Say whether the same call may work later by itself: after throttling, conflicts, failures, lost connections."""
    if isinstance(error, CloudError):
        return isinstance(error, CloudBusy)
    found = _found(error)
    return found is not None and found.kind.error is CloudBusy


@contextmanager
def explained(what: str = "") -> Iterator[None]:
    """Raise what AWS's libraries raise inside as iotagg's own errors, and let everything else through.

    `what` names the thing that it is about, such as "table iotagg". It is a decorator too, for functions: of a
    generator it would see the making only. Raises CloudError.
    """
    try:
        yield
    except Exception as error:
        known = translated(error, what)
        if known is None:
            raise
        raise known from None


def code_of(error: BaseException) -> str:
    """Return the service's error code, also from within pynamodb's and boto3's errors; empty if there is none."""
    return str(_answer(_innermost(error)).get("Code") or "")


@dataclass(frozen=True, slots=True)
class _Found:
    """A problem, and what is known of its place: the operation, the host that was called, the thing it is about."""

    kind: Kind
    operation: str = ""
    code: str = ""
    host: str = ""
    subject: str = ""


def _found(error: Exception) -> _Found | None:
    if isinstance(error, pynamo.DoesNotExist):
        return None
    inner = _innermost(error)
    if isinstance(inner, core.ClientError):
        return _answered(inner, _table(error))
    for types, kind in kinds.TYPES:
        if isinstance(inner, types):
            return _unanswered(inner, kind)
    if isinstance(error, pynamo.TableDoesNotExist):
        return _Found(kinds.GONE, subject=_table(error))
    return _Found(kinds.BROKEN) if isinstance(error, _RETRIED) else None


def _innermost(error: BaseException) -> BaseException:
    # pynamodb copies botocore's error without its status and headers, and keeps the original as the copy's cause.
    while True:
        inner: object = None
        if isinstance(error, _RETRIED):
            inner = getattr(error, "last_exception", None)
        elif isinstance(error, _WITHIN):
            inner = getattr(error, "cause", None) or error.__cause__ or error.__context__
        elif isinstance(error, pynamo.VerboseClientError):
            inner = error.__cause__ if isinstance(error.__cause__, core.ClientError) else None
        elif isinstance(error, core.WaiterError) and _mapping(error.last_response, "Error"):
            inner = core.ClientError(error.last_response, error.kwargs.get("name", ""))
        if not isinstance(inner, BaseException):
            return error
        error = inner


def _table(error: Exception) -> str:
    # Where pynamodb knows the table, its copy of the error has it in a template, and TableDoesNotExist in its text.
    copy = getattr(error, "cause", None) or error.__context__ if isinstance(error, pynamo.PynamoDBException) else error
    named = re.search(r"on table \(([\w.-]+)\)", str(getattr(copy, "MSG_TEMPLATE", "")))
    if named is None and isinstance(error, pynamo.TableDoesNotExist):
        named = re.search(r"`([\w.-]+)`", error.msg)
    return f"table {named[1]}" if named and named[1] != "None" else ""


def _mapping(container: object, key: str) -> dict[str, Any]:
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, dict) else {}


def _answer(error: BaseException) -> dict[str, Any]:
    return _mapping(getattr(error, "response", None), "Error")


def _answered(error: core.ClientError, table: str) -> _Found:
    code, answer, operation = code_of(error), _answer(error), str(error.operation_name)
    metadata = _mapping(error.response, "ResponseMetadata")
    kind = _kind_of(code, _status(code, metadata), operation, error.response)
    kind = _with_facts(kind, answer, _mapping(metadata, "HTTPHeaders"), operation)
    bucket = answer.get("BucketName")
    return _Found(kind, operation, code, subject=table or (f"bucket {bucket}" if bucket else ""))


def _status(code: str, metadata: dict[str, Any]) -> int:
    # An answer without a body has its status for a code.
    status = metadata.get("HTTPStatusCode") or code
    return int(status) if re.fullmatch("[1-5][0-9][0-9]", str(status)) else 0


def _with_facts(kind: Kind, answer: dict[str, Any], headers: dict[str, Any], operation: str) -> Kind:
    if kind in (kinds.SIGNATURE, kinds.CLOCK):
        return _with_skew(kind, str(headers.get("date", "")))
    if kind in (kinds.REGION, kinds.BAD_HEAD):
        region = str(headers.get("x-amz-bucket-region") or answer.get("Region") or "")
        if region and (kind is kinds.REGION or region != _place("s3")[0]):
            return _saying(kinds.REGION, f"it lies in the region {region}", way="set AWS_DEFAULT_REGION to that region")
    if kind is kinds.NOT_ALLOWED:
        return _saying(kind, f"not permitted: {actions_of(operation)}")
    if kind is kinds.OBJECT_GONE and answer.get("Key"):
        return _saying(kind, f"the object {_clean(answer['Key'], _SUBJECT)} is not there (any more)")
    return _in_its_words(kind, answer.get("Message") or "it failed") if kind is kinds.OTHER else kind


def _saying(kind: Kind, wrong: str, way: str = "") -> Kind:
    return replace(kind, wrong=_clean(wrong, _MESSAGE), way=way or kind.way)


def _in_its_words(kind: Kind, message: object) -> Kind:
    return _saying(kind, _SECRET.sub("…", _clean(message, 10 * LIMIT)).rstrip(" .;:"))


def _kind_of(code: str, status: int, operation: str, response: object) -> Kind:
    short = code.rpartition(".")[2].removesuffix("Exception")
    if short == "TransactionCanceled":
        return _cancelled(response)
    if short == "ValidationError" and _STACK_QUESTIONS.fullmatch(operation):
        return kinds.STACK_GONE
    if short == "LimitExceeded" and service_of(operation)[0] == "cloudformation":
        return kinds.QUOTA
    if short == "ResourceInUse" and operation.startswith("Create"):
        return kinds.CHANGED
    if key := _KMS.match(code):
        return _of_key(kinds.CODES.get(code[key.end() :].removesuffix("Exception")))
    return kinds.CODES.get(short) or _kind_of_status(code, status, operation)


def _of_key(kind: Kind | None) -> Kind:
    if kind is kinds.NOT_ALLOWED:
        return kinds.KEY_NOT_ALLOWED
    return kind if kind and kind.error is CloudBusy else kinds.KEY


def _kind_of_status(code: str, status: int, operation: str) -> Kind:
    if code in ("", "404") and status == 404:  # noqa: PLR2004 (a status of HTTP is its own best name)
        return kinds.OBJECT_GONE if re.fullmatch(r"(?!List)\w*Object\w*", operation) else kinds.GONE
    if code == "400" and operation.startswith("Head"):
        return kinds.BAD_HEAD
    if 500 <= status <= 599 and status != 501:  # noqa: PLR2004 (501, not implemented, is the one that stays)
        return kinds.FAILING
    return kinds.STATUS.get(status, kinds.OTHER)


def _cancelled(response: object) -> Kind:
    # It passes if each action that stopped the transaction met something that passes.
    reasons = response.get("CancellationReasons") if isinstance(response, dict) else None
    codes = [str(each.get("Code")).removesuffix("Exception") for each in reasons or () if isinstance(each, dict)]
    found = [kinds.CODES.get(code, kinds.OTHER) for code in codes if code != "None"]
    lasting = [kind for kind in found if kind.error is not CloudBusy]
    return (lasting or found or [kinds.OTHER])[0]


def _with_skew(kind: Kind, date: str) -> Kind:
    # A signature is refused for its time and for its key under one code; the answer's own time tells them apart.
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return kind
    fast = datetime.now(UTC) - (there if there.tzinfo else there.replace(tzinfo=UTC))
    if abs(fast) < _SKEW:
        return kind
    minutes = round(abs(fast) / timedelta(minutes=1))
    return _saying(
        kinds.CLOCK, f"this machine's clock is {minutes:,} minutes {'fast' if fast > timedelta() else 'slow'}"
    )


def _unanswered(error: BaseException, kind: Kind) -> _Found:
    facts = getattr(error, "kwargs", {})
    if kind is kinds.NO_TLS and _is_distrust(facts.get("error")):
        kind = kinds.CERTIFICATE
    elif kind is kinds.UNREACHABLE and isinstance(facts.get("error"), ValueError):
        kind = kinds.BAD_ADDRESS
    elif kind.named and facts:
        kind = _saying(kind, kind.named.format(**facts))
    elif kind in (kinds.BAD_VALUE, kinds.OTHER):
        kind = _in_its_words(kind, error)
    return _Found(kind, host=_host(facts.get("proxy_url") or facts.get("endpoint_url")))


def _is_distrust(error: object) -> bool:
    # urllib3 packs the error of ssl into one or more of its own.
    for _ in range(4):
        if isinstance(error, ssl.SSLCertVerificationError) or not isinstance(error, Exception):
            break
        error = getattr(error, "reason", None) or next(iter(error.args), None)
    return isinstance(error, ssl.SSLCertVerificationError)


def _host(address: object) -> str:
    # Without the path and query, which hold keys, and without a proxy's password.
    try:
        parts = urlsplit(str(address or ""))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""


def _line(found: _Found, what: str) -> str:
    service, shown = service_of(found.operation)
    subject = _clean(what, _SUBJECT) or _clean(found.subject or found.host or shown, _SUBJECT) or "AWS"
    region, endpoint = _place(service)
    host = "" if found.host == subject else found.host or endpoint
    place = [f"{shown} {found.operation}".strip(), region, host, found.code]
    room = LIMIT - len(f"{subject}: {found.kind.wrong}; {found.kind.way}")
    where = _clean(", ".join(part for part in place if part), room - len(" ()"))
    return f"{subject}: {found.kind.wrong}{f' ({where})' if where else ''}; {found.kind.way}"


def _place(service: str) -> tuple[str, str]:
    # Answers do not say whence they came: it is where boto3 sends whoever names no region and no address.
    try:
        session = Session()
        region = session.get_config_variable("region")
        configured = session.get_scoped_config().get("endpoint_url")
    except (core.BotoCoreError, OSError):
        return "", ""
    of_service = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return str(region or ""), _host(of_service or os.environ.get("AWS_ENDPOINT_URL") or configured)


def _clean(text: object, room: int) -> str:
    # On one line, without what a terminal would obey, and shortened in its middle where there is too little room.
    shown = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    if len(shown) <= room:
        return shown
    half = (room - 1) // 2
    return f"{shown[: room - 1 - half]}…{shown[len(shown) - half :]}" if half > 0 else ""
