"""What a change set needs before it can be asked for: packages in their bucket, and what iotagg fills in by itself."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotagg.aws.change_sets import MOST_BODY_BYTES
from iotagg.deployment.ingredients import PACKAGES_BUCKET, RELEASE
from iotagg.deployment.outline import Outline
from iotagg.sources import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from iotagg.deployment.following import Tell
    from iotagg.deployment.ingredients import Ingredients, Package
    from iotagg.deployment.packages import Shelf

    Progress = Callable[[int], AbstractContextManager[Callable[[int], object]]]

_LONGEST_BUCKET = 63  # characters of a bucket's name


@contextmanager
def unseen(_: int) -> Iterator[Callable[[int], object]]:
    """Show no progress."""
    yield no_progress


def own_parameters(ingredients: Ingredients) -> dict[str, str]:
    """Return the parameters that iotagg fills in by itself, as long as it knows nothing of them."""
    return dict.fromkeys([PACKAGES_BUCKET, RELEASE, *ingredients.builders], "")


def build(template: Outline, ingredients: Ingredients, values: Mapping[str, str], folder: Path) -> dict[str, Package]:
    """Build the packages that a template asks for into a folder, and return them by their parameters."""
    built = {
        parameter: build_one(values, folder)
        for parameter, build_one in ingredients.builders.items()
        if parameter in template.parameters
    }
    return {parameter: package for parameter, package in built.items() if package}


def stock(
    shelf: Shelf, ingredients: Ingredients, packages: Mapping[str, Package], tell: Tell, progress: Progress
) -> list[Package]:
    """Make the bucket for packages, put those into it that are not there, and return these. Raises CloudError."""
    shelf.make(Outline.parse(ingredients.packages_template), ingredients.version, tell)
    sent = []
    for package in packages.values():
        with progress(package.bytes) as passed:
            new = shelf.put(package, passed)
        if new:
            tell(f"sent     {package.key} ({package.bytes:,} bytes)")
            sent.append(package)
    return sent


def filled(shelf: Shelf, values: Mapping[str, str], packages: Mapping[str, Package]) -> dict[str, str]:
    """Return what iotagg fills in: where the packages lie, and a digest of them and of all parameters.

    A dry run before the first deployment has no bucket yet; its name is not looked at until a function is made.
    """
    keys = {parameter: package.key for parameter, package in packages.items()}
    bucket = shelf.bucket or shelf.stack.lower()[:_LONGEST_BUCKET].rstrip("-")
    content = json.dumps({**values, **keys}, sort_keys=True)
    return {PACKAGES_BUCKET: bucket, RELEASE: hashlib.sha256(content.encode()).hexdigest(), **keys}


@contextmanager
def source(template: Outline, shelf: Shelf, *, dry_run: bool) -> Iterator[tuple[str, str, str]]:
    """Give the template itself, or its address, or why CloudFormation cannot be asked; "" for the others."""
    if template.bytes <= MOST_BODY_BYTES:
        yield template.text, "", ""
    elif not dry_run:
        yield "", shelf.put_template(template), ""
    elif shelf.bucket:
        with shelf.lent(template) as address:
            yield "", address, ""
    else:
        yield (
            "",
            "",
            f"the template has {template.bytes:,} bytes, and its bucket {shelf.stack} is not made by a dry run",
        )
