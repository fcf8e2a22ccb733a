"""What is kept of a file, taken out to be damaged."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.damage.raw import File
    from tests.damage.scene import Kept, Scene


def bytes_of(scene: Scene, name: File) -> tuple[bytes, int]:
    """Return what is stored, and where its first chunk begins."""
    stored = scene.raw.stored(name)
    assert stored is not None
    return stored, len(stored) - sum(length for _, length in scene.files[name]["head"]["chunks"])


def edited(scene: Scene, name: File) -> Kept:
    """Return a copy of a contribution, to be changed and put back."""
    return copy.deepcopy(scene.kept[name])
