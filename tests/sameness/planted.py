"""Bugs that a scanner might have: for each, what is replaced in which of its sources.

Many a mistake only makes the scanner stop more often, and whoever judges then says the right thing: such a bug costs
time, never a sum. Those here are of the other kind, or stop at lines that even Python alone adds up unseen.
"""

# ruff: noqa: E501 (what is replaced stands as it is in the source)

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.sameness.building import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

Edits = tuple[tuple[str, str, str], ...]

BUGS: dict[str, Edits] = {
    "a quote behind the used fields goes unseen": (
        ("scan.c", "shape->quoted |= (places64(&block, '\"') & inside) != 0;", ";"),
    ),
    "a quote beyond the first 64 bytes goes unseen": (
        (
            "scan.c",
            "shape.quoted |= (places64(&block, '\"') & inside) != 0;",
            "shape.quoted |= at == from && (places64(&block, '\"') & inside) != 0;",
        ),
    ),
    "a quote in the last byte of 64 goes unseen": (
        (
            "scan.c",
            "shape.quoted |= (places64(&block, '\"') & inside) != 0;",
            "shape.quoted |= (places64(&block, '\"') & inside & ~0ull >> 1) != 0;",
        ),
    ),
    "a comma in the last byte of 64 is not counted": (
        (
            "scan.c",
            "uint64_t commas = places64(&block, ',') & inside;",
            "uint64_t commas = places64(&block, ',') & inside & ~0ull >> 1;",
        ),
    ),
    "a line feed in the last byte of 64 goes unseen": (
        (
            "scan.c",
            "const uint64_t ends = places64(&block, '\\n'), inside = below_lowest(ends);\n        uint64_t",
            "const uint64_t ends = places64(&block, '\\n') & ~0ull >> (text.length - at > BLOCK), inside = below_lowest(ends);\n        uint64_t",
        ),
    ),
    "commas beyond the line's end are counted": (
        (
            "scan.c",
            "shape->commas += ones64(places64(&block, ',') & inside);",
            "shape->commas += ones64(places64(&block, ','));",
        ),
    ),
    "a count of commas overflows its byte": (("scan.c", "TALLIED_BLOCKS = 63,", "TALLIED_BLOCKS = 64,"),),
    "a count of commas overflows its byte four times": (("scan.c", "TALLIED_BLOCKS = 63,", "TALLIED_BLOCKS = 255,"),),
    "fields are counted in 16 bits": (
        (
            "scan.c",
            "split_quoted(s, line) : shape.commas + 1;",
            "split_quoted(s, line) : (uint16_t)(shape.commas + 1);",
        ),
    ),
    "one field more is not allowed": (("scan.c", " && fields != width + 1) ||", ") ||"),),
    "one field less is allowed": (
        ("scan.c", "(fields != width && fields != width + 1)", "(fields + 1 < width || fields > width + 1)"),
    ),
    "the last line is dropped where it has no line feed": (
        (
            "scan.c",
            "    while (from < text.length) {",
            "    while (from < text.length && memchr(text.at + from, '\\n', text.length - from) != NULL) {",
        ),
    ),
    "other bytes than CRs are stripped from a line with quotes": (
        ("scan.c", "end[-1] == '\\r'", "(uint8_t)end[-1] <= ' '"),
    ),
    "a quoted field may end anywhere": (
        (
            "scan.c",
            "if (at < end && *at != ',')\n                return 0;",
            "while (at < end && *at != ',')\n                at++;",
        ),
    ),
    "a quoted field may go on to the line's end": (
        (
            "scan.c",
            "            if (at == NULL)\n                return 0;",
            "            if (at == NULL)\n                at = end - 1;",
        ),
    ),
    "a number may have 17 digits": (("scan.c", "cell.length > digits)", "cell.length > digits + 1)"),),
    "no digits are a number": (("scan.c", "cell.length == 0 || cell.length", "cell.length"),),
    "a colon is a digit": (("scan.c", "if (digit > 9)", "if (digit > 10)"),),
    "the scale is not applied": (("scan.c", "numbers[at] *= layout->scale[at];", ";"),),
    "the carry of a sum is lost": (("scan.c", "sums->sum[1] += (uint64_t)(sum >> 64);", ";"),),
    "the carry of the lower half of squares is lost": (("scan.c", " + (uint64_t)(low >> 64);", ";"),),
    "the carry beyond 128 bits of squares is lost": (("scan.c", "sums->squares[2] += (uint64_t)(high >> 64);", ";"),),
    "only the lower half of a square is added": (("scan.c", "(uint128)number * number;", "number * number;"),),
    "a date ends at a Z too": (
        ("module.c", "    layout.width = width;", "    layout.ends_date['Z'] = 1;\n    layout.width = width;"),
    ),
    "a date ends at a blank only": (("module.c", "at < ends.len; at++)", "at < 1 && at < ends.len; at++)"),),
    "keys are told apart by eight bits of their hash": (
        (
            "scan.c",
            "(s->slots[at].hash != hash || !is_key(s, &s->slots[at], parts))",
            "s->slots[at].hash >> 56 != hash >> 56",
        ),
    ),
    "keys are the same whose bytes are, wherever they are cut": (
        (
            "scan.c",
            "    uint64_t hash = s->seed;\n    for (int part = 0; part < SCAN_KEY_PARTS; part++)\n        hash = hash_part(hash, parts[part]);",
            "    uint64_t hash = s->seed;\n    for (int part = 0; part < SCAN_KEY_PARTS; part++)\n        for (size_t at = 0; at < parts[part].length; at++)\n            hash = hash * 31 + (uint8_t)parts[part].at[at];",
        ),
        ("scan.c", "key->length[part] != parts[part].length || ", ""),
    ),
    "the date is no part of the key": (
        (
            "scan.c",
            "parts[SCAN_KEY_PARTS - 1].length = date_length(layout, parts[SCAN_KEY_PARTS - 1]);",
            "parts[SCAN_KEY_PARTS - 1].length = 0;",
        ),
        (
            "scan.c",
            "    const uint64_t hash = hash_key(s, parts);\n    known_key",
            "    scan_text p[SCAN_KEY_PARTS] = {parts[0], parts[1], {parts[2].at, 0}};\n    parts = p;\n    const uint64_t hash = hash_key(s, parts);\n    known_key",
        ),
    ),
    "groups are numbered in 16 bits": (("scan.c", "    key->group = group;\n", "    key->group = (uint16_t)group;\n"),),
    "a key that is learned again stays in its group": (
        ("scan.c", "    key->group = group;\n", "    if (key->group == NO_GROUP)\n        key->group = group;\n"),
    ),
    "a table that grows loses its last keys": (
        ("scan.c", "from < s->slot_count; from++", "from + 9 < s->slot_count; from++"),
    ),
    "a table that grows puts keys over others": (
        ("scan.c", "        while (slots[to].group != NO_GROUP)\n            to = (to + 1) & (count - 1);\n", ""),
    ),
    "forgetting leaves some keys": (
        ("scan.c", "at < s->slot_count; at++)\n        s->slots", "at < s->slot_count / 2; at++)\n        s->slots"),
    ),
    "forgetting leaves every key": (
        ("scan.c", "        s->slots[at].group = NO_GROUP;\n    s->known = 0;", "        ;"),
    ),
    "sums of new groups are not empty": (
        (
            "scan.c",
            "memset(sums + (size_t)s->group_room * s->layout.numbers, 0,",
            "memset(sums + (size_t)s->group_room * s->layout.numbers, 1,",
        ),
    ),
    "the sixteenth byte of each is another one's": (("vector.h", "<< (16 * part)", "<< (15 * part)"),),
}


def plant(bug: str, folder: Path) -> Path:
    """Return the folder of a scanner's sources that have this bug."""
    sources = folder / "scanner"
    shutil.copytree(SOURCES, sources)
    for name, right, wrong in BUGS[bug]:
        text = (sources / name).read_text("utf-8")
        assert text.count(right) == 1, f"{name} has changed: where is {right!r} now?"
        (sources / name).write_text(text.replace(right, wrong), "utf-8")
    return sources
