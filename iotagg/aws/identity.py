"""Who it is that AWS takes this process for."""

from __future__ import annotations

from iotagg.aws.clients import client
from iotagg.aws.problems import explained


def caller() -> str:
    """Return the ARN of the user or role whose credentials are used. Raises NotSignedIn and CloudError."""
    with explained("who is signed in"):
        return str(client("sts").get_caller_identity()["Arn"])
