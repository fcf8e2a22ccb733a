"""Damage to what is kept of files: contributions and rejected lines."""

from __future__ import annotations

import copy
import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.damage.kinds import damage, damage_to
from tests.damage.scene import (
    Kept,
    Named,
    OfFile,
    OfPair,
    Scene,
    days_of,
    figures_of,
    key_of,
    members_of,
    packed_chunk,
    packed_head,
)

if TYPE_CHECKING:
    from tests.damage.raw import File


def _bytes(scene: Scene, name: File) -> tuple[bytes, int]:
    # What is stored, and where its first chunk begins.
    stored = scene.raw.stored(name)
    assert stored is not None
    return stored, len(stored) - sum(length for _, length in scene.files[name]["head"]["chunks"])


def _edited(scene: Scene, name: File) -> Kept:
    return copy.deepcopy(scene.kept[name])


def _added(row: dict[str, Any], **changes: int) -> None:
    for figure, value in changes.items():
        row[figure] = row.get(figure, 0) + value


@damage
def a_byte_of_a_chunk_flipped(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, begin = _bytes(scene, name)
    lengths = [length for _, length in scene.files[name]["head"]["chunks"]]
    number = scene.chance.randrange(len(lengths))
    begin += sum(lengths[:number])
    place = scene.chance.randrange(begin + 10, begin + lengths[number])  # gzip's ten say when and where it was made
    changed = bytes([stored[place] ^ (1 << scene.chance.randrange(8))])
    scene.raw.put_stored(name, stored[:place] + changed + stored[place + 1 :])
    return [OfFile(name)]


@damage
def a_byte_of_the_head_flipped(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, begin = _bytes(scene, name)
    place = scene.chance.randrange(10, begin)
    changed = bytes([stored[place] ^ (1 << scene.chance.randrange(8))])
    scene.raw.put_stored(name, stored[:place] + changed + stored[place + 1 :])
    return [OfFile(name)]


@damage
def a_contribution_cut_short(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, stored[: scene.chance.randrange(len(stored))])
    return [OfFile(name)]


@damage
def the_last_chunk_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, stored[: -scene.files[name]["head"]["chunks"][-1][1]])
    return [OfFile(name)]


@damage
def something_behind_a_contribution(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, stored + scene.chance.choice([b"\0", b"\n", gzip.compress(b"{}\n")]))
    return [OfFile(name)]


@damage
def something_before_a_contribution(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, scene.chance.choice([b"\0", b"\xef\xbb\xbf", gzip.compress(b"")]) + stored)
    return [OfFile(name)]


@damage
def a_contribution_compressed_anew_as_one(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, gzip.compress(b"".join(members_of(stored))))
    return [OfFile(name)]


@damage
def a_contribution_decompressed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = _bytes(scene, name)
    scene.raw.put_stored(name, b"".join(members_of(stored)))
    return [OfFile(name)]


@damage
def two_chunks_exchanged(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = _edited(scene, name)
    one, other = scene.chance.sample(range(len(kept.chunks)), 2)
    kept.chunks[one], kept.chunks[other] = kept.chunks[other], kept.chunks[one]
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_chunk_exchanged_with_one_of_another_file(scene: Scene) -> list[Named]:
    files = [scene.file(scene.is_in), scene.file(scene.is_in)]
    one, other = (_edited(scene, name) for name in files)
    places = [scene.chance.randrange(len(kept.chunks)) for kept in (one, other)]
    one.chunks[places[0]], other.chunks[places[1]] = other.chunks[places[1]], one.chunks[places[0]]
    for name, kept in zip(files, (one, other), strict=True):
        scene.put_kept(name, kept)
    return [OfFile(name) for name in files]


@damage
def a_chunk_in_place_of_another_of_its_file(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = _edited(scene, name)
    one, other = scene.chance.sample(range(len(kept.chunks)), 2)
    kept.chunks[one] = kept.chunks[other]
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_contribution_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_stored(name, None)
    return [OfFile(name)]


@damage
def a_contribution_of_a_retracted_file_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    scene.raw.put_stored(name, None)
    return [OfFile(name)]


@damage
def a_contribution_of_a_quiet_day_missing(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and not scene.kept[name].chunks)
    scene.raw.put_stored(name, None)
    return [OfFile(name)]


@damage
def a_contribution_of_no_bytes(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    scene.raw.put_stored(name, b"")
    return [OfFile(name)]


@damage
def contributions_of_two_files_exchanged(scene: Scene) -> list[Named]:
    one, other = scene.file(scene.is_in), scene.file(scene.is_in)
    first, second = scene.raw.stored(one), scene.raw.stored(other)
    scene.raw.put_stored(one, second)
    scene.raw.put_stored(other, first)
    return [OfFile(one), OfFile(other)]


@damage
def another_files_contribution_head_and_all(scene: Scene) -> list[Named]:
    name, other = scene.file(scene.is_in), scene.file(scene.is_in)
    scene.put_kept(name, _edited(scene, other))
    return [OfFile(name)]


@damage
def another_files_chunks_under_a_head_that_fits(scene: Scene) -> list[Named]:
    name, other = scene.file(scene.is_in), scene.file(scene.is_in)
    kept = _edited(scene, other)
    kept.head |= {part: scene.kept[name].head[part] for part in ("site", "content", "options")}
    rows = {key_of(name, row): row for chunk in kept.chunks for row in chunk}  # some are alike in both
    own = {key_of(name, row): row for chunk in scene.kept[name].chunks for row in chunk}
    for key in sorted(rows.keys() - own.keys() - set(scene.keys_of(other))):
        scene.claim(key)  # where another such damage took them from, they would be as they were
    scene.put_kept(name, kept)
    return [OfPair(key) for key, row in own.items() if rows.get(key) != row]


@damage
def a_chunk_edited(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    _added(row, **{"d" + days_of(row)[0]: 1, "dur": 1})
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_chunk_edited_in_bytes_alone(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, begin = _bytes(scene, name)
    number = scene.chance.randrange(len(scene.kept[name].chunks))
    members = [packed_chunk(chunk) for chunk in _with_one_more(scene, name, number).chunks]
    scene.raw.put_stored(name, stored[:begin] + b"".join(members))
    return [OfFile(name)]


def _with_one_more(scene: Scene, name: File, number: int) -> Kept:
    kept = _edited(scene, name)
    _added(kept.chunks[number][0], dur=1)
    return kept


@damage
def two_rows_of_a_file_edited_so_that_its_totals_hold(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.keys_of(name)) > 1)
    kept = _edited(scene, name)
    one, other = scene.chance.sample([row for chunk in kept.chunks for row in chunk], 2)
    _added(one, **{"d" + days_of(one)[0]: 1, "dur": 1})
    _added(other, **{"d" + days_of(other)[0]: -1, "dur": -1})
    scene.put_kept(name, kept)
    return [OfPair(key_of(name, one)), OfPair(key_of(name, other))]


@damage
def a_square_of_a_chunk_edited(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    _added(row, pkt_sq=2)
    scene.put_kept(name, kept)
    return [OfPair(key_of(name, row))]


@damage
def a_day_edited_alike_in_a_chunk_and_in_the_sums(scene: Scene) -> list[Named]:
    # Its month's running total says otherwise, in both.
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
    row = scene.chance.choice(kept.chunks).pop(0)
    scene.put_kept(name, kept)
    scene.add(key_of(name, row), figures_of(row), -1)
    return [OfFile(name)]


@damage
def a_row_in_another_chunk(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = _edited(scene, name)
    one, other = scene.chance.sample(range(len(kept.chunks)), 2)
    kept.chunks[other].append(kept.chunks[one].pop())
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def rows_out_of_order(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and any(len(chunk) > 1 for chunk in scene.kept[name].chunks))
    kept = _edited(scene, name)
    scene.chance.choice([chunk for chunk in kept.chunks if len(chunk) > 1]).reverse()
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_float_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
    row = scene.chance.choice(scene.chance.choice(kept.chunks))
    row["dur"] = float(row["dur"])
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_figure_that_nobody_knows_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
    scene.chance.choice(scene.chance.choice(kept.chunks))["bytes"] = 9
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def an_empty_line_in_a_chunk(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
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
    kept = _edited(scene, name)
    kept.chunks.append([])
    kept.head["chunks"].append([15, 0])
    scene.put_kept(name, kept)
    scene.raw.put_marker(name, len(kept.chunks) - 1, scene.files[name]["revision"])
    return [OfFile(name)]


@damage
def lines_of_the_kept_head_changed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = _edited(scene, name)
    kept.head["lines"][scene.one(kept.head["lines"])] += 1
    stored, begin = _bytes(scene, name)
    scene.raw.put_stored(name, packed_head(kept.head) + stored[begin:])
    return [OfFile(name)]


@damage
def lines_of_the_known_head_changed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    head = _edited(scene, name).head
    head["lines"][scene.one(head["lines"])] += 1
    scene.raw.put_file(name, head=head)
    return [OfFile(name)]


@damage
def lines_of_both_heads_changed_alike(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = _edited(scene, name)
    kept.head["lines"][scene.one(kept.head["lines"])] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def counted_and_rejected_lines_of_both_heads_compensate(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = _edited(scene, name)
    kept.head["lines"]["counted"] -= 1
    kept.head["lines"]["rejected"] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_blank_line_of_both_heads_said_to_be_rejected(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and scene.kept[name].head["lines"]["blank"] > 0)
    kept = _edited(scene, name)
    kept.head["lines"]["blank"] -= 1
    kept.head["lines"]["rejected"] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def figures_of_both_heads_changed_alike(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = _edited(scene, name)
    what = scene.chance.choice(
        ["pairs", "pair_months", "pair_days", "flows", "dur", "pkt", "first_day", "last_day", "days"]
    )
    if what == "days":
        kept.head["days"][kept.head["first_day"]] += 1
    elif what in kept.head["totals"]:
        kept.head["totals"][what] += 1
    elif what.endswith("_day"):
        kept.head[what] = "2022-10-09"
    else:
        kept.head[what] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def the_name_in_both_heads_changed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = _edited(scene, name)
    part, value = scene.chance.choice([("site", "elsewhere"), ("content", "0" * 64), ("options", "0" * 16)])
    kept.head[part] = value
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def reading_options_in_both_heads_that_are_not_those_of_the_name(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = _edited(scene, name)
    kept.head["reading"] = {**kept.head["reading"], "duration_unit": "ms"}
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_known_head_that_is_no_json(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    text = json.dumps(scene.files[name]["head"])
    scene.raw.put_file(name, head=text[: scene.chance.randrange(len(text))])
    return [OfFile(name)]


@damage_to("a deployment")
def a_first_chunk_that_begins_elsewhere(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_file(name, first_chunk=scene.files[name]["first_chunk"] + scene.chance.choice([1, -1]))
    return [OfFile(name)]


def _has_rejects(scene: Scene, name: File) -> bool:
    return name in scene.kept and bool(scene.kept[name].head["lines"]["rejected"])


def _lines(scene: Scene, name: File) -> list[bytes]:
    stored = scene.raw.rejects(name)
    assert stored is not None
    return gzip.decompress(stored).splitlines(keepends=True)


@damage
def rejected_lines_missing(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: _has_rejects(scene, name))
    scene.raw.put_rejects(name, None)
    return [OfFile(name)]


@damage
def one_rejected_line_missing(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: _has_rejects(scene, name))
    scene.raw.put_rejects(name, gzip.compress(b"".join(_lines(scene, name)[1:])))
    return [OfFile(name)]


@damage
def one_rejected_line_doubled(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: _has_rejects(scene, name))
    lines = _lines(scene, name)
    scene.raw.put_rejects(name, gzip.compress(b"".join([*lines, lines[-1]])))
    return [OfFile(name)]


@damage
def a_rejected_line_in_place_of_another(scene: Scene) -> list[Named]:
    # As many as there were, one of them twice.
    name = scene.file(lambda name: _has_rejects(scene, name) and len(_lines(scene, name)) > 1)
    lines = _lines(scene, name)
    scene.raw.put_rejects(name, gzip.compress(b"".join([lines[0], *lines[:-1]])))
    return [OfFile(name)]


@damage
def a_rejected_line_beyond_the_files_end(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: _has_rejects(scene, name))
    *lines, last = _lines(scene, name)
    moved = {**json.loads(last), "line": scene.kept[name].head["lines"]["lines"] + 1}
    scene.raw.put_rejects(name, gzip.compress(b"".join([*lines, json.dumps(moved).encode() + b"\n"])))
    return [OfFile(name)]


@damage
def a_byte_of_rejected_lines_flipped(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: _has_rejects(scene, name))
    stored = scene.raw.rejects(name)
    assert stored is not None
    place = scene.chance.randrange(10, len(stored))
    changed = bytes([stored[place] ^ (1 << scene.chance.randrange(8))])
    scene.raw.put_rejects(name, stored[:place] + changed + stored[place + 1 :])
    return [OfFile(name)]


@damage
def rejected_lines_of_a_file_that_has_none(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and not _has_rejects(scene, name))
    line = json.dumps({"line": 2, "reason": "because", "text": "a,b"}).encode() + b"\n"
    scene.raw.put_rejects(name, gzip.compress(line))
    return [OfFile(name)]
