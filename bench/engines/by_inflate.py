"""Decompression and nothing else, with the fastest library that is installed: what gzip content costs at least."""

from bench.engines.job import BLOCK, given


def main() -> None:
    """Run."""
    with given().stream() as content:
        while content.read(BLOCK):
            pass
