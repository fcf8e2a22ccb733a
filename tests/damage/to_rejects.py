"""Damage to the rejected lines that are kept of a file."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from tests.damage.kinds import damage
from tests.damage.scene import Named, OfFile, Scene

if TYPE_CHECKING:
    from tests.damage.raw import File


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
