"""Damage to what is known of files and paths, and to lists of what is there and what is pending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.damage.kinds import damage, damage_to, damage_unproven
from tests.damage.raw import File, Key
from tests.damage.scene import Named, NothingLeft, OfFile, OfPair, OfPath, OfSite, Scene, differing, packed_chunk

if TYPE_CHECKING:
    from tests.damage.raw_cloud import Deployment


def _has_a_path(scene: Scene, name: File) -> bool:
    return any(name in known["names"] for known in scene.paths.values())


def _paths_of(scene: Scene, name: File) -> list[tuple[str, str]]:
    return [where for where, known in scene.paths.items() if name in known["names"]]


def _is_only_path(scene: Scene, known: dict[str, Any]) -> bool:
    # Of a file with several paths, a database does not say which they were.
    return len(known["names"]) == 1 and len(_paths_of(scene, known["names"][0])) == 1


def _cloud(scene: Scene) -> Deployment:
    raw = scene.raw
    assert not raw.local
    return raw  # type: ignore[return-value]  # the other kind is local


def _nobody(scene: Scene) -> File:
    site = scene.one({name.site for name in scene.files})
    return File(site, f"{scene.chance.randrange(1 << 256):064x}", "afd90d6e1846c953")


@damage
def a_path_that_names_nothing(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: known["names"])
    scene.raw.refer(site, path, [*scene.paths[site, path]["names"], _nobody(scene)._replace(site=site)])
    return [OfPath(site, path)]


@damage
def a_path_that_names_another_file(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: _is_only_path(scene, known))
    other = scene.file(lambda name: name.site == site and _has_a_path(scene, name))
    scene.raw.refer(site, path, [other])
    return [OfFile(scene.paths[site, path]["names"][0])]


@damage
def a_path_that_forgot_its_file(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: _is_only_path(scene, known))
    scene.raw.refer(site, path, [])
    return [OfFile(scene.paths[site, path]["names"][0])]


@damage
def a_path_that_forgot_one_of_two_files(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: len(known["names"]) > 1)
    first, *others = scene.paths[site, path]["names"]
    scene.raw.refer(site, path, others)
    return [OfFile(first)]


@damage
def a_path_without_its_record(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: known["names"])
    scene.raw.drop_path(site, path)
    return [OfFile(name) for name in scene.paths[site, path]["names"]]


@damage
def a_path_and_its_reference_gone(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: _is_only_path(scene, known))
    scene.raw.refer(site, path, [])
    scene.raw.drop_path(site, path)
    return [OfFile(scene.paths[site, path]["names"][0])]


@damage
def a_retracted_file_that_a_path_names(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    _, path = scene.path(site=name.site)
    scene.raw.refer(name.site, path, [*scene.paths[name.site, path]["names"], name])
    return [OfFile(name)]


@damage
def a_path_that_names_a_file_of_another_site(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and _has_a_path(scene, name))
    site = scene.one({other.site for other in scene.files} - {name.site})
    _, path = scene.path(site=site)
    stranger = name._replace(site=site)
    if stranger in scene.files:
        raise NothingLeft
    scene.raw.refer(site, path, [*scene.paths[site, path]["names"], stranger])
    return [OfPath(site, path)]


@damage_unproven("a path whose file was taken out, and counted elsewhere since, is as empty")
def a_refusal_vanished(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: known["refusal"] is not None and not known["names"])
    scene.raw.put_refusal(site, path, None)
    return [OfPath(site, path)]


@damage
def a_refusal_that_is_no_json(scene: Scene) -> list[Named]:
    site, path = scene.path(lambda known: known["refusal"] is not None)
    text = scene.paths[site, path]["refusal"]
    scene.raw.put_refusal(site, path, text[: scene.chance.randrange(1, len(text))])
    return [OfPath(site, path)]


@damage
def a_file_unknown_whose_sums_are_in(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.drop_file(name)
    return [OfFile(name)]


@damage
def a_retracted_file_unknown(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    scene.raw.drop_file(name)
    return [OfFile(name)]


@damage
def a_file_unknown_with_all_that_was_kept_of_it(scene: Scene) -> list[Named]:
    # Markers, sums and paths are what is left.
    name = scene.file(scene.is_in)
    scene.raw.drop_file(name)
    scene.raw.put_stored(name, None)
    scene.raw.put_rejects(name, None)
    return [OfFile(name)]


@damage
def a_file_of_which_nothing_but_sums_is_left(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and len(_paths_of(scene, name)) == 1)
    for site, path in _paths_of(scene, name):
        scene.raw.refer(site, path, [each for each in scene.paths[site, path]["names"] if each != name])
    scene.raw.drop_file(name)
    scene.raw.put_stored(name, None)
    scene.raw.put_rejects(name, None)
    for number in range(len(scene.kept[name].chunks)):
        scene.raw.put_marker(name, number, None)
    return [OfPair(key) for key in scene.keys_of(name)]


@damage
def a_file_that_stands_and_is_said_to_be_erased(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_file(name, erased=True)
    return [OfFile(name)]


@damage
def an_erased_file_that_is_said_to_stand(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.files[name]["erased"])
    scene.raw.put_file(name, erased=False)
    return [OfFile(name)]


@damage
def what_was_erased_came_back_into_the_sums(scene: Scene) -> list[Named]:
    key = scene.claim(Key(scene.one(scene.truth).site, "192.0.2.200", "192.0.2.201", "2022-12"))
    figures = {"flows": 2, "dur": 10, "dur_sq": 50, "pkt": 2, "pkt_sq": 2, "f02": 2, "d02": 10, "p02": 2}
    scene.raw.put_sums(key, figures)
    return [*differing(key, figures, {})]


@damage
def what_was_erased_is_stored_again(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.files[name]["erased"])
    other = scene.one(scene.kept)
    scene.raw.put_stored(name, scene.raw.stored(other))
    return [OfFile(name)]


@damage
def a_file_said_to_be_retracted_from_a_path_that_it_stands_at(scene: Scene) -> list[Named]:
    # What a person took out there is in all the same.
    name = scene.file(lambda name: scene.is_in(name) and len(_paths_of(scene, name)) == 1)
    scene.raw.put_file(name, revision=scene.files[name]["revision"] + 1, retracted=_paths_of(scene, name)[0][1])
    return [OfFile(name)]


@damage
def a_contribution_of_a_file_that_nobody_knows(scene: Scene) -> list[Named]:
    name = _nobody(scene)
    scene.raw.put_stored(name, scene.raw.stored(scene.one(filter(scene.raw.stored, scene.kept))))
    return [OfFile(name)]


@damage_unproven("a file that was refused, and corrected at its path since, leaves such lines")
def rejected_lines_of_a_file_that_nobody_knows(scene: Scene) -> list[Named]:
    name = _nobody(scene)
    scene.raw.put_rejects(name, packed_chunk([{"line": 2, "reason": "because", "text": "a,b"}]))
    return [OfFile(name)]


@damage
def a_revision_that_is_no_number_of_any_file(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) or scene.is_out(name))
    scene.raw.put_file(name, revision=scene.chance.choice([-1, -3]))
    return [OfFile(name)]


@damage_to("a deployment")
def a_file_whose_list_of_paths_lost_one(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: scene.is_in(name) and scene.files[name]["paths"])
    scene.raw.put_file(name, paths=scene.files[name]["paths"][1:])
    return [OfFile(name)]


@damage_to("a deployment")
def a_file_whose_list_of_paths_has_one_too_many(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    scene.raw.put_file(name, paths=[*scene.files[name]["paths"], "incoming/nowhere.csv"])
    return [OfFile(name)]


@damage_to("a deployment")
def a_retracted_file_whose_list_of_paths_has_one_again(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_out)
    scene.raw.put_file(name, paths=["incoming/nowhere.csv"])
    return [OfFile(name)]


@damage_to("a deployment")
def paths_of_two_files_exchanged_in_their_lists(scene: Scene) -> list[Named]:
    one = scene.file(lambda name: scene.files[name]["paths"])
    other = scene.file(
        lambda name: name.site == one.site and scene.files[name]["paths"] not in ([], scene.files[one]["paths"])
    )
    scene.raw.put_file(one, paths=scene.files[other]["paths"])
    scene.raw.put_file(other, paths=scene.files[one]["paths"])
    return [OfFile(one), OfFile(other)]


@damage_to("a deployment")
def a_site_that_is_not_on_the_list(scene: Scene) -> list[Named]:
    site = scene.one({name.site for name in scene.files})
    _cloud(scene).put("SITES", site, None)
    return [OfSite(site)]


@damage_to("a deployment")
def a_pending_file_that_nobody_knows(scene: Scene) -> list[Named]:
    name = _nobody(scene)
    item = {"revision": {"N": "1"}, "since": {"N": "1670000000"}}
    _cloud(scene).put("PENDING", f"{name.site}#{name.content}-{name.options}", item)
    return [OfFile(name)]


@damage_to("a deployment")
def a_settled_file_on_the_list_of_what_is_pending(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    item = {"revision": {"N": str(scene.files[name]["revision"])}, "since": {"N": "1670000000"}}
    _cloud(scene).put("PENDING", f"{name.site}#{name.content}-{name.options}", item)
    return [OfFile(name)]


@damage_to("a deployment")
def a_lagging_file_that_is_not_on_the_list_of_what_is_pending(scene: Scene) -> list[Named]:
    # As the damage that removes a marker alone, said once more where a list exists.
    name = scene.file(scene.is_in)
    _cloud(scene).put("PENDING", f"{name.site}#{name.content}-{name.options}", None)
    scene.raw.put_marker(name, 0, None)
    return [OfFile(name)]
