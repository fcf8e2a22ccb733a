"""python -m tests.sameness.fuzzing --seconds 300: are lines that take new branches read alike?

Coverage-guided: clang compiles the scanner so that a fuzzer (atheris, LLVM's libFuzzer) sees which of its branches an
input takes, and keeps what takes new ones. Each input is read both ways, under the address sanitizer. What was found
stays in build/fuzz; a difference, or a bad access, ends it and is written there.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from iotagg.core.dialect import DayOrder, DurationUnit, ReadingOptions
from tests.sameness.building import SOURCES, build, load
from tests.sameness.cases import Case, case
from tests.sameness.comparing import Reader, both_ways, differences

FOLDER = Path("build/fuzz")
SANITIZED = ("-g", "-O1", "-fsanitize=fuzzer-no-link,address", "-fno-omit-frame-pointer")
_UNITS: tuple[DurationUnit, ...] = ("us", "us", "ms", "s")
_ORDERS: tuple[DayOrder, ...] = ("auto", "auto", "dmy", "mdy")
_USED = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts"
_ROW = b"192.0.2.1,192.0.2.2,2022-04-03 10:00,9,9"
_AROUND = ((0, 0), (0, 3), (3, 1), (20, 20))  # columns before and behind those that are used
_HEADERS = (b"", *(b"a," * before + _USED + b",b" * behind + b"\n" for before, behind in _AROUND))
_ADDRESSES = ("192.0.2.1,", "192.0.2.2,", "::ffff:192.0.2.1", "Src IP,")
_DATES = ("2022-04-03 ", "2022-04-03T", "13/4/2022", "9999999999999999")
_SIGNS = ('"', '""', ',"', '",', ",", ",,,,,,,,,,,,,,,,", r"\x0d", r"\x0a", r"\x00", r"\xff", r"\x09")
_WORDS = (*_ADDRESSES, *_DATES, *_SIGNS, _ROW.decode())
_COPIES = (1, 64, 65, 4096)


def case_of(given: bytes) -> Case:
    """Return the case that an input stands for: its first four bytes choose how it is read, the others are lines."""
    how, size, header, spare = given[:4].ljust(4, b"\0")
    body = given[4:]
    if header & 0x80 and body:
        # Runs as long as overflows need are more than a fuzzer would ever write itself.
        at = spare % len(body)
        body = body[:at] + body[at : at + 1] * _COPIES[header >> 5 & 3] + body[at:]
    return Case(
        name=given.hex(),
        content=_HEADERS[(header & 0x1F) % len(_HEADERS)] + body,
        lines=0,
        options=ReadingOptions(_ORDERS[how & 3], _UNITS[how >> 2 & 3]),
        sizes=(1 + size * size,),
        spare_keys=0 if spare & 1 else 10_000,
    )


def one(readers: tuple[Reader, Reader], given: bytes) -> None:
    """Read an input both ways. Raises AssertionError when they differ."""
    differing, _ = differences(*readers, case_of(given))
    if differing:
        raise AssertionError("\n".join(differing))


def prepare(folder: Path, sources: Path) -> Path:
    """Write what the fuzzer begins with; return the scanner that it watches."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for header, (before, behind) in enumerate(_AROUND, 1):
        for cell in (b"85", b'"x, y"', b"x" * 24):
            row = b"%b," % cell * before + _ROW + b",%b" % cell * behind + b"\n"
            (corpus / f"rows-{header}-{len(cell)}").write_bytes(
                bytes((0, 255, header, 0)) + row * (3 if len(row) < 300 else 2)
            )
    for number in range(500):
        if len(content := case(0, number).content) < 1 << 11:
            (corpus / f"case-{number}").write_bytes(bytes((number % 16, 255, 0, number % 2)) + content)
    words = (word.replace('"', r"\x22") for word in _WORDS)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in words), "utf-8")
    return build(folder, SANITIZED, sources=sources, program="clang")


def main() -> None:
    """Start the fuzzer in a process that has its library before all others; there, run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.sameness.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--sources", type=Path, default=SOURCES, help="of a scanner that has a bug, to see it found")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given, others = parser.parse_known_args()
    if given.inside is not None:
        scanner = load(given.inside)
        readers = both_ways(scanner, stored=False)
        atheris = import_module("atheris")
        atheris.Setup([sys.argv[0], *others], lambda data: one(readers, data))
        atheris.Fuzz()
        return
    found = find_spec("asan_with_fuzzer")
    if found is None or found.origin is None:
        raise SystemExit("the fuzzer is missing: pip install atheris")
    scanner_file = prepare(given.folder, given.sources)
    options = [f"-max_total_time={given.seconds}", "-max_len=2048"]
    options += [f"-dict={given.folder}/words", f"-artifact_prefix={given.folder}/"]
    command = [sys.executable, "-m", "tests.sameness.fuzzing", "--inside", str(scanner_file), *options, *others]
    memory = {"LD_PRELOAD": found.origin, "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    os.execve(sys.executable, [*command, f"{given.folder}/corpus"], os.environ | memory)  # noqa: S606 (it becomes the fuzzer)


if __name__ == "__main__":
    main()
