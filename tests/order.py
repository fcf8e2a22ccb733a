"""Tests that take longest begin first, so that no process is left with one of them when all others are done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

LONGEST = (
    "tests/simulation/test_schedules.py",
    "tests/cloud/test_end_to_end.py",
    "tests/cloud/test_call_sites.py",
    "tests/cloud/test_bench_parts.py",
    "tests/chaos/test_chaos.py",
    "tests/sameness/test_sanitizers.py",
    "tests/cloudformation/test_least_privilege.py",
    "tests/packaging/test_package.py",
    "tests/cli/test_cloud_demo.py",
    "tests/deployment/test_tutorial.py",
    "tests/deployment/test_update.py",
    "tests/cli/test_cloud_books.py",
    "tests/cloud/test_packages.py",
    "tests/cli/test_tryout.py",
    "tests/cli/test_forget.py",
)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place: each of xdist's processes, which are given a part in a row, begins with its share."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    by_file = [[item for item in items if item.nodeid.startswith(file)] for file in LONGEST]
    others = [item for item in items if not item.nodeid.startswith(LONGEST)]
    ends = [len(others) * (part + 1) // processes for part in range(processes)]
    parts = [
        [item for file in by_file[part::processes] for item in file] + others[begin:end]
        for part, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]
    items[:] = [item for part in parts for item in part]
