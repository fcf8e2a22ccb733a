"""duckdb, with the types declared: what it finds out by itself takes longer, and swaps day and month.

Unused columns are declared text, which is the fastest. `main_upsert` does the whole job of an upload: it reads, groups,
and adds the sums to those of a database file, in one transaction.
"""

import duckdb

from bench.engines.job import Job, given

_SUMS = ("flows", "dur", "dur_sq", "pkt", "pkt_sq")
_ISO = "CASE WHEN date[3] = '/' THEN date[7:10] || '-' || date[4:5] || '-' || date[1:2] ELSE date END"


def main() -> None:
    """Run."""
    job = given()
    table = f"SELECT src, dst, {_ISO} AS day, {', '.join(_SUMS)} FROM ({_grouped(job)}) ORDER BY ALL"  # noqa: S608 (made of constants and a file's own names)
    _connection().execute(f"COPY ({table}) TO {_text(job.out)} (HEADER false, QUOTE '')")


def main_upsert() -> None:
    """Add the file to the database file that the table's name stands for; it is made when it is not there."""
    job = given()
    connection = _connection(job.out)
    columns = ", ".join(f"{name} HUGEINT NOT NULL" for name in _SUMS)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS sums (src VARCHAR, dst VARCHAR, day DATE, {columns}, PRIMARY KEY (src, dst, day))"
    )
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)
    connection.execute(
        f"INSERT INTO sums SELECT src, dst, CAST({_ISO} AS DATE), {', '.join(_SUMS)} FROM ({_grouped(job)})"  # noqa: S608 (of a file's header)
        f" ON CONFLICT DO UPDATE SET {added}"
    )
    connection.close()


def main_dump() -> None:
    """Write what a database file holds as the table of the others."""
    job = given()
    with duckdb.connect(job.path, read_only=True) as connection:
        connection.execute(f"COPY (FROM sums ORDER BY ALL) TO {_text(job.out)} (HEADER false, QUOTE '')")


def _connection(file: str = ":memory:") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(file)
    connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
    return connection


def _grouped(job: Job) -> str:
    # sum() of integers counts in 128 bits; a product of 64 bits that does not fit is an error, never another number.
    source, destination, timestamp, duration, packets = (f"c{place}" for place in job.used)
    odd = job.kind == "odd"
    numbers = {f"c{place}" for place in job.used[3:]} - ({duration, packets} if odd else set())
    columns = [f"c{place}" for place in range(len(job.names))]
    types = ", ".join(f"'{name}': '{'BIGINT' if name in numbers else 'VARCHAR'}'" for name in columns)
    options = [
        "header = true",
        "auto_detect = false",
        "delim = ','",
        "quote = '\"'" if job.kind != "clean" else "quote = ''",
    ]
    options += ["escape = '\"'"] if job.kind != "clean" else []
    options += ["null_padding = true"] if odd else []  # rows cut short lack their last columns
    options += ["compression = 'gzip'"] if job.packed else []
    where = (
        f"WHERE {columns[-1]} IS NOT NULL AND {duration} SIMILAR TO '[0-9]+' AND {packets} SIMILAR TO '[0-9]+'"
        if odd
        else ""
    )
    as_number = "CAST({} AS BIGINT)" if odd else "{}"
    d, p = as_number.format(duration), as_number.format(packets)
    path = "/dev/stdin" if job.piped else job.path
    return (
        f"SELECT {source} AS src, {destination} AS dst, {timestamp}[1:10] AS date, count(*) AS flows, sum({d}) AS dur,"  # noqa: S608 (as above)
        f" sum({d} * {d}) AS dur_sq, sum({p}) AS pkt, sum({p} * {p}) AS pkt_sq"
        f" FROM read_csv({_text(path)}, columns = {{{types}}}, {', '.join(options)}) {where} GROUP BY ALL"
    )


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
