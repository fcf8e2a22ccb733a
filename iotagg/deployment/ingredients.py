"""What a deployment is made of: two templates, what runs in them, and what they cost; each can be put in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from iotagg import __version__
from iotagg.costs.quote import quote
from iotagg.deployment import template
from iotagg.deployment.tailoring import tailored
from iotagg.packaging.package import build_functions, build_page, build_worker

if TYPE_CHECKING:
    from iotagg.costs.traffic import Traffic

# The parameters of the stack's template that iotagg fills in, as far as it has them.
PACKAGES_BUCKET = "PackagesBucket"
FUNCTIONS_PACKAGE = "FunctionsPackage"
WORKER_PACKAGE = "WorkerPackage"
PAGE_PACKAGE = "PagePackage"
RELEASE = "Release"
# The parameters that say for which processors packages are built, and whether machines and the page need one.
ARCHITECTURE, _USUAL_ARCHITECTURE = "Architecture", "arm64"
COMPUTE, _FUNCTIONS_ONLY = "Compute", "lambda"
PAGES, _WITH_PAGES = "Pages", "yes"


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

    @property
    def note(self) -> str:
        """What it goes without and what to do about it; empty where nothing is missing."""


Builder = Callable[[Mapping[str, str], Path], Package | None]  # from the stack's parameters, into a folder
Estimate = Callable[[Mapping[str, str], str], Iterable[str]]  # from the stack's parameters and region, lines to read
Tailor = Callable[[Mapping[str, str]], str]  # from the stack's parameters, the template for what they choose


@dataclass(frozen=True, slots=True)
class Ingredients:
    """The templates' texts, a builder for each parameter that takes a package's key, and the estimate of costs.

    `tailor` returns the template without the parts that the parameters do not ask for; without it, all is sent. A
    builder returns None where these parameters need no package.
    """

    template: str
    packages_template: str
    builders: Mapping[str, Builder]
    estimate: Estimate = lambda *_: ()
    version: str = __version__
    tailor: Tailor | None = None

    def template_for(self, parameters: Mapping[str, str]) -> str:
        """Return the text of the template for these parameters."""
        return self.tailor(parameters) if self.tailor else self.template


def shipped(traffic: Traffic) -> Ingredients:
    """Return those of this version of iotagg, with the estimate for so much traffic."""
    whole = template.stack_template()
    return Ingredients(
        template=template.as_text(whole),
        tailor=lambda parameters: template.as_text(tailored(whole, parameters)),
        packages_template=template.as_text(template.packages_template()),
        builders={
            FUNCTIONS_PACKAGE: lambda parameters, folder: build_functions(_architecture(parameters), folder),
            WORKER_PACKAGE: lambda parameters, folder: (
                build_worker(_architecture(parameters), folder) if _needs_machines(parameters) else None
            ),
            PAGE_PACKAGE: lambda parameters, folder: (
                build_page(_architecture(parameters), folder) if parameters.get(PAGES) == _WITH_PAGES else None
            ),
        },
        estimate=partial(quote, traffic),
    )


def _architecture(parameters: Mapping[str, str]) -> str:
    return parameters.get(ARCHITECTURE, _USUAL_ARCHITECTURE)


def _needs_machines(parameters: Mapping[str, str]) -> bool:
    return parameters.get(COMPUTE, _FUNCTIONS_ONLY) != _FUNCTIONS_ONLY
