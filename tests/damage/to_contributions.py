"""Damage to contributions as they are stored: flipped, cut short, missing, or in another's place."""

from __future__ import annotations

import gzip

from tests.damage.kept import bytes_of, edited
from tests.damage.kinds import damage
from tests.damage.scene import Named, OfFile, OfPair, Scene, key_of, members_of


@damage
def a_byte_of_a_chunk_flipped(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, begin = bytes_of(scene, name)
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
    stored, begin = bytes_of(scene, name)
    place = scene.chance.randrange(10, begin)
    changed = bytes([stored[place] ^ (1 << scene.chance.randrange(8))])
    scene.raw.put_stored(name, stored[:place] + changed + stored[place + 1 :])
    return [OfFile(name)]


@damage
def a_contribution_cut_short(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, stored[: scene.chance.randrange(len(stored))])
    return [OfFile(name)]


@damage
def the_last_chunk_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, stored[: -scene.files[name]["head"]["chunks"][-1][1]])
    return [OfFile(name)]


@damage
def something_behind_a_contribution(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, stored + scene.chance.choice([b"\0", b"\n", gzip.compress(b"{}\n")]))
    return [OfFile(name)]


@damage
def something_before_a_contribution(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, scene.chance.choice([b"\0", b"\xef\xbb\xbf", gzip.compress(b"")]) + stored)
    return [OfFile(name)]


@damage
def a_contribution_compressed_anew_as_one(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, gzip.compress(b"".join(members_of(stored))))
    return [OfFile(name)]


@damage
def a_contribution_decompressed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    stored, _ = bytes_of(scene, name)
    scene.raw.put_stored(name, b"".join(members_of(stored)))
    return [OfFile(name)]


@damage
def two_chunks_exchanged(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = edited(scene, name)
    one, other = scene.chance.sample(range(len(kept.chunks)), 2)
    kept.chunks[one], kept.chunks[other] = kept.chunks[other], kept.chunks[one]
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_chunk_exchanged_with_one_of_another_file(scene: Scene) -> list[Named]:
    files = [scene.file(scene.is_in), scene.file(scene.is_in)]
    one, other = (edited(scene, name) for name in files)
    places = [scene.chance.randrange(len(kept.chunks)) for kept in (one, other)]
    one.chunks[places[0]], other.chunks[places[1]] = other.chunks[places[1]], one.chunks[places[0]]
    for name, kept in zip(files, (one, other), strict=True):
        scene.put_kept(name, kept)
    return [OfFile(name) for name in files]


@damage
def a_chunk_in_place_of_another_of_its_file(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    kept = edited(scene, name)
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
    scene.put_kept(name, edited(scene, other))
    return [OfFile(name)]


@damage
def another_files_chunks_under_a_head_that_fits(scene: Scene) -> list[Named]:
    name, other = scene.file(scene.is_in), scene.file(scene.is_in)
    kept = edited(scene, other)
    kept.head |= {part: scene.kept[name].head[part] for part in ("site", "content", "options")}
    rows = {key_of(name, row): row for chunk in kept.chunks for row in chunk}  # some are alike in both
    own = {key_of(name, row): row for chunk in scene.kept[name].chunks for row in chunk}
    for key in sorted(rows.keys() - own.keys() - set(scene.keys_of(other))):
        scene.claim(key)  # where another such damage took them from, they would be as they were
    scene.put_kept(name, kept)
    return [OfPair(key) for key, row in own.items() if rows.get(key) != row]
