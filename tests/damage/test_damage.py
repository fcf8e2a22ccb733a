from __future__ import annotations

import random
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.rebuild import rebuild
from tests.damage import DAMAGES
from tests.damage.finding import audited, damaged, missed
from tests.damage.scene import Scene
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.damage.conftest import Place
    from tests.damage.raw import Raw
    from tests.damage.scene import Named

LOCAL = sorted(name for name, damage in DAMAGES.items() if damage.where != "a deployment" and not damage.unproven)
CLOUD = sorted(name for name, damage in DAMAGES.items() if damage.where != "a database" and not damage.unproven)
UNPROVEN = sorted(name for name, damage in DAMAGES.items() if damage.unproven)


def surely_damaged(raw: Raw, name: str) -> list[Named]:
    # Some draws find nothing of the kind, as another file of a site that has but one.
    seeds = range(crc32(name.encode()), crc32(name.encode()) + 50)
    return next(named for seed in seeds if (named := damaged(raw, [name], seed)))


def test_a_furnished_database_has_nothing_that_differs(local_places: Callable[[], Place]) -> None:
    assert audited(local_places().store) == []


def test_a_furnished_deployment_has_nothing_that_differs(cloud_places: Callable[[], Place]) -> None:
    assert audited(cloud_places().store) == []


@pytest.mark.parametrize("name", LOCAL)
def test_damage_to_a_database_is_named(name: str, local_places: Callable[[], Place]) -> None:
    place = local_places()
    named = surely_damaged(place.raw, name)
    assert missed(named, audited(place.store)) == []


@pytest.mark.parametrize("name", CLOUD)
def test_damage_to_a_deployment_is_named(name: str, cloud_places: Callable[[], Place]) -> None:
    place = cloud_places()
    named = surely_damaged(place.raw, name)
    assert missed(named, audited(place.store)) == []


@pytest.mark.parametrize("name", UNPROVEN)
def test_what_nothing_else_speaks_of_is_not_taken_for_damage(name: str, local_places: Callable[[], Place]) -> None:
    place = local_places()
    surely_damaged(place.raw, name)
    assert audited(place.store) == []


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(LOCAL), min_size=1, max_size=4), seed=st.integers(0, 2**32))
def test_damage_of_several_kinds_to_a_database_is_named_one_and_all(
    names: list[str], seed: int, local_places: Callable[[], Place]
) -> None:
    place = local_places()
    named = damaged(place.raw, names, seed)
    assert missed(named, audited(place.store)) == []
    place.store.close()


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(CLOUD), min_size=1, max_size=4), seed=st.integers(0, 2**32))
def test_damage_of_several_kinds_to_a_deployment_is_named_one_and_all(
    names: list[str], seed: int, cloud_places: Callable[[], Place]
) -> None:
    place = cloud_places()
    named = damaged(place.raw, names, seed)
    assert missed(named, audited(place.store)) == []


def test_a_rebuild_leaves_what_a_file_added_of_which_the_head_cannot_be_read(
    local_places: Callable[[], Place],
) -> None:
    place = local_places()
    before = place.raw.sums()
    scene = Scene(place.raw, random.Random(1))  # noqa: S311 (any file will do)
    place.raw.put_file(scene.file(scene.is_in), head="{")
    list(rebuild(place.store, wait=lambda _: None))
    assert place.raw.sums() == before


def test_one_path_that_cannot_be_read_hides_no_other(local_places: Callable[[], Place]) -> None:
    place = local_places()
    scene = Scene(place.raw, random.Random(1))  # noqa: S311 (nothing is drawn)
    (site, first), (_, last) = min(scene.paths), max(where for where in scene.paths if where[0] == min(scene.paths)[0])
    place.raw.put_refusal(site, first, "[")
    place.raw.put_refusal(site, last, "[")
    found = audited(place.store)
    assert [(each.site, each.paths) for each in found] == [(site, (first,)), (site, (last,))]
