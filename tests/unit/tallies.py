"""Both ways of adding up rows: a module that imports the fixture has its tests run with each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from iotagg.core.native import compiled_scanner

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module", params=["compiled", "pure"])
def each_tally(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "compiled" and compiled_scanner() is None:
        pytest.skip("the scanner is not compiled here")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "pure":
            patch.setitem(sys.modules, "iotagg.core._scanner", None)
        yield
