"""What is stored before something of it is forgotten, and what is to remain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.ranks import rank_of
from tests.pipeline.csvs import HEADER, csv, flow

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store

DEVICE, PEER, OTHER = "192.168.1.7", "192.0.2.1", "192.168.1.8"
NO_WAIT: list[float] = []
A = csv(flow(), flow(OTHER, packets=3), flow(PEER, DEVICE, packets=5), flow(OTHER, day="2022-11-30"))
B = csv(flow(OTHER, "198.51.100.1", packets=7), flow(OTHER, DEVICE, day="2023-01-01"))
ONLY_DEVICE = csv(flow(packets=9))


def without(content: bytes, *devices: str) -> bytes:
    """Return a flow CSV without the rows of some devices."""
    names = [device.encode() for device in devices]
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not any(name in line.split(b",")[:2] for name in names))


def before(content: bytes, month: str) -> bytes:
    """Return a flow CSV without the rows of earlier months; its dates begin with the year."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if line == HEADER or line.split(b",")[2].decode() >= month)


def rank_everything(store: Store) -> None:
    """Rank all pair-months."""
    for site in store.sites():
        for row in store.scan(site):
            assert store.put_rank(site, row, rank_of(row, stands_out=True, steady=True))


def ranked(store: Store, site: str) -> set[str]:
    """Return all addresses that ranks of a site name."""
    months = ("2022-11", "2022-12", "2023-01")
    return {address for month in months for *pair, _ in store.ranks(site, month) for address in pair}
