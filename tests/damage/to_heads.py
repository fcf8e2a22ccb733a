"""Damage to the head of a contribution, as it is kept and as it is known."""

from __future__ import annotations

import json

from tests.damage.kept import bytes_of, edited
from tests.damage.kinds import damage, damage_to
from tests.damage.scene import Named, OfFile, Scene, packed_head


@damage
def lines_of_the_kept_head_changed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = edited(scene, name)
    kept.head["lines"][scene.one(kept.head["lines"])] += 1
    stored, begin = bytes_of(scene, name)
    scene.raw.put_stored(name, packed_head(kept.head) + stored[begin:])
    return [OfFile(name)]


@damage
def lines_of_the_known_head_changed(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    head = edited(scene, name).head
    head["lines"][scene.one(head["lines"])] += 1
    scene.raw.put_file(name, head=head)
    return [OfFile(name)]


@damage
def lines_of_both_heads_changed_alike(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = edited(scene, name)
    kept.head["lines"][scene.one(kept.head["lines"])] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def counted_and_rejected_lines_of_both_heads_compensate(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = edited(scene, name)
    kept.head["lines"]["counted"] -= 1
    kept.head["lines"]["rejected"] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def a_blank_line_of_both_heads_said_to_be_rejected(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept and scene.kept[name].head["lines"]["blank"] > 0)
    kept = edited(scene, name)
    kept.head["lines"]["blank"] -= 1
    kept.head["lines"]["rejected"] += 1
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def figures_of_both_heads_changed_alike(scene: Scene) -> list[Named]:
    name = scene.file(scene.is_in)
    kept = edited(scene, name)
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
    kept = edited(scene, name)
    part, value = scene.chance.choice([("site", "elsewhere"), ("content", "0" * 64), ("options", "0" * 16)])
    kept.head[part] = value
    scene.put_kept(name, kept)
    return [OfFile(name)]


@damage
def reading_options_in_both_heads_that_are_not_those_of_the_name(scene: Scene) -> list[Named]:
    name = scene.file(lambda name: name in scene.kept)
    kept = edited(scene, name)
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
