"""Whether this machine is about to be taken away, as a metadata service on the loopback says."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from iotagg.aws.spot import is_being_interrupted
from tests.cloud.engine import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token"  # noqa: S105 (nobody's)
NOTICE = "/latest/meta-data/spot/instance-action"


class MetadataService(BaseHTTPRequestHandler):
    """As much of EC2's metadata service, version 2, as is asked for; `notices` says what of."""

    notices = True

    def do_PUT(self) -> None:
        is_token = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(TOKEN if is_token else "")

    def do_GET(self) -> None:
        may_ask = self.headers["X-aws-ec2-metadata-token"] == TOKEN
        known = may_ask and self.path == NOTICE and self.notices
        self.answer('{"action": "terminate", "time": "2022-12-01T10:00:00Z"}' if known else "")

    def answer(self, text: str) -> None:
        self.send_response(200 if text else 404)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


class NoNotice(MetadataService):
    notices = False


class Garbage(MetadataService):
    def do_PUT(self) -> None:
        self.wfile.write(b"no HTTP at all\r\n\r\n")


@contextmanager
def serving(service: type[MetadataService]) -> Iterator[str]:
    """Run a metadata service, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _on_an_instance(monkeypatch: pytest.MonkeyPatch, aws: str) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")


@pytest.mark.parametrize(("service", "expected"), [(MetadataService, True), (NoNotice, False), (Garbage, False)])
def test_a_machine_is_being_interrupted_when_its_metadata_service_says_so(
    service: type[MetadataService], expected: bool
) -> None:
    with serving(service) as address:
        assert is_being_interrupted(address) is expected
        assert is_being_interrupted(f"{address}/") is expected


def test_the_environment_names_the_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(MetadataService) as address:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert is_being_interrupted()
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "TRUE")
        assert not is_being_interrupted()


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://[", "no address"])
def test_a_machine_without_a_metadata_service_is_not_being_interrupted(address: str) -> None:
    assert not is_being_interrupted(address.format(port=free_port()))


def test_no_proxy_is_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with serving(MetadataService) as address:
        assert is_being_interrupted(address)
