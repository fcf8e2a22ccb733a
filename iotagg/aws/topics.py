"""A topic of SNS, to which messages for people are published."""

from __future__ import annotations

from iotagg.aws.clients import client
from iotagg.aws.problems import explained

MOST_SUBJECT = 100
"""Characters of a subject, all of them ASCII: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""

MOST_BYTES = 262_144
"""Of a message in UTF-8; as above."""

_CUT = "\n… and more; iotagg anomalies tells all of it\n"


class Topic:
    """A topic, by its ARN. Methods raise CloudError."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self._sns = client("sns")

    def publish(self, subject: str, text: str) -> None:
        """Send a message to all who have subscribed; what is too long is cut."""
        with explained(f"topic {self.arn}"):
            self._sns.publish(TopicArn=self.arn, Subject=short_subject(subject), Message=cut(text))


def short_subject(text: str) -> str:
    """Return a subject that SNS takes: one line of ASCII, not too long, which begins with a letter or a digit."""
    line = " ".join(text.encode("ascii", "replace").decode().split())
    line = "".join(char for char in line if char.isprintable()) or "iotagg"
    line = line if line[0].isalnum() else f"iotagg {line}"
    return line if len(line) <= MOST_SUBJECT else f"{line[: MOST_SUBJECT - 3].rstrip()}..."


def cut(text: str) -> str:
    """Return a text that SNS takes: all of it, or as many of its lines as there is room for, and that there is more."""
    if len(text.encode()) <= MOST_BYTES:
        return text
    room = MOST_BYTES - len(_CUT.encode())
    begin = text.encode()[:room].decode(errors="ignore")
    return (begin.rpartition("\n")[0] or begin) + _CUT
