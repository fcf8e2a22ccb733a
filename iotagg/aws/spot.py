"""Whether this machine is a spot instance that is about to be taken away, as its metadata service says."""

from __future__ import annotations

import os
import urllib.request
from http.client import HTTPException

_ADDRESS = "http://169.254.169.254"
_SECONDS = 1.0
_TOKEN_SECONDS = "60"  # noqa: S105 (for how long a token is valid, not a token)


def is_being_interrupted(address: str = "") -> bool:
    """Say whether there is a notice that this instance is to stop (about two minutes before it does).

    No, too, on a machine that is none of EC2's. `address` is that of the metadata service; without it, the one that
    AWS_EC2_METADATA_SERVICE_ENDPOINT names, or EC2's.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    base = (address or os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _ADDRESS).rstrip("/")
    try:
        token = _ask(f"{base}/latest/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS})
        _ask(f"{base}/latest/meta-data/spot/instance-action", "GET", {"X-aws-ec2-metadata-token": token})
    except (OSError, ValueError, HTTPException):
        return False  # there is no notice (404), or no metadata service
    return True


def _ask(address: str, method: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310 (the metadata service speaks http)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy knows this machine's own service
    with direct.open(request, timeout=_SECONDS) as reply:
        return str(reply.read().decode())
