"""The problems that real answers, a real engine and a failing network make."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, contextmanager
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import boto3.exceptions
import botocore.exceptions as core
import pynamodb.exceptions as pynamo
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.models import Model

from iotagg.aws.problems import code_of, explained, passes, translated
from iotagg.errors import CloudError, NotAllowed, NotDeployed, NotSignedIn
from tests.cloud.answers import REGION, line_of
from tests.cloud.engine import free_port, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)


# Real answers, as they come over the wire.


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    session: Any = boto3.session.Session()  # its stubs know services by their names only
    return session.client(service, endpoint_url=endpoint, config=ONCE)


@contextmanager
def answering(service: str, status: int, body: str = "", **headers: str) -> Iterator[Any]:
    """Let a client's calls be answered so, without being sent."""
    used = client(service)

    def answer(request: Any, **_: Any) -> AWSResponse:
        raw: Any = SimpleNamespace(stream=lambda **_: iter([body.encode()]))
        named: Any = HeadersDict({name.replace("_", "-"): value for name, value in headers.items()})
        return AWSResponse(request.url, status, named, raw)

    used.meta.events.register_first(f"before-send.{service}", answer)
    try:
        yield used
    finally:
        used.meta.events.unregister(f"before-send.{service}", answer)


def raised_by(call: Callable[[], object]) -> Exception:
    try:
        call()
    except Exception as error:  # noqa: BLE001 (which one it is, the tests say)
        return error
    pytest.fail("nothing was raised")


def xml(code: str, **fields: str) -> str:
    rest = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>M</Message>{rest}</Error>'


def test_s3s_xml_names_the_bucket_and_the_key() -> None:
    with answering("s3", 404, xml("NoSuchKey", Key="incoming/a.csv", BucketName="flows")) as s3:
        error = raised_by(lambda: s3.get_object(Bucket="flows", Key="incoming/a.csv"))
    assert isinstance(error, s3.exceptions.NoSuchKey)
    assert code_of(error) == "NoSuchKey"
    assert "the object incoming/a.csv is not there" in line_of(error)


def test_s3s_heads_have_their_status_only() -> None:
    with answering("s3", 403) as s3:
        denied = raised_by(lambda: s3.head_object(Bucket="flows", Key="a"))
        denied_bucket = raised_by(lambda: s3.head_bucket(Bucket="flows"))
    assert code_of(denied) == "403"
    assert "s3:GetObject" in line_of(denied)
    assert type(translated(denied_bucket)) is NotAllowed


def test_sqs_has_its_old_codes_beside_the_new() -> None:
    body = json.dumps({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "m"})
    header = {"x_amzn_query_error": "AWS.SimpleQueueService.NonExistentQueue;Sender"}
    with answering("sqs", 400, body, **header) as sqs:
        old = raised_by(lambda: sqs.get_queue_url(QueueName="files"))
    with answering("sqs", 400, body) as sqs:
        new = raised_by(lambda: sqs.get_queue_url(QueueName="files"))
    assert (code_of(old), code_of(new)) == ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    assert type(translated(old)) is type(translated(new)) is NotDeployed


def test_dynamodbs_reasons_of_a_cancelled_transaction_are_read() -> None:
    for reason, passing in (("TransactionConflict", True), ("ConditionalCheckFailed", False)):
        body = {"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "None"}, {"Code": reason}]}
        with answering("dynamodb", 400, json.dumps(body)) as dynamodb:
            error = raised_by(lambda: dynamodb.transact_write_items(TransactItems=[{}]))
        assert isinstance(error, dynamodb.exceptions.TransactionCanceledException)
        assert passes(error) is passing


def test_cloudformations_missing_stack_is_not_deployed() -> None:
    body = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code></Error></ErrorResponse>"
    with answering("cloudformation", 400, body) as cloudformation:
        error = raised_by(lambda: cloudformation.describe_stacks(StackName="iotagg"))
    assert line_of(error, "stack iotagg").startswith(
        "stack iotagg: there is no such stack (CloudFormation DescribeStacks"
    )


@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb"])
def test_a_page_in_html_from_something_between_is_read_by_its_status(service: str) -> None:
    calls: dict[str, Callable[[Any], object]] = {
        "s3": lambda used: used.list_buckets(),
        "sqs": lambda used: used.list_queues(),
        "dynamodb": lambda used: used.list_tables(),
    }
    with answering(service, 502, "<html><body>Bad Gateway</body></html>") as used:
        assert passes(raised_by(lambda: calls[service](used)))


# A real engine.


class Row(Model):
    class Meta:
        table_name = unique("nowhere")
        region = REGION

    pk = UnicodeAttribute(hash_key=True)


def test_what_the_engine_lacks_is_not_deployed(endpoint: str) -> None:
    name = unique("nowhere")
    s3, sqs, dynamodb = (client(service, endpoint) for service in ("s3", "sqs", "dynamodb"))
    queue = f"{endpoint}/000000000000/{name}"
    for call in (
        lambda: s3.head_bucket(Bucket=name),
        lambda: s3.list_objects_v2(Bucket=name),
        lambda: s3.get_object(Bucket=name, Key="a"),
        lambda: s3.put_object(Bucket=name, Key="a", Body=b""),
        lambda: sqs.get_queue_url(QueueName=name),
        lambda: sqs.send_message(QueueUrl=queue, MessageBody="m"),
        lambda: sqs.receive_message(QueueUrl=queue),
        lambda: dynamodb.describe_table(TableName=name),
        lambda: dynamodb.get_item(TableName=name, Key={"pk": {"S": "1"}}),
    ):
        error = raised_by(call)
        assert type(translated(error)) is NotDeployed, error
        assert endpoint in line_of(error)


def test_an_object_that_the_engine_lacks_is_no_missing_bucket(endpoint: str) -> None:
    s3, name = client("s3", endpoint), unique("bucket")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    for call in (s3.get_object, s3.head_object):
        error = raised_by(lambda: call(Bucket=name, Key="incoming/a.csv"))  # noqa: B023 (called at once)
        assert type(translated(error)) is CloudError
        assert "is not there (any more)" in line_of(error)


def test_an_upload_into_no_bucket_is_not_deployed(endpoint: str, tmp_path: Path) -> None:
    file = tmp_path / "flows.csv"
    file.write_bytes(b"1")
    error = raised_by(lambda: client("s3", endpoint).upload_file(str(file), unique("nowhere"), "a"))
    assert isinstance(error, boto3.exceptions.S3UploadFailedError)
    assert code_of(error) == "NoSuchBucket"
    assert type(translated(error)) is NotDeployed


def test_pynamodb_names_its_table(endpoint: str) -> None:
    connection = Connection(host=endpoint, region=REGION, max_retry_attempts=0)
    name = Row.Meta.table_name
    for call in (
        lambda: Row.get("1"),
        lambda: list(Row.query("1")),
        lambda: Row("1").save(),
        lambda: connection.describe_table(name),
    ):
        error = raised_by(call)
        assert isinstance(error, pynamo.PynamoDBException)
        assert type(translated(error)) is NotDeployed
        assert line_of(error).startswith(f"table {name}: it is not there (DynamoDB ")
        assert code_of(error) == "ResourceNotFoundException"


# A network that fails.


@contextmanager
def serving(reply: bytes | None) -> Iterator[str]:
    """Answer every connection to an address with the same bytes, or never; then close it."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                if reply is None:
                    over.wait()
                else:
                    connection.settimeout(2)
                    connection.recv(65536)
                    connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def once(service: str, address: str, **settings: Any) -> Iterator[Any]:
    session: Any = boto3.session.Session()
    used = session.client(service, endpoint_url=address, config=ONCE.merge(Config(**settings)))
    with closing(used):
        yield used


def test_where_nothing_listens_the_address_is_named() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    for service in ("s3", "sqs", "dynamodb"):
        with once(service, address) as used:
            calls = {"s3": "list_buckets", "sqs": "list_queues", "dynamodb": "list_tables"}
            error = raised_by(getattr(used, calls[service]))
        assert isinstance(error, core.EndpointConnectionError)
        assert passes(error)
        assert line_of(error).startswith(f"{address}: it cannot be reached ({REGION}); check the network, ")
        assert f", {address})" in line_of(error, "bucket flows")


def test_a_server_that_never_answers_is_busy() -> None:
    with serving(None) as address, once("sqs", address, read_timeout=0.2) as sqs:
        error = raised_by(sqs.list_queues)
    assert isinstance(error, core.ReadTimeoutError)
    assert passes(error)
    assert line_of(error).startswith(f"{address}: it did not answer in time")


def test_a_server_that_hangs_up_is_busy() -> None:
    with serving(b"") as address, once("sqs", address) as sqs:
        error = raised_by(sqs.list_queues)
    assert isinstance(error, core.ConnectionClosedError)
    assert passes(error)


def test_a_server_that_says_slow_down_is_busy() -> None:
    body = xml("SlowDown").encode()
    reply = b"HTTP/1.1 503 Slow Down\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    with serving(reply) as address, once("s3", address) as s3:
        error = raised_by(lambda: s3.get_object(Bucket="flows", Key="a"))
    assert code_of(error) == "SlowDown"
    assert line_of(error, "bucket flows").startswith(
        "bucket flows: it is asked for more than it takes at once (S3 GetObject,"
    )


def test_pynamodb_keeps_the_status_of_a_failing_server() -> None:
    reply = b'HTTP/1.1 503 No\r\nContent-Length: 25\r\nConnection: close\r\n\r\n{"__type":"SomethingNew"}'
    with serving(reply) as address:
        connection = Connection(host=address, region=REGION, max_retry_attempts=0)
        error = raised_by(lambda: connection.describe_table("iotagg"))
        connection.client.close()
    assert isinstance(error, pynamo.VerboseClientError)
    assert "ResponseMetadata" not in error.response
    assert code_of(error) == "SomethingNew"
    assert passes(error)
    assert passes(pynamo.GetError(cause=error))
    assert line_of(error).startswith("table iotagg: the service fails on its side (DynamoDB DescribeTable, ")


def test_a_download_that_is_cut_is_busy() -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc") as address,
        once("s3", address) as s3,
    ):
        error = raised_by(s3.get_object(Bucket="flows", Key="a")["Body"].read)
    assert passes(error)
    assert "the connection broke off" in line_of(error)


def test_plain_http_behind_https_says_so() -> None:
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        secure = address.replace("http:", "https:")
        with once("sqs", secure) as sqs:
            error = raised_by(sqs.list_queues)
    assert isinstance(error, core.SSLError)
    assert line_of(error).startswith(f"{secure}: no TLS connection can be made")
    assert "http or https" in line_of(error)


def test_a_proxy_that_is_not_there_is_named_without_its_password() -> None:
    port = free_port()
    with once("sqs", "http://192.0.2.7", proxies={"http": f"http://someone:word@127.0.0.1:{port}"}) as sqs:
        error = raised_by(sqs.list_queues)
    assert isinstance(error, core.ProxyConnectionError)
    assert line_of(error).startswith(f"http://127.0.0.1:{port}: the proxy cannot be reached")
    assert "word" not in line_of(error)


def test_without_credentials_it_says_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with once("sqs", "http://192.0.2.7") as sqs:
        error = raised_by(sqs.list_queues)
    assert line_of(error).startswith("AWS: there are no credentials (")
    assert "run aws configure" in line_of(error)


def test_without_a_region_it_says_how_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CloudError, match=r"no region is set .*; set AWS_DEFAULT_REGION"), explained():
        boto3.session.Session().client("sqs")


def test_a_profile_that_is_not_configured_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "lab")
    with pytest.raises(NotSignedIn, match="there is no profile lab"), explained():
        boto3.session.Session().client("sqs")


def test_a_bucket_whose_name_is_none_is_told_in_one_line(endpoint: str) -> None:
    error = raised_by(lambda: client("s3", endpoint).head_bucket(Bucket="no bucket"))
    assert isinstance(error, core.ParamValidationError)
    assert "Invalid bucket name" in line_of(error, "bucket 'no bucket'")
