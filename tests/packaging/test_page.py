"""The package of the page's function: whatever its distributions want is in it, or beside it on Lambda."""

from __future__ import annotations

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement

from iotagg.packaging.package import PAGE, PAGE_COMPILED, SDK

FOR_BUILDING = {"pycparser"}  # cffi wants it where it compiles, which is not there


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", [*PAGE, *PAGE_COMPILED])
def test_a_distribution_has_beside_it_what_it_wants(name: str) -> None:
    wanted = map(Requirement, distribution(name).requires or ())
    names = {normal(each.name) for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})}
    assert names - FOR_BUILDING <= {normal(each) for each in (*PAGE, *PAGE_COMPILED, *SDK)}
