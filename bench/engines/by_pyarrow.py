"""pyarrow: its CSV reader on all cores, then a group-by; squares are summed in two halves, whose sums fit 64 bits.

A file is read whole, a stream in batches. pandas, which pyarrow would import when it is installed, is kept out.
"""

import sys


class _NoPandas:
    # Says of pandas that it is not there, before anybody looks.
    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


sys.meta_path.insert(0, _NoPandas())

import pyarrow as pa  # noqa: E402 (after what it shall not find)
import pyarrow.compute as pc  # noqa: E402
from pyarrow import csv  # noqa: E402

from bench.engines.job import Job, given, iso, write  # noqa: E402

_BATCH = 4 << 20
_HALF = 32
_KEYS = ["src", "dst", "date"]
_SUMS = ["d", "d_low", "d_high", "p", "p_low", "p_high"]


def main() -> None:
    """Run."""
    job = given()
    whole = _summed(job, _read(job)) if not job.piped else _merged([_summed(job, batch) for batch in _batches(job)])
    rows = zip(*(whole.column(name).to_pylist() for name in (*_KEYS, "flows", *_SUMS)), strict=True)
    write(
        job,
        [
            f"{src},{dst},{iso(date)},{flows},{d},{(d_high << _HALF) + d_low},{p},{(p_high << _HALF) + p_low}\n"
            for src, dst, date, flows, d, d_low, d_high, p, p_low, p_high in rows
        ],
    )


def _read(job: Job) -> pa.Table:
    source = pa.input_stream(job.path, compression="gzip" if job.packed else None)
    return csv.read_csv(source, _read_options(), _parse_options(job), _convert_options(job))


def _batches(job: Job):  # type: ignore[no-untyped-def]  # noqa: ANN202 (its types come from the library)
    source = pa.PythonFile(sys.stdin.buffer, "r")
    if job.packed:
        source = pa.CompressedInputStream(source, "gzip")
    options = _read_options()
    options.block_size = _BATCH
    for batch in csv.open_csv(source, options, _parse_options(job), _convert_options(job)):
        yield pa.Table.from_batches([batch])


def _read_options() -> csv.ReadOptions:
    return csv.ReadOptions(use_threads=True)


def _parse_options(job: Job) -> csv.ParseOptions:
    skip = {"invalid_row_handler": lambda _: "skip"} if job.kind == "odd" else {}
    return csv.ParseOptions(quote_char=False if job.kind == "clean" else '"', **skip)


def _convert_options(job: Job) -> csv.ConvertOptions:
    number = pa.string() if job.kind == "odd" else pa.int64()
    types = dict(zip(job.used_names, (pa.string(), pa.string(), pa.string(), number, number), strict=True))
    return csv.ConvertOptions(column_types=types, include_columns=job.used_names)


def _summed(job: Job, rows: pa.Table) -> pa.Table:
    if job.kind == "odd":
        for name in job.used_names[3:]:
            rows = rows.filter(pc.match_substring_regex(rows[name], "^[0-9]+$"))
    src, dst, timestamp, duration, packets = (rows[name] for name in job.used_names)
    columns = [src, dst, pc.utf8_slice_codeunits(timestamp, 0, 10)]
    low, high = pa.scalar((1 << _HALF) - 1), pa.scalar(_HALF, pa.int64())
    for column in (duration, packets):
        number = column.cast(pa.int64())
        square = pc.multiply_checked(number, number)
        columns += [number, pc.bit_wise_and(square, low), pc.shift_right(square, high)]
    table = pa.table(columns, [*_KEYS, *_SUMS])
    grouped = table.group_by(_KEYS).aggregate([*((name, "sum") for name in _SUMS), ([], "count_all")])
    return grouped.rename_columns(
        [{"count_all": "flows"}.get(name, name.removesuffix("_sum")) for name in grouped.column_names]
    )


def _merged(parts: list[pa.Table]) -> pa.Table:
    names = ["flows", *_SUMS]
    grouped = pa.concat_tables(parts).group_by(_KEYS).aggregate([(name, "sum") for name in names])
    return grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names])
