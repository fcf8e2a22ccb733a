"""The packages of a deployment: what Lambda runs, and what a worker's machine runs that has only Python.

They are made from what is installed: the distributions that were tested are those that are sent, and no network and no
installer is needed. Only the page needs compiled parts, which pip fetches where those that are installed would not run
there. The same contents give the same bytes, and so the same key.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from iotagg import __version__
from iotagg.errors import InvalidValue, IotaggError
from iotagg.packaging import bill_of_materials, machine_code
from iotagg.packaging.archive import archived
from iotagg.packaging.byte_code import compiled
from iotagg.packaging.distributions import installed, own_licence
from iotagg.packaging.fetched import for_machine
from iotagg.packaging.imports import home, reached
from iotagg.packaging.optional_parts import SCANNER, fitting, scanner_for, without_scanner

ARCHITECTURES = ("arm64", "x86_64")
RUNTIME = "python3.13"

# What Lambda's runtime brings along. https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
FUNCTIONS = ("aws_lambda_powertools", "pynamodb", "tenacity", "typing_extensions")
PAGE = (
    "annotated_doc",
    "annotated_types",
    "anyio",
    "chartkick",
    "fastapi",
    "idna",
    "mangum",
    "opentelemetry_api",
    "pydantic",
    "PyJWT",
    "pynamodb",
    "starlette",
    "tenacity",
    "typing_extensions",
    "typing_inspection",
)
PAGE_COMPILED = ("cffi", "cryptography", "pydantic_core")
WORKER = ("click", "platformdirs", "pynamodb", "tenacity", *SDK)
QUICKER = ("isal",)  # wherever it runs; without it the same is done in more time
SERVICES = frozenset(("cloudformation", "dynamodb", "s3", "sqs", "sts"))  # STS: for credentials of an assumed role
DATA = ("*.service", "Containerfile")  # what lies beside a program's modules
_FOR_PAGE = "web"  # the handler that has a package of its own: the others shall start without what it needs


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was made: its file, the SHA-256 of that, its size, and the size of what is in it, in bytes.

    `note` says what it goes without and what to do about it; "" where nothing is missing.
    """

    file: Path
    sha256: str
    bytes: int
    unzipped: int
    note: str = ""

    @property
    def key(self) -> str:
        """The name that it has in a bucket, which says what it is: another content has another key."""
        return self.file.name


def build_functions(architecture: str, folder: Path) -> Package:
    """Make the package of the Lambda functions. Raises InvalidValue, MissingExtra, NotPackable."""
    return _build(Contents("functions", "lambda_handlers", FUNCTIONS, but=(_FOR_PAGE,)), architecture, folder)


def build_page(architecture: str, folder: Path) -> Package:
    """Make the package of the function behind the page. Raises InvalidValue, MissingExtra, NotPackable."""
    wanted = Contents("page", "lambda_handlers", PAGE, PAGE_COMPILED, only=_FOR_PAGE, assets="web/page", extra="pages")
    return _build(wanted, architecture, folder)


def build_worker(architecture: str, folder: Path) -> Package:
    """Make the package of `python -m vm_worker`. Raises InvalidValue, MissingExtra, NotPackable."""
    return _build(Contents("worker", "vm_worker", WORKER), architecture, folder)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be in a package: modules of a program, and distributions, of which `compiled` have compiled parts.

    Of the program all modules, but some or only one; `assets` is a folder of iotagg that it reads, `extra`
    the one of iotagg that brings the distributions along.
    """

    kind: str
    program: str
    others: tuple[str, ...]
    compiled: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    only: str = ""
    assets: str = ""
    extra: str = "aws"

    @property
    def modules(self) -> list[str]:
        """The modules of the program that are wanted."""
        found = [file.stem for file in sorted(home(self.program).glob("*.py")) if file.stem not in self.but]
        return [f"{self.program}.{name}" for name in found if self.only in {"", name}]


def _build(wanted: Contents, architecture: str, folder: Path) -> Package:
    if architecture not in ARCHITECTURES:
        raise InvalidValue(f"no architecture {architecture}: it has to be one of {', '.join(ARCHITECTURES)}")
    files = contents(wanted, architecture)
    for place, content in files.items():
        machine_code.check(place, content, architecture, RUNTIME)
    files |= compiled({place: content for place, content in files.items() if place.endswith(".py")}, RUNTIME)
    zipped = archived(files)
    digest = hashlib.sha256(zipped).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{wanted.kind}-{__version__}-{architecture}-{digest[:16]}.zip"
    file.write_bytes(zipped)
    note = "" if SCANNER in files else without_scanner(architecture, RUNTIME, ARCHITECTURES)
    return Package(file, digest, len(zipped), sum(map(len, files.values())), note)


def contents(wanted: Contents, architecture: str) -> dict[str, bytes]:
    """Return the files of a package by their place: a program, what it imports, and the bill of materials."""
    beside = home(wanted.program)
    found = reached(wanted.modules).files
    ours = {place: file for place, file in found.items() if not machine_code.is_compiled(place)}
    ours |= {f"{wanted.program}/{file.name}": file for pattern in DATA for file in beside.glob(pattern)}
    if wanted.assets:
        ours |= {f"iotagg/{wanted.assets}/{file.name}": file for file in (home("iotagg") / wanted.assets).iterdir()}
    distributions = [installed(name, SERVICES, wanted.extra) for name in wanted.others]
    distributions += fitting(QUICKER, architecture, RUNTIME)
    with tempfile.TemporaryDirectory() as folder:
        distributions += for_machine(wanted.compiled, architecture, RUNTIME, Path(folder), wanted.extra)
        files = {place: file for each in distributions for place, file in each.files.items()}
        read = {place: file.read_bytes() for place, file in (files | ours).items()}
    if (scanner := scanner_for(architecture, RUNTIME)) is not None:
        read[SCANNER] = scanner
    read[f"iotagg-{__version__}.dist-info/licenses/LICENSE"] = own_licence(beside.parent)
    read[bill_of_materials.PLACE] = bill_of_materials.bill_of_materials(wanted.kind, distributions)
    return read


def main() -> None:
    """Make one package, as `python -m iotagg.packaging.package worker arm64 FOLDER`, and print its file."""
    builds = {"functions": build_functions, "page": build_page, "worker": build_worker}
    if len(sys.argv) != 4 or sys.argv[1] not in builds:  # noqa: PLR2004 (as the usage says)
        sys.exit(f"usage: python -m iotagg.packaging.package {'|'.join(builds)} {'|'.join(ARCHITECTURES)} FOLDER")
    try:
        package = builds[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    except IotaggError as error:
        sys.exit(f"iotagg: {error}")
    if package.note:
        print(f"iotagg: {package.note}", file=sys.stderr)  # noqa: T201 (for a person to read)
    print(package.file)  # noqa: T201 (for the shell to read)


if __name__ == "__main__":
    main()
