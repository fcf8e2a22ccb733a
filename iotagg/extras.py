"""What is installed on demand only, and what is said where it is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotagg.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEB = frozenset(("chartkick", "fastapi", "pydantic", "starlette", "uvicorn"))
_AWS = frozenset(("boto3", "botocore", "pynamodb", "s3transfer", "tenacity", "urllib3", "yaml"))


@contextmanager
def aws_extra() -> Iterator[None]:
    """Import inside what needs the extra `aws`. Raises MissingExtra where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _AWS:
            raise
        raise MissingExtra("working with AWS needs boto3 and pynamodb: pip install 'iotagg[aws]'") from None


@contextmanager
def web_extra() -> Iterator[None]:
    """Import inside what needs the extra `web`. Raises MissingExtra where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _WEB:
            raise
        raise MissingExtra("serving over HTTP needs fastapi and uvicorn: pip install 'iotagg[web]'") from None
