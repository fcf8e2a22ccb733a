"""pandas: its C reader in pieces, each grouped; squares are summed in two halves, whose sums fit 64 bits."""

import pandas as pd

from bench.engines.job import Job, given, iso, write

_PIECE_ROWS = 200_000
_HALF = 32
_KEYS = ["src", "dst", "date"]
_SUMS = ["flows", "d", "d_low", "d_high", "p", "p_low", "p_high"]


def main() -> None:
    """Run."""
    job = given()
    parts = [_summed(job, piece) for piece in _pieces(job)]
    whole = pd.concat(parts).groupby(level=_KEYS, sort=False).sum() if len(parts) > 1 else parts[0]
    rows = zip(whole.index.tolist(), *(whole[name].tolist() for name in _SUMS), strict=True)
    write(
        job,
        [
            f"{src},{dst},{iso(date)},{flows},{d},{(d_high << _HALF) + d_low},{p},{(p_high << _HALF) + p_low}\n"
            for (src, dst, date), flows, d, d_low, d_high, p, p_low, p_high in rows
        ],
    )


def _pieces(job: Job):  # type: ignore[no-untyped-def]  # noqa: ANN202 (its types come from the library)
    odd = job.kind == "odd"
    source, destination, timestamp, duration, packets = job.used_names
    number = "str" if odd else "int64"
    last = [job.names[-1]] if odd else []  # which rows cut short lack
    with job.stream() as stream:
        yield from pd.read_csv(
            stream,
            usecols=[*job.used_names, *last],
            dtype={source: "str", destination: "str", timestamp: "str", duration: number, packets: number},
            quoting=3 if job.kind == "clean" else 0,
            chunksize=_PIECE_ROWS,
            engine="c",
            keep_default_na=False,
            na_values=[""] if odd else [],
        )


def _summed(job: Job, rows: pd.DataFrame) -> pd.DataFrame:
    names = job.used_names
    if job.kind == "odd":
        rows = rows[rows[job.names[-1]].notna()]
        for name in names[3:]:
            rows = rows[rows[name].str.fullmatch("[0-9]+", na=False)]
    table = {"src": rows[names[0]], "dst": rows[names[1]], "date": rows[names[2]].str[:10], "flows": 1}
    for short, name in (("d", names[3]), ("p", names[4])):
        number = rows[name].to_numpy(dtype="int64")
        square = number * number
        table |= {short: number, f"{short}_low": square & ((1 << _HALF) - 1), f"{short}_high": square >> _HALF}
    return pd.DataFrame(table).groupby(_KEYS, sort=False)[_SUMS].sum()
