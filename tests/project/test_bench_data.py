from __future__ import annotations

import gzip
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from bench.flow_data import KINDS, Lines, flow_blocks, flow_file
from iotagg.core.flows import read_flows

if TYPE_CHECKING:
    from pathlib import Path

    from bench.flow_data import Kind

NETWORKS = [ip_network(text) for text in ("192.168.0.0/16", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


@pytest.mark.parametrize("kind", KINDS)
def test_generated_files_are_the_same_every_time_and_what_they_say_they_are(kind: Kind, tmp_path: Path) -> None:
    made = flow_file(tmp_path, 1, kind)
    again = Lines()
    assert made.path.read_bytes() == b"".join(flow_blocks(1_000_000, kind, again))
    assert again == made.lines == flow_file(tmp_path, 1, kind).lines
    with made.path.open("rb") as stream:
        totals = read_flows(stream)
    found = Lines(totals.length, totals.lines.headers, totals.lines.blank, totals.lines.counted, totals.lines.rejected)
    assert found == made.lines
    assert 1_000_000 <= found.bytes < 1_001_000
    assert (found.blank > 0) == (found.rejected > 0) == (kind == "odd")
    assert (b'"' in made.path.read_bytes()) == (kind != "clean")


def test_other_seeds_make_other_files() -> None:
    one, other = (b"".join(flow_blocks(100_000, "clean", Lines(), seed)) for seed in (1, 2))
    assert one != other


def test_packed_files_hold_the_same(tmp_path: Path) -> None:
    packed = flow_file(tmp_path, 1, packed=True)
    assert gzip.decompress(packed.path.read_bytes()) == flow_file(tmp_path, 1).path.read_bytes()
    assert packed.lines == flow_file(tmp_path, 1).lines


def test_addresses_are_nobodys_and_days_two(tmp_path: Path) -> None:
    with flow_file(tmp_path, 1).path.open("rb") as stream:
        days = read_flows(stream).days
    addresses = {ip_address(text) for source, destination, _ in days for text in (source, destination)}
    assert [address for address in addresses if not any(address in network for network in NETWORKS)] == []
    assert {day for _, _, day in days} == {"2022-12-05", "2022-12-06"}
