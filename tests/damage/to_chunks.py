"""Damage to the rows of a chunk: edited, doubled, split, lost, or in another place, alone or with the sums."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from tests.damage.kept import bytes_of, edited
from tests.damage.kinds import damage
from tests.damage.scene import (
    Kept,
    Named,
    OfFile,
    OfPair,
    Scene,
    days_of,
    figures_of,
    key_of,
    packed_chunk,
    packed_head,
)

if TYPE_CHECKING:
    from tests.damage.raw import File


def _added(row: dict[str, Any], **changes: int) -> None:
    for figure, value in changes.items():
        row[figure] = row.get(figure, 0) + value


@damage
def a_chunk_edited(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    _added(row, **{"d" + days_of(row)[0]: 1, "dur": 1})
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_chunk_edited_in_bytes_alone(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, begin = bytes_of(scene, name)
    number = scene.chance.randrange(len(scene.kept[name].chunks))
    members = [packed_chunk(chunk) for chunk in _with_one_more(scene, name, number).chunks]
    scene.raw.put_stored(name, stored[:begin] + b"".join(members))
    return [OfFile(name)]


def _with_one_more(scene: Scene, name: File, number: int) -> Kept:
    kept = edited(scene, name)
    _added(kept.chunks[number][0], dur=1)
    return kept


@damage
def two_rows_of_a_file_edited_so_that_its_totals_hold(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.keys_of(name)) > 1)
    kept = edited(scene, name)
    one, other = scene.chance.sample([row for chunk in kept.chunks for row in chunk], 2)
    _added(one, **{"d" + days_of(one)[0]: 1, "dur": 1})
    _added(other, **{"d" + days_of(other)[0]: -1, "dur": -1})
    scene.put_kept(name, kept)
    return [OfPair(key_of(name, one)), OfPair(key_of(name, other))]


@damage
def a_square_of_a_chunk_edited(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    _added(row, pkt_sq=2)
    scene.put_kept(name, kept)
    return [OfPair(key_of(name, row))]


@damage
def a_day_edited_alike_in_a_chunk_and_in_the_sums(scene: Scene) -> list[Named]:
    # Its month's running total says otherwise, in both.
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    changes = {scene.chance.choice("fdp") + days_of(row)[0]: 1}
    _added(row, **changes)
    scene.put_kept(name, kept)
    scene.add(key_of(name, row), changes)
    return [OfFile(name)]


@damage
def a_figure_edited_alike_in_a_chunk_and_in_the_sums(scene: Scene) -> list[Named]:
    # The totals in the head say otherwise.
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    changes = {"d" + days_of(row)[0]: 1, "dur": 1, "dur_sq": 1}
    _added(row, **changes)
    scene.put_kept(name, kept)
    scene.add(key_of(name, row), changes)
    return [OfFile(name)]


@damage
def a_day_moved_alike_in_a_chunk_and_in_the_sums(scene: Scene) -> list[Named]:
    # To a day that is beyond the file's last one, as its head says.
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    day = days_of(row)[0]
    changes: dict[str, int] = {}
    for letter in "fdp":
        value = row.pop(letter + day, 0)
        changes |= {f"{letter}{day}": -value, f"{letter}31": value}
        row[f"{letter}31"] = row.get(f"{letter}31", 0) + value
    scene.put_kept(name, kept)
    scene.add(key_of(name, row), changes)
    return [OfFile(name)]


@damage
def a_row_doubled_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    chunk = scene.chance.choice(kept.chunks)
    chunk.insert(0, dict(chunk[0]))
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_row_split_in_two_alike_in_sum(scene: Scene) -> list[Named]:
    # Both halves add up to what it was; a transaction cannot hold one pair's month twice.
    name = scene.file(
        lambda name: (
            scene.is_in(name) and any(len(days_of(row)) > 1 for chunk in scene.kept[name].chunks for row in chunk)
        )
    )
    kept = edited(scene, name)
    chunk, place = scene.one(
        (number, place)
        for number, chunk in enumerate(kept.chunks)
        for place, row in enumerate(chunk)
        if len(days_of(row)) > 1
    )
    row = kept.chunks[chunk][place]
    day = days_of(row)[0]
    flows, durations, packets = (row.pop(letter + day, 0) for letter in "fdp")
    half = {part: row[part] for part in ("src_ip", "dst_ip", "month")}
    half |= {"flows": flows, "dur": durations, "dur_sq": 0, "pkt": packets, "pkt_sq": 0}
    half |= {f"f{day}": flows, f"d{day}": durations, f"p{day}": packets}
    _added(row, flows=-flows, dur=-durations, pkt=-packets)
    kept.chunks[chunk].insert(place, half)
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_row_lost_from_a_chunk_and_from_the_sums(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(kept.chunks).pop(0)
    scene.put_kept(name, kept)
    scene.add(key_of(name, row), figures_of(row), -1)
    return [OfFile(name)]


@damage
def a_row_in_another_chunk(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = edited(scene, name)
    one, other = scene.chance.sample(range(len(kept.chunks)), 2)
    kept.chunks[other].append(kept.chunks[one].pop())
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def rows_out_of_order(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and any(len(chunk) > 1 for chunk in scene.kept[name].chunks))
    kept = edited(scene, name)
    scene.chance.choice([chunk for chunk in kept.chunks if len(chunk) > 1]).reverse()
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_float_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    row["dur"] = float(row["dur"])
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_figure_that_nobody_knows_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    scene.chance.choice(scene.chance.choice(kept.chunks))["bytes"] = 9
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def an_empty_line_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    members = [packed_chunk(chunk) for chunk in kept.chunks]
    members[0] = gzip.compress(b"\n" + gzip.decompress(members[0]))
    kept.head["chunks"] = [
        [bucket, len(member)] for (bucket, _), member in zip(kept.head["chunks"], members, strict=True)
    ]
    head = packed_head(kept.head)
    scene.raw.put_stored(name, head + b"".join(members))
    scene.raw.put_file(name, head=kept.head, first_chunk=len(head))
    return [OfFile(name)]


@damage
def an_empty_chunk_too_many(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
    kept.chunks.append([])
    kept.head["chunks"].append([15, 0])
    scene.put_kept(name, kept)
    scene.raw.put_marker(name, len(kept.chunks) - 1, scene.files[name]["revision"])
    return [OfFile(name)]
