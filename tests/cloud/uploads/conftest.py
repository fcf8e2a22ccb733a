"""A bucket, and files to send there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.aws import uploads
from tests.cloud.uploads.bucket import THREE_PARTS, Bucket, content_of, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bucket(aws: str) -> Bucket:
    return Bucket()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PAUSE_SECONDS", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "flows.csv", b"Src IP,Dst IP\n")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return written(tmp_path / "large.csv", content_of(THREE_PARTS))
