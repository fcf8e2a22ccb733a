"""What the tests of the sweep share: when it looks at once, and that there is nothing left for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.jobs.sweep import Swept, sweep

if TYPE_CHECKING:
    from tests.cloud.desk import Desk

AT_ONCE = -60  # a grace that has passed whatever the engine's clock shows


def all_done(desk: Desk) -> None:
    """Assert that a sweep finds nothing to do, and that nothing waits."""
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept()
    assert (desk.events(), desk.chunk_messages(), desk.left_pending()) == ([], [], [])
