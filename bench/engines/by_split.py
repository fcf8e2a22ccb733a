"""The bare loop: Python, a split at the first commas, a dictionary. It knows no quotes and no odd lines."""

from bench.engines.job import given, iso, write


def main() -> None:
    """Run."""
    job = given()
    source, destination, timestamp, duration, packets = job.used
    splits = max(job.used) + 1
    groups: dict[tuple[bytes, bytes, bytes], list[int]] = {}
    with job.stream() as lines:
        next(lines)
        for line in lines:
            row = line.split(b",", splits)
            key = (row[source], row[destination], row[timestamp][:10])
            long, count = int(row[duration]), int(row[packets])
            sums = groups.get(key)
            if sums is None:
                groups[key] = [1, long, long * long, count, count * count]
            else:
                sums[0] += 1
                sums[1] += long
                sums[2] += long * long
                sums[3] += count
                sums[4] += count * count
    write(
        job,
        [
            f"{src.decode()},{dst.decode()},{iso(date.decode())},{sums[0]},{sums[1]},{sums[2]},{sums[3]},{sums[4]}\n"
            for (src, dst, date), sums in groups.items()
        ],
    )
