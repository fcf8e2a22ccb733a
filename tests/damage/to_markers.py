"""Damage to markers and revisions: half restored backups, transactions torn apart by hand, chunks applied twice."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tests.damage.kinds import damage, damage_to
from tests.damage.raw import File
from tests.damage.scene import Named, NothingLeft, OfFile, Scene, figures_of, key_of

if TYPE_CHECKING:
    from tests.damage.raw_cloud import Deployment


def _chunk(scene: Scene, name: File) -> int:
    number: int = scene.one(range(len(scene.kept[name].chunks)))
    return number


def _add_chunk(scene: Scene, name: File, number: int, times: int) -> list[Named]:
    named: list[Named] = []
    for row in scene.kept[name].chunks[number]:
        named += scene.add(key_of(name, row), figures_of(row), times)
    return named


@damage
def a_marker_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_marker(name, _chunk(scene, name), None)
    return [OfFile(name)]


@damage
def a_marker_of_a_retracted_file_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    scene.raw.put_marker(name, _chunk(scene, name), None)
    return [OfFile(name)]


@damage
def all_markers_of_a_file_missing(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    for number in range(len(scene.kept[name].chunks)):
        scene.raw.put_marker(name, number, None)
    return [OfFile(name)]


@damage
def a_marker_missing_together_with_its_sums(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    number = _chunk(scene, name)
    scene.raw.put_marker(name, number, None)
    _add_chunk(scene, name, number, -1)
    return [OfFile(name)]


@damage
def all_markers_of_a_file_missing_together_with_its_sums(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    for number in range(len(scene.kept[name].chunks)):
        scene.raw.put_marker(name, number, None)
        _add_chunk(scene, name, number, -1)
    return [OfFile(name)]


@damage
def a_marker_moved_back(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and scene.files[name]["revision"] > 1)
    scene.raw.put_marker(name, _chunk(scene, name), scene.chance.randrange(scene.files[name]["revision"]))
    return [OfFile(name)]


@damage
def a_marker_moved_forward(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) or scene.is_out(name))
    scene.raw.put_marker(name, _chunk(scene, name), scene.files[name]["revision"] + scene.chance.choice([1, 2, 1000]))
    return [OfFile(name)]


@damage
def a_marker_below_all_revisions(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_marker(name, _chunk(scene, name), scene.chance.choice([-1, -2]))
    return [OfFile(name)]


@damage
def markers_of_two_files_exchanged(scene: Scene) -> list[Named]:
    one, other = scene.file(scene.is_in), scene.file(scene.is_out)
    for name, revisions in ((one, scene.files[other]["revision"]), (other, scene.files[one]["revision"])):
        for number in range(len(scene.kept[name].chunks)):
            scene.raw.put_marker(name, number, revisions)
    return [OfFile(one), OfFile(other)]


@damage
def a_marker_too_many(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) or scene.is_out(name))
    beyond = len(scene.kept[name].chunks) + scene.chance.choice([0, 1, 500])
    scene.raw.put_marker(name, beyond, scene.files[name]["revision"])
    return [OfFile(name)]


@damage
def a_marker_of_a_quiet_day(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and not scene.kept[name].chunks)
    scene.raw.put_marker(name, 0, 1)
    return [OfFile(name)]


@damage
def markers_of_a_file_that_nobody_knows(scene: Scene) -> list[Named]:
    site = scene.one({name.site for name in scene.files})
    name = File(site, f"{scene.chance.randrange(1 << 256):064x}", "afd90d6e1846c953")
    scene.raw.put_marker(name, 0, 1)
    return [OfFile(name)]


@damage
def a_chunk_applied_twice(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    return _add_chunk(scene, name, _chunk(scene, name), 1)


@damage
def a_chunk_never_applied_for_all_its_marker_says(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    return _add_chunk(scene, name, _chunk(scene, name), -1)


@damage
def a_retracted_chunk_still_in(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    return _add_chunk(scene, name, _chunk(scene, name), 1)


@damage
def a_retracted_chunk_still_in_with_its_old_marker(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    number = _chunk(scene, name)
    scene.raw.put_marker(name, number, 1)
    _add_chunk(scene, name, number, 1)
    return [OfFile(name)]


@damage
def a_retraction_taken_away_twice(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    return _add_chunk(scene, name, _chunk(scene, name), -1)


@damage
def a_chunk_applied_in_place_of_another(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    one = _chunk(scene, name)
    other = scene.one(number for number in range(len(scene.kept[name].chunks)) if number != one)
    return [*_add_chunk(scene, name, one, 1), *_add_chunk(scene, name, other, -1)]


@damage
def a_files_revision_moved_forward_alone(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) or scene.is_out(name))
    scene.raw.put_file(name, revision=scene.files[name]["revision"] + scene.chance.choice([1, 2]))
    return [OfFile(name)]


@damage
def a_files_revision_moved_back_alone(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) or scene.is_out(name))
    scene.raw.put_file(name, revision=scene.chance.randrange(scene.files[name]["revision"]))
    return [OfFile(name)]


@damage
def a_file_and_its_markers_set_back_while_it_is_in(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_file(name, revision=0)
    for number in range(len(scene.kept[name].chunks)):
        scene.raw.put_marker(name, number, None)
    return [OfFile(name)]


@damage
def a_quiet_days_revision_moved(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and not scene.kept[name].chunks)
    scene.raw.put_file(name, revision=2)
    return [OfFile(name)]


def _cloud(scene: Scene) -> Deployment:
    raw = scene.raw
    assert not raw.local
    return raw  # type: ignore[return-value]  # the other kind is local


@damage_to("a deployment")
def a_marker_whose_direction_is_flipped(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    number, revision = _chunk(scene, name), scene.files[name]["revision"]
    scene.raw.put_marker(name, number, revision, **{"in": {"BOOL": False}})
    return [OfFile(name)]


@damage_to("a deployment")
def a_marker_whose_totals_are_off_by_one(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    number = _chunk(scene, name)
    totals = copy.deepcopy(_cloud(scene).marker(name, number)["totals"])
    month = totals["M"][scene.one(totals["M"])]["M"]
    letter = scene.one(month)
    month[letter] = {"N": str(int(month[letter]["N"]) + 1)}
    scene.raw.put_marker(name, number, scene.files[name]["revision"], totals=totals)
    return [OfFile(name)]


@damage_to("a deployment")
def a_marker_whose_totals_are_lost(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_marker(name, _chunk(scene, name), scene.files[name]["revision"], totals={"M": {}})
    return [OfFile(name)]


@damage_to("a deployment")
def the_totals_of_two_markers_exchanged(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(scene.kept[name].chunks) > 1)
    one = _chunk(scene, name)
    totals = _cloud(scene).marker(name, one)["totals"]
    others = [
        number
        for number in range(len(scene.kept[name].chunks))
        if _cloud(scene).marker(name, number)["totals"] != totals
    ]
    if not others:
        raise NothingLeft
    other = scene.one(others)
    revision = scene.files[name]["revision"]
    scene.raw.put_marker(name, one, revision, totals=_cloud(scene).marker(name, other)["totals"])
    scene.raw.put_marker(name, other, revision, totals=totals)
    return [OfFile(name)]


@damage_to("a deployment")
def a_marker_that_will_expire_while_its_file_stands(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    revision = scene.files[name]["revision"]
    scene.raw.put_marker(name, _chunk(scene, name), revision, expires={"N": "4102444800"})
    return [OfFile(name)]
