"""Damage to what is held of pairs: bits that rot, hands that slip, bad migrations, sums gone through floats."""

from __future__ import annotations

import json

from tests.damage.kinds import damage, damage_to
from tests.damage.raw import Figures, Key
from tests.damage.scene import Named, NothingLeft, OfPair, Scene, day_of, days_of, differing

_RUNNING = ("flows", "dur", "dur_sq", "pkt", "pkt_sq")


def _moved(scene: Scene, key: Key, to: Key, *, copied: bool = False) -> list[Named]:
    # `to` holds nothing so far.
    figures = scene.truth[key]
    if to in scene.truth:
        raise NothingLeft
    scene.claim(to)
    scene.raw.put_sums(to, figures)
    named: list[Named] = [*differing(to, figures, {})]
    if not copied:
        scene.raw.put_sums(key, None)
        named += differing(key, {}, figures)
    return named


@damage
def one_figure_off_by_one(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    return scene.change(key, {figure: scene.truth[key][figure] + scene.chance.choice([1, -1])})


@damage
def a_bit_of_a_figure_flipped(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    return scene.change(key, {figure: scene.truth[key][figure] ^ (1 << scene.chance.randrange(20))})


@damage
def the_sign_of_a_figure_lost(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    return scene.change(key, {figure: -scene.truth[key][figure]})


@damage
def a_day_of_two_pairs_compensates(scene: Scene) -> list[Named]:
    one, other = scene.pair(), scene.pair()
    letter = scene.chance.choice("fdp")
    first, second = letter + scene.day(one), letter + scene.day(other)
    return [
        *scene.change(one, {first: scene.truth[one].get(first, 0) + 1}),
        *scene.change(other, {second: scene.truth[other].get(second, 0) - 1}),
    ]


@damage
def two_pairs_compensate_each_agreeing_with_itself(scene: Scene) -> list[Named]:
    named: list[Named] = []
    for sign in (1, -1):
        key = scene.pair()
        day, figures = scene.day(key), scene.truth[key]
        changed = {f"d{day}": figures.get(f"d{day}", 0) + sign, "dur": figures.get("dur", 0) + sign}
        named += scene.change(key, changed)
    return named


@damage
def two_days_of_one_month_compensate(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: len(days_of(figures)) > 1)
    one = scene.day(key)
    other = scene.day(key, apart_from=one)
    letter, figures = scene.chance.choice("fdp"), scene.truth[key]
    more, less = letter + one, letter + other
    return scene.change(key, {more: figures.get(more, 0) + 1, less: figures.get(less, 0) - 1})


@damage
def a_day_moved_to_its_neighbour(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: days_of(figures)[0] < "27")
    figures = scene.truth[key]
    day = days_of(figures)[0]
    neighbour = f"{int(day) + 1:02}"
    changes: Figures = {}
    for letter in "fdp":
        changes[letter + neighbour] = figures.get(letter + neighbour, 0) + figures.get(letter + day, 0)
        changes[letter + day] = None
    return scene.change(key, changes)


@damage
def a_day_lost_from_its_month(scene: Scene) -> list[Named]:
    key = scene.pair()
    day = day_of(scene.truth[key], scene.day(key))
    return scene.change(key, dict.fromkeys(day))


@damage
def a_day_lost_together_with_its_share_of_the_month(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: len(days_of(figures)) > 1)
    figures = scene.truth[key]
    day = scene.day(key)
    flows, durations, packets = (figures.get(letter + day, 0) for letter in "fdp")
    running = {"flows": figures["flows"] - flows, "dur": figures["dur"] - durations, "pkt": figures["pkt"] - packets}
    return scene.change(key, {**dict.fromkeys(day_of(figures, day)), **running})


@damage
def durations_and_packets_exchanged(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: figures["dur"] != figures["pkt"])
    names = {"dur": "pkt", "dur_sq": "pkt_sq", **{f"d{day}": f"p{day}" for day in days_of(scene.truth[key])}}
    both = {**names, **{other: name for name, other in names.items()}}
    return scene.change(key, {name: scene.truth[key].get(other) for name, other in both.items()})


@damage
def durations_and_packets_of_one_day_exchanged(scene: Scene) -> list[Named]:
    key = scene.pair()
    figures = scene.truth[key]
    day = scene.day(key)
    return scene.change(key, {f"d{day}": figures.get(f"p{day}"), f"p{day}": figures.get(f"d{day}")})


@damage
def a_square_off(scene: Scene) -> list[Named]:
    key = scene.pair()
    square = scene.chance.choice(["dur_sq", "pkt_sq"])
    return scene.change(key, {square: scene.truth[key].get(square, 0) + 2})


@damage
def both_squares_exchanged(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: figures["dur_sq"] != figures["pkt_sq"])
    figures = scene.truth[key]
    return scene.change(key, {"dur_sq": figures["pkt_sq"], "pkt_sq": figures["dur_sq"]})


@damage
def a_square_gone_through_a_float(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: int(float(figures["dur_sq"])) != figures["dur_sq"])
    return scene.change(key, {"dur_sq": int(float(scene.truth[key]["dur_sq"]))})


@damage
def source_and_destination_exchanged(scene: Scene) -> list[Named]:
    key = scene.pair()
    return _moved(scene, key, Key(key.site, key.destination, key.source, key.month))


@damage
def both_directions_of_a_pair_exchanged(scene: Scene) -> list[Named]:
    keys = [key for key in scene.truth if Key(key.site, key.destination, key.source, key.month) in scene.truth]
    one = scene.claim(scene.one(keys))
    return _exchanged(scene, one, scene.claim(Key(one.site, one.destination, one.source, one.month)))


@damage
def sums_of_two_pairs_exchanged(scene: Scene) -> list[Named]:
    one = scene.pair()
    other = scene.pair(lambda figures: figures != scene.truth[one])
    return _exchanged(scene, one, other)


def _exchanged(scene: Scene, one: Key, other: Key) -> list[Named]:
    named: list[Named] = []
    for key, source in ((one, other), (other, one)):
        scene.raw.put_sums(key, scene.truth[source])
        named += differing(key, scene.truth[source], scene.truth[key])
    return named


@damage
def a_month_copied_to_another_month(scene: Scene) -> list[Named]:
    key = scene.pair()
    return _moved(scene, key, key._replace(month=scene.chance.choice(["2019-01", "2022-10", "2031-12"])), copied=True)


@damage
def a_month_moved_to_a_month_that_there_is_not(scene: Scene) -> list[Named]:
    key = scene.pair()
    return _moved(scene, key, key._replace(month=scene.chance.choice(["2022-13", "2022-00", "2022-1", "12-2022"])))


@damage
def a_month_copied_to_another_site(scene: Scene) -> list[Named]:
    key = scene.pair()
    site = scene.one({other.site for other in scene.truth} - {key.site})
    return _moved(scene, key, key._replace(site=site), copied=True)


@damage
def a_month_moved_to_a_site_that_nobody_knows(scene: Scene) -> list[Named]:
    key = scene.pair()
    return _moved(scene, key, key._replace(site=scene.chance.choice(["aaa", "zzz", key.site.upper()])))


@damage
def an_address_written_otherwise(scene: Scene) -> list[Named]:
    key = scene.one(key for key in scene.truth if ":" in key.source)
    return _moved(scene, scene.claim(key), key._replace(source=key.source.upper()))


@damage
def a_pair_month_missing(scene: Scene) -> list[Named]:
    key = scene.pair()
    scene.raw.put_sums(key, None)
    return [*differing(key, {}, scene.truth[key])]


@damage
def a_pair_month_that_no_file_has(scene: Scene) -> list[Named]:
    address = scene.chance.choice(["0.0.0.0", "203.0.113.250", "ffff::1"])  # noqa: S104 (nobody listens there)
    key = scene.claim(Key(scene.one(scene.truth).site, address, "203.0.113.251", "2022-12"))
    figures = {"flows": 1, "dur": 5, "dur_sq": 25, "pkt": 1, "pkt_sq": 1, "f05": 1, "d05": 5, "p05": 1}
    scene.raw.put_sums(key, figures)
    return [*differing(key, figures, {})]


@damage
def all_figures_of_a_pair_zero(scene: Scene) -> list[Named]:
    key = scene.pair()
    return scene.change(key, dict.fromkeys(scene.truth[key], 0))


@damage
def the_flows_of_a_month_zero_and_all_else_as_it_was(scene: Scene) -> list[Named]:
    key = scene.pair()
    return scene.change(key, {"flows": 0})


@damage
def figures_without_flows_where_nothing_was(scene: Scene) -> list[Named]:
    key = scene.pair()
    ghost = scene.claim(key._replace(month="2021-07"))
    scene.raw.put_sums(ghost, {"dur": 7, "d05": 7})
    return [*differing(ghost, {"dur": 7, "d05": 7}, {})]


@damage
def a_pair_counted_twice(scene: Scene) -> list[Named]:
    key = scene.pair()
    return scene.change(key, {name: 2 * value for name, value in scene.truth[key].items()})


@damage
def a_fraction_in_a_figure(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    scene.raw.put_sums(key, {**scene.truth[key], figure: scene.truth[key][figure] + 0.5})
    return [OfPair(key)]


@damage_to("a database")
def a_float_of_the_right_value(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    scene.raw.put_sums(key, {**scene.truth[key], figure: float(scene.truth[key][figure])})
    return [OfPair(key)]


@damage_to("a database")
def a_truth_value_instead_of_one(scene: Scene) -> list[Named]:
    key = scene.pair(lambda figures: 1 in figures.values())
    figure = scene.one(name for name, value in scene.truth[key].items() if value == 1)
    scene.raw.put_sums(key, {**scene.truth[key], figure: True})
    return [OfPair(key)]


@damage
def a_text_instead_of_a_number(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    scene.raw.put_sums(key, {**scene.truth[key], figure: str(scene.truth[key][figure])})
    return [OfPair(key)]


@damage
def a_null_instead_of_a_number(scene: Scene) -> list[Named]:
    key = scene.pair()
    figure = scene.one(scene.truth[key])
    changed = {name: None if name == figure else value for name, value in scene.truth[key].items()}
    scene.raw.put_sums(key, changed)
    return [OfPair(key)]


@damage
def a_figure_that_nobody_knows(scene: Scene) -> list[Named]:
    key = scene.pair()
    scene.raw.put_sums(key, {**scene.truth[key], scene.chance.choice(["bytes", "b05", "Flows", "flow"]): 7})
    return [OfPair(key)]


@damage
def a_day_that_there_is_not(scene: Scene) -> list[Named]:
    key = scene.pair()
    day = scene.chance.choice(["00", "32", "5", "005"])
    scene.raw.put_sums(key, {**scene.truth[key], f"f{day}": 1, f"d{day}": 1, f"p{day}": 1})
    return [OfPair(key)]


@damage
def a_figure_of_a_day_that_is_in_no_file(scene: Scene) -> list[Named]:
    key = scene.pair()
    day = scene.one({f"{day:02}" for day in range(1, 32)} - set(days_of(scene.truth[key])))
    return scene.change(key, {scene.chance.choice("fdp") + day: 1})


@damage_to("a database")
def a_text_of_sums_cut_short(scene: Scene) -> list[Named]:
    key = scene.pair()
    text = json.dumps(scene.truth[key], separators=(",", ":"))
    scene.raw.put_sums(key, text[: scene.chance.randrange(len(text))])
    return [OfPair(key)]


@damage_to("a database")
def a_figure_twice_in_the_text_of_sums(scene: Scene) -> list[Named]:
    key = scene.pair()
    text = json.dumps(scene.truth[key], separators=(",", ":"))
    scene.raw.put_sums(key, '{"flows":999,' + text[1:])
    return [OfPair(key)]


@damage_to("a database")
def sums_in_a_list(scene: Scene) -> list[Named]:
    key = scene.pair()
    scene.raw.put_sums(key, scene.chance.choice(["[]", "null", "0", '"{}"', ""]))
    return [OfPair(key)]


@damage
def a_running_total_missing(scene: Scene) -> list[Named]:
    key = scene.pair()
    return scene.change(key, {scene.one(name for name in _RUNNING if name in scene.truth[key]): None})
