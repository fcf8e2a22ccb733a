from __future__ import annotations

import io
import ssl
import tempfile
import threading
import tracemalloc
from contextlib import contextmanager
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import HTTPSHandler, Request

import boto3
import pytest

from iotagg.aws import web_files
from iotagg.aws.uploads import send
from iotagg.aws.web_files import WebFile, fetched, web_name
from iotagg.errors import FileUnreadable, InvalidValue
from tests.cloud.engine import free_port, unique

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"Src IP,Dst IP\n192.0.2.1,192.0.2.2\n"
MIB = 1 << 20
LARGE = 40 * MIB


class Pages(BaseHTTPRequestHandler):
    """What a web server may answer."""

    protocol_version = "HTTP/1.1"
    let_go = threading.Event()

    def do_GET(self) -> None:
        page = self.path.partition("?")[0].strip("/")
        self.close_connection = True
        answers = {"flows.csv": self.whole, "chunked": self.chunked, "broken": self.broken, "until-end": self.until_end}
        answers |= {"short": self.short, "slow": self.slow, "large": self.large, "donn%C3%A9es%20.csv": self.whole}
        if page in answers:
            answers[page]()
        elif page in REDIRECTS:
            self.head(302, Location=REDIRECTS[page], Content_Length="0")
        else:
            self.send_error(404)

    def head(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self) -> None:
        self.head(Content_Length=str(len(CONTENT)))
        self.wfile.write(CONTENT)

    def until_end(self) -> None:
        self.head(Connection="close")
        self.wfile.write(CONTENT)

    def chunked(self) -> None:
        self.head(Transfer_Encoding="chunked")
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT))

    def broken(self) -> None:
        self.head(Transfer_Encoding="chunked")
        self.wfile.write(b"%x\r\n%s" % (len(CONTENT) + 1, CONTENT))

    def short(self) -> None:
        self.head(Content_Length="1234567")
        self.wfile.write(CONTENT)

    def large(self) -> None:
        self.head(Content_Length=str(LARGE))
        for _ in range(LARGE // MIB):
            self.wfile.write(bytes(MIB))

    def slow(self) -> None:
        self.head(Content_Length=str(len(CONTENT)))
        self.let_go.wait(10)

    def log_message(self, *_: object) -> None:
        pass


REDIRECTS: dict[str, str] = {
    "moved": "/flows.csv",
    "ftp": "ftp://192.0.2.1/flows.csv",
    "disk": "file:///etc/hostname",
    "circle": "/circle",
}


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with serving(Pages) as address:
        yield address


@contextmanager
def serving(pages: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), pages)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Pages.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("page", ["flows.csv", "chunked", "until-end", "moved", "flows.csv?token=a/b", "données .csv"])
def test_a_web_file_is_there_whole_and_then_removed(web: str, temporary: Path, page: str) -> None:
    with fetched(WebFile(f"{web}/{page}")) as copy:
        assert copy.read_bytes() == CONTENT
        assert temporary in copy.parents
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("missing", r"^the server answers 404 Not Found$"),
        ("short", r"^the server broke off in the middle; upload it again$"),
        ("broken", r"^the server broke off in the middle; upload it again$"),
        ("ftp", r"^the server leads to an address that is not https://$"),
        ("disk", r"^the server answers 302 Found$"),
        ("circle", r"^the server answers 302 Found$"),
    ],
)
def test_what_the_web_does_not_give_whole_is_unreadable(web: str, temporary: Path, page: str, reason: str) -> None:
    with pytest.raises(FileUnreadable, match=reason), fetched(WebFile(f"{web}/{page}")):
        pass
    assert list(temporary.iterdir()) == []


def test_a_silent_server_is_not_waited_for_long(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_files, "TIMEOUT_SECONDS", 0.1)
    reason = r"^the server was silent for 0\.1 s; upload it again later$"
    with pytest.raises(FileUnreadable, match=reason), fetched(WebFile(f"{web}/slow")):
        pass


def test_a_server_that_is_not_there_is_unreadable() -> None:
    address = f"http://127.0.0.1:{free_port()}/flows.csv"
    with pytest.raises(FileUnreadable, match=r"^it cannot be fetched: Connection refused$"), fetched(WebFile(address)):
        pass


def test_an_https_address_is_not_read_without_tls(web: str) -> None:
    address = f"{web}/flows.csv".replace("http", "https")
    with pytest.raises(FileUnreadable, match=r"^it cannot be fetched: [^\n]+$"), fetched(WebFile(address)):
        pass


def test_certificates_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[ssl.SSLContext] = []

    class Watched(HTTPSHandler):
        def __init__(self, context: ssl.SSLContext) -> None:
            contexts.append(context)
            super().__init__(context=context)

    monkeypatch.setattr(web_files, "HTTPSHandler", Watched)
    web_files._opener()
    assert [(context.verify_mode, context.check_hostname) for context in contexts] == [(ssl.CERT_REQUIRED, True)]


def test_a_certificate_that_cannot_be_trusted_is_told() -> None:
    error = ssl.SSLCertVerificationError(1, "self-signed")
    error.verify_message = "self-signed certificate"
    assert web_files._reason(URLError(error)) == "the server's certificate cannot be trusted: self-signed certificate"


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [("https", "https", True), ("https", "http", False), ("http", "https", True), ("http", "http", True)],
)
def test_a_redirect_never_leaves_https(before: str, after: str, followed: bool) -> None:
    def follow() -> Request | None:
        request = Request(f"{before}://192.0.2.1/flows.csv")  # noqa: S310 (nothing is opened)
        return web_files._SafeRedirects().redirect_request(
            request, io.BytesIO(), 302, "", HTTPMessage(), f"{after}://192.0.2.2/flows.csv"
        )

    if followed:
        assert follow() is not None
    else:
        with pytest.raises(FileUnreadable, match="not https://"):
            follow()


def test_no_room_for_the_copy_is_told(web: str, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "gone"))
    with pytest.raises(FileUnreadable) as told, fetched(WebFile(f"{web}/flows.csv")):
        pass
    expected = f"no temporary file can be written in {temporary / 'gone'} (No such file or directory)"
    assert str(told.value) == f"{expected}; make room, or set TMPDIR"


def test_memory_does_not_grow_with_the_file(web: str) -> None:
    tracemalloc.start()
    try:
        with fetched(WebFile(f"{web}/large")) as copy:
            assert copy.stat().st_size == LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


def test_a_web_file_is_sent_as_a_local_one_is(web: str) -> None:
    bucket = unique("web")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    told: list[int] = []
    address = f"{web}/flows.csv"
    assert send(s3, bucket, web_name(address), WebFile(address), {}, passed=told.append).new
    assert not send(s3, bucket, web_name(address), WebFile(address), {}).new
    assert s3.get_object(Bucket=bucket, Key="flows.csv")["Body"].read() == CONTENT
    assert sum(told) == len(CONTENT)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://192.0.2.1/a/flows.csv", "flows.csv"),
        ("https://192.0.2.1/a/flows.csv?x=/y.csv#/z.csv", "flows.csv"),
        ("https://192.0.2.1/a%20b%2B.csv.gz", "a b+.csv.gz"),
        ("https://192.0.2.1/donn%C3%A9es.csv", "données.csv"),
    ],
)
def test_a_web_file_is_called_what_its_address_ends_with(address: str, name: str) -> None:
    assert web_name(address) == name


@pytest.mark.parametrize("end", ["", "/", "/a/", "/..", "/%2E%2E", "/a%2Fb.csv", "/a%5Cb.csv", "/a%0Ab", "/%FF.csv"])
def test_an_address_that_names_no_file_is_refused(end: str) -> None:
    with pytest.raises(InvalidValue, match=r"^'[^\n]+' names no file; the address has to end with a file's name$"):
        web_name(f"https://192.0.2.1{end}")


@pytest.mark.parametrize(
    "address",
    [
        *("flows.csv", "ftp://192.0.2.1/flows.csv", "file:///etc/hostname", "https:///flows.csv", "https://[::1/x"),
        *("https://192.0.2.1:0/x", "https://192.0.2.1:x/y", "https://someone:secret@192.0.2.1/x", "s3://bucket/x.csv"),
    ],
)
def test_what_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidValue, match="is no address of a file on the web"):
        WebFile(address)
