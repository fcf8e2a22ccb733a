"""A flow CSV, read once as a stream: what flowed between each pair on each day, and what was rejected and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core.content import HashedContent
from iotagg.core.dialect import ReadingOptions
from iotagg.core.lines import ByteStream, blocks, lines
from iotagg.core.native import quickest_tally
from iotagg.core.reader import FlowReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from iotagg.core.judge import LineCounts, PairDay
    from iotagg.core.rejects import RejectLog
    from iotagg.core.tally import NewTally

MAX_PAIR_DAYS = 1_000_000


@dataclass(frozen=True, slots=True)
class FileTotals:
    """What one flow CSV says.

    `content` is the SHA-256 of the decompressed bytes, `length` their number. `days` holds, by source, destination and
    ISO day, the flows and then for each metric the sum and the sum of squares. `day_order` is `dmy` or `mdy`, with
    ` (assumed)` where nothing decided, or empty where no date needed one. `prefixes` holds the SHA-256 of the content's
    beginning for each length that was asked for and reached, `columns` the name of the column found for each role.
    """

    content: str
    length: int
    lines: LineCounts
    day_order: str
    days: dict[PairDay, list[int]]
    rejects: RejectLog
    prefixes: dict[int, str]
    columns: dict[str, str] = field(default_factory=dict)


def read_flows(
    stream: ByteStream,
    options: ReadingOptions | None = None,
    *,
    prefix_lengths: Iterable[int] = (),
    max_pair_days: int = MAX_PAIR_DAYS,
    new_file: Callable[[], BinaryIO] = BytesIO,
    new_tally: NewTally = quickest_tally,
) -> FileTotals:
    """Read a flow CSV, plain or gzip, from its first byte to its last.

    Memory grows with the distinct pairs and days, up to `max_pair_days`; rejected lines go to files that `new_file`
    opens. Raises FileRefused for what is no flow CSV, for damaged gzip, and beyond the cap.
    """
    content = HashedContent(blocks(stream), prefix_lengths)
    reader = FlowReader(options or ReadingOptions(), max_pair_days, new_file, new_tally=new_tally)
    for batch in lines(content):
        reader.read(batch)
    columns = reader.columns()
    days, lines_read, rejects = reader.finish()
    return FileTotals(
        content=content.digest(),
        length=content.length,
        lines=lines_read,
        day_order=reader.day_order(),
        days=days,
        rejects=rejects,
        prefixes=content.prefixes,
        columns=columns,
    )
