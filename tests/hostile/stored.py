"""What was stored and is read back: somebody, or a failing disk, may have changed it."""

from __future__ import annotations

import json
import zlib
from contextlib import closing
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from iotagg.core.contribution import Head, chunk_ranges, cut, head_of, read_chunk
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import read_flows
from iotagg.core.metrics import FLOWS
from iotagg.core.rejects import MAX_TEXT, RejectLog, pack, read_rejects
from iotagg.errors import Damaged, IotaggError
from iotagg.export import DAILY_COLUMNS, all_histories, daily_rows, write_rows
from iotagg.listing import files, status
from iotagg.moving import copied
from iotagg.pipeline import Request, upload
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.hostile.drawing import WORDS, mutated, mutated_json, one_line
from tests.hostile.reading import ROW, USED

if TYPE_CHECKING:
    from random import Random

    from iotagg.core.contribution import Contribution

_ROWS = [ROW, b"torn", *(b"192.0.2.%d,2001:db8::%x,2022-%d-03,7,8" % (at, at, 1 + at % 12) for at in range(120))]
_CONTENT = USED + b"\n" + b"\n".join(_ROWS) + b"\n"
_PLACES = ("192.0.2.1", "2001:db8::1", "2022-04", '"flows":1', '"f03":1', "192.0.2", "}", "{", ":", ",", "\n", '"')


@cache
def _contribution() -> Contribution:
    return cut(read_flows(BytesIO(_CONTENT)), "paris", ReadingOptions())


@cache
def _stored() -> tuple[bytes, list[str]]:
    whole = _contribution()
    return whole.stored(), [zlib.decompress(member, 31).decode() for member in whole.members]


def read_contribution(random: Random) -> None:
    """Read a contribution whose bytes, or whose text, are others than those that were stored."""
    random.choice((_changed_bytes, _changed_head, _changed_chunk))(random)


def _changed_bytes(random: Random) -> None:
    given = mutated(random, _stored()[0])
    try:
        head, start = head_of(given)
        begin, end = random.choice(chunk_ranges(head, start))
        read_chunk(given[begin:end])
    except Damaged as reason:
        one_line(reason)
    except ValueError as more:
        if "is longer than the" not in str(more):  # then more of it is asked for
            raise


def _changed_head(random: Random) -> None:
    text = mutated_json(random, _contribution().head.as_json())
    try:
        head, _ = head_of(pack(text.encode("utf-8", "replace"), 1))
    except (Damaged, IotaggError) as reason:
        one_line(reason)
        return
    assert Head.from_json(json.loads(json.dumps(head.as_json()))) == head


def _changed_chunk(random: Random) -> None:
    text = random.choice(_stored()[1])
    for _ in range(random.randrange(3)):
        text = text.replace(
            random.choice(_PLACES), random.choice(WORDS).decode("utf-8", "replace"), random.choice((1, 9))
        )
    member = pack(text.encode(), 1)
    if random.random() < 0.2:
        member = mutated(random, member)
    try:
        rows = read_chunk(member)
        figures = [value for row in rows for value in row.sums.values()]
    except Damaged as reason:
        one_line(reason)
        return
    assert all(type(value) is int for value in figures)
    assert not any(set(row.source + row.destination) - set("0123456789abcdef:.") for row in rows)


def read_stored_rejects(random: Random) -> None:
    """Rejected lines come back as they were kept, or what keeps them is said to be damaged."""
    log = RejectLog(BytesIO)
    kept = [mutated(random, random.choice(WORDS)) for _ in range(random.randrange(4))]
    for number, text in enumerate(kept, 1):
        log.add(number, "torn", text)
    found = list(log)
    assert [reject.line for reject in found] == list(range(1, len(kept) + 1))
    assert [reject.text for reject in found] == [text[:MAX_TEXT].decode("utf-8", "backslashreplace") for text in kept]
    member = b"".join(log.members())
    if random.random() < 0.5:
        member = pack(mutated(random, zlib.decompress(member, 31) if member else b"{}\n"), 1)
    try:
        for reject in read_rejects(mutated(random, member)):
            assert isinstance(reject.line, int)
            assert isinstance(reject.text, str)
    except Damaged as reason:
        one_line(reason)


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="hostile-stored-")


@cache
def database() -> bytes:
    """Return a database that holds a counted, a refused and a retracted file."""
    folder = Path(_folder().name)
    for name, content in (("a", _CONTENT), ("b", b"no flows\n"), ("c", USED + b"\n" + ROW + b"\n")):
        (folder / f"{name}.csv").write_bytes(content)
    store = SqliteStore(folder / "whole.db")
    for name in "abc":
        upload(store, folder / f"{name}.csv", Request(site="paris"))
    store.seal()
    return (folder / "whole.db").read_bytes()


def damaged(random: Random, whole: bytes) -> bytes:
    """Return a database in which some bytes are others, or some pages are cut off."""
    content = bytearray(whole)
    for _ in range(random.choice((1, 1, 3, 30))):
        at = random.randrange(len(content)) if random.random() < 0.7 else random.randrange(100)
        text = random.choice(WORDS)[:16] or bytes((random.randrange(256),))
        content[at : at + len(text)] = text
    return bytes(content[: random.choice((len(content), len(content), len(content), 4096 * random.randrange(12)))])


def read_database(random: Random) -> None:
    """Ask a damaged database everything: answers, or one line that says that it is damaged."""
    file = Path(_folder().name, "damaged.db")
    for beside in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    file.write_bytes(damaged(random, database()))
    try:
        with closing(SqliteStore(file, create=False)) as store:
            _ask(store, random)
    except IotaggError as reason:
        one_line(reason)


def _ask(store: SqliteStore, random: Random) -> None:
    kind = random.randrange(5)
    if kind == 0:
        assert status(store).flows >= 0
    elif kind == 1:
        for outcome in files(store):
            outcome.as_json()
    elif kind == 2:
        from io import StringIO  # noqa: PLC0415 (few need it)

        out = StringIO()
        write_rows((row for pair in all_histories(store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
        assert not any(line[:1] in set("=+-@\t\r") for line in out.getvalue().splitlines())
    elif kind == 3:
        for site in store.sites():
            for record in store.files(site):
                assert record.head.totals[FLOWS] >= 0
                assert list(store.chunks(record.name, range(record.head.chunks))) is not None
                assert list(store.rejects(record.name)) is not None
    else:
        for outcome in copied(store, MemoryStore()):
            outcome.as_json()
