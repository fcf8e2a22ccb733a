"""The tutorial of deploying: its sessions, on an engine that runs the functions too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from docs.sessions import ON_AN_ENGINE, differences
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("page", sorted(ON_AN_ENGINE))
def test_the_sessions_print_what_the_page_shows(page: str, tmp_path: Path) -> None:
    place = {"IOTAGG_STACK": "", "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
    for step, printed in differences(ROOT / "docs" / page, tmp_path, place):
        expected = "\n".join(step.expected)
        pytest.fail(f"{page}:{step.line}: {step.command}\nprints\n{printed}\ninstead of\n{expected}")
