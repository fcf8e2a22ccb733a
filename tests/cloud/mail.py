"""A stand-in for SNS on the loopback: it takes what is published, and may refuse some of it first."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:sns:eu-west-1:123456789012:digest"
_DONE = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


@dataclass
class Mail:
    """What was published: subject and text of each message. The next `refuse` requests are refused with 403."""

    endpoint: str = ""
    refuse: int = 0
    sent: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def mail_service() -> Iterator[Mail]:
    """Run the service."""
    mail = Mail()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            refused = mail.refuse > 0
            mail.refuse -= refused
            if not refused:
                assert asked["TopicArn"] == [ARN]
                mail.sent.append((asked["Subject"][0], asked["Message"][0]))
            answer = (
                b"<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>" if refused else _DONE
            )
            self.send_response(403 if refused else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        mail.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()
