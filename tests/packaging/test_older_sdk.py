"""Lambda's runtimes bring a boto3 of their own choice, which is older than the one that the tests run with."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What botocore got after 1.35.2, the first that puts an object on the condition that there is none (IfNoneMatch).
LATER = [
    "InvalidChecksumConfigError",
    "LoginAuthorizationCodeError",
    "LoginError",
    "LoginInsufficientPermissions",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
    "UnknownTokenProviderError",
    "UnsupportedServiceProtocolsError",
]
WITHOUT = """
import botocore.exceptions, sys
from importlib import import_module
import boto3, pynamodb.models
for name in sys.argv[2:]:
    vars(botocore.exceptions).pop(name, None)
import_module(sys.argv[1])
"""


@pytest.mark.parametrize("handler", ["summarize", "consolidate", "sweep", "digest"])
def test_the_handlers_start_without_what_came_later(handler: str) -> None:
    command = [sys.executable, "-c", WITHOUT, f"lambda_handlers.{handler}", *LATER]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
