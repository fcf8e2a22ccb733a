"""What hostile input is drawn with: bytes, texts and JSON that are nearly right, and values that are not at all."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

# What parsers trip over: ends, quotes, separators of keys, ways out of a folder, formulas, what moves a cursor.
WORDS: tuple[bytes, ...] = (
    *(b"", b"\0", b"\n", b"\r", b"\r\n", b"\t", b" ", b'"', b'""', b"'", b",", b";", b"#", b"%", b"%2F", b"%00", b"+"),
    *(b"=", b"-", b"@", b"=1+1", b"\x1b[31m", b"\x07", b"\x7f", b"\xc2\x9b", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b"..", b"../", b"/", b"//", b"\\", b"/etc/passwd", b"a" * 300, b"9" * 30, b"0" * 60, b"-1", b"1e400", b"NaN"),
    *(
        "\u202e".encode(),
        "\u2028".encode(),
        "\uff11".encode(),
        "٣".encode(),
        "İ".encode(),
        b"null",
        b"true",
        b"{}",
        b"[]",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, 1e308, float("nan"), float("inf")),
    *(
        "",
        " ",
        "\0",
        "\n",
        "#",
        "a#b",
        "..",
        "../x",
        "/",
        "\\",
        "%2e%2e",
        "=1+1",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "\uff11",
    ),
    *("x" * 70, "x" * 2000, [], [[]], [0], [1, 2], [0, 0, 0], ["a", "b"], {}, {"a": 1}, [[[[[]]]]]),
)
_MOST = 1 << 14


def one_line(said: object) -> None:
    """Fail for what is said in more than a line, at length, or so that a terminal would obey it."""
    text = str(said)
    assert not text or text.isprintable(), ascii(text)
    assert len(text) < 2000, text[:200]


def mutated(random: Random, given: bytes, words: Sequence[bytes] = WORDS) -> bytes:
    """Return bytes after a few changes of any kind, of no more than some 16 KiB."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
        at = random.randrange(len(given) + 1)
        to = min(len(given), at + random.choice((0, 1, 1, 2, 8, 64)))
        kind = random.randrange(7)
        if kind == 0:
            given = given[:at] + given[to:]
        elif kind == 1:
            given = given[:at] + random.choice(words) + given[to:]
        elif kind == 2:
            given = given[:at] + given[at:to] * random.choice((2, 3, 50)) + given[to:]
        elif kind == 3:
            given = given[:at] + bytes((random.randrange(256),)) + given[at + 1 :]
        elif kind == 4:
            given = given[:at] + random.choice(words) + given[at:]
        elif kind == 5:
            other = random.randrange(len(given) + 1)
            given = given[:at] + given[other : other + 40] + given[to:]
        elif random.random() < 0.3:
            given = given[:at]
    return given[:_MOST]


def mutated_text(random: Random, given: str) -> str:
    """Return text after a few changes; it holds no lone surrogates, as no message does."""
    return mutated(random, given.encode("utf-8", "replace")).decode("utf-8", "replace")


def mutated_json(random: Random, given: Any) -> str:
    """Return JSON in which some values, names or signs are others: mostly still JSON."""
    if random.random() < 0.3:
        return mutated_text(random, json.dumps(given))
    changed = deepcopy(given)
    for _ in range(random.choice((0, 1, 1, 2))):
        _change(random, changed)
    text = json.dumps(changed)
    if random.random() < 0.02:
        return _extreme(random, text)
    return text


def _change(random: Random, whole: Any) -> None:
    # Walks down to some value inside, and puts another in its place.
    while isinstance(whole, dict | list) and whole:
        key = random.choice(list(whole) if isinstance(whole, dict) else range(len(whole)))
        inner = whole[key]
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.3:
            _replace(random, whole, key, inner)
            return
        whole = inner


def _replace(random: Random, whole: Any, key: Any, inner: Any) -> None:
    kind = random.random()
    if kind < 0.15:
        del whole[key]
    elif kind < 0.25 and isinstance(whole, dict):
        whole[random.choice(("", "key", "Key", "site", "version", "format"))] = whole.pop(key)
    elif kind < 0.5 and isinstance(inner, str):
        whole[key] = mutated_text(random, inner)
    elif kind < 0.6 and isinstance(inner, int):
        whole[key] = inner + random.choice((-2, -1, 1, 2, 10**6, 10**30))
    else:
        whole[key] = deepcopy(random.choice(VALUES))


def _extreme(random: Random, text: str) -> str:
    kind = random.randrange(5)
    if kind == 0:
        return "[" * 5000 + text
    if kind == 1:
        return '{"a":' * 3000 + text + "}" * 3000
    if kind == 2:
        return text.replace(":", ":" + "9" * 5000, 1)
    if kind == 3:
        return text[:-1] + "," + text[1:]  # every name twice: the last one wins
    return text.encode("utf-16", "replace").decode("utf-8", "replace")
