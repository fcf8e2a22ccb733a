"""What a deployment is made of: two templates, what runs in them, and what they cost; each can be put in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from iotagg import __version__

# The parameters of the stack's template that iotagg fills in, as far as it has them.
PACKAGES_BUCKET = "PackagesBucket"
FUNCTIONS_PACKAGE = "FunctionsPackage"
WORKER_PACKAGE = "WorkerPackage"
RELEASE = "Release"
# The parameters that say for which processors packages are built, and whether machines need one.
ARCHITECTURE, _USUAL_ARCHITECTURE = "Architecture", "arm64"
COMPUTE, _FUNCTIONS_ONLY = "Compute", "lambda"


class Package(Protocol):
    """A file for functions or workers to run, under a key that depends on its content alone."""

    @property
    def file(self) -> Path:
        """Where it lies."""

    @property
    def bytes(self) -> int:
        """How long it is."""

    @property
    def key(self) -> str:
        """Its key in the bucket of packages."""


Builder = Callable[[Mapping[str, str], Path], Package | None]  # from the stack's parameters, into a folder
Estimate = Callable[[Mapping[str, str]], Iterable[str]]  # from the stack's parameters, lines to read


@dataclass(frozen=True, slots=True)
class Ingredients:
    """The templates' texts, a builder for each parameter that takes a package's key, and the estimate of costs.

    A builder returns None where these parameters need no package.
    """

    template: str
    packages_template: str
    builders: Mapping[str, Builder]
    estimate: Estimate = lambda _: ()
    version: str = __version__


def shipped() -> Ingredients:
    """Return those of this version of iotagg."""
    # By their names, since they come from others.
    template = import_module("iotagg.deployment.template")
    package = import_module("iotagg.deployment.package")
    costs = import_module("iotagg.deployment.costs")
    return Ingredients(
        template=template.as_text(template.stack_template()),
        packages_template=template.as_text(template.packages_template()),
        builders={
            FUNCTIONS_PACKAGE: lambda parameters, folder: package.build_functions(_architecture(parameters), folder),
            WORKER_PACKAGE: lambda parameters, folder: (
                package.build_worker(_architecture(parameters), folder) if _needs_machines(parameters) else None
            ),
        },
        estimate=cast("Estimate", costs.estimate),
    )


def _architecture(parameters: Mapping[str, str]) -> str:
    return parameters.get(ARCHITECTURE, _USUAL_ARCHITECTURE)


def _needs_machines(parameters: Mapping[str, str]) -> bool:
    return parameters.get(COMPUTE, _FUNCTIONS_ONLY) != _FUNCTIONS_ONLY
