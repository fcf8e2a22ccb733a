"""What is in the packages, and that nothing else is needed and nothing is for nothing."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.errors import InvalidValue
from iotagg.packaging.bill_of_materials import PLACE
from iotagg.packaging.imports import reached
from iotagg.packaging.optional_parts import SCANNER
from iotagg.packaging.package import (
    ARCHITECTURES,
    FUNCTIONS,
    RUNTIME,
    SDK,
    SERVICES,
    WORKER,
    Package,
    build_functions,
    main,
)
from tests.examples import long_only
from tests.packaging.runtime import environment, runtime_python, sdk_in
from tests.project.tree import ROOT, project_files

if TYPE_CHECKING:
    from tests.packaging.made import Made

LIMIT = 10_000_000  # bytes; far below what Lambda takes, so that a deployment takes seconds

# Imports a program's modules, then all other modules of ours in its package, and tells what was loaded.
IMPORT_ALL = """
import json, sys
from importlib import import_module
package, beside, modules = json.loads(sys.argv[1])
sys.path[1:1] = [package, *beside]
for name in modules:
    import_module(name)
outside = [
    module.__file__ for module in list(sys.modules.values())
    if (getattr(module, "__file__", None) or "").find("site-packages") >= 0
]
print(json.dumps([sorted(sys.modules), outside]))
"""


def modules_in(places: list[str], program: str) -> list[str]:
    """Return the modules of this project in a package, those of its program first: they have to load by themselves."""
    ours = [place for place in places if place.startswith(("iotagg/", f"{program}/")) and place.endswith(".py")]
    ours.sort(key=lambda place: not place.startswith(program))
    return [place.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for place in ours]


def imported_by(python: Path | str, made: Made, beside: list[Path], program: str) -> set[str]:
    """Import all of ours in a package with nothing but `beside`, and return which modules are loaded then."""
    modules = modules_in(made.places, program)
    given = json.dumps([str(made.folder), [str(folder) for folder in beside], modules])
    command = [python, "-S", "-c", IMPORT_ALL, given]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=environment())
    assert run.returncode == 0, run.stderr
    loaded, outside = json.loads(run.stdout)
    assert outside == []
    return set(loaded)


def top_level(name: str) -> set[str]:
    files = distribution(name).files or ()
    return {file.parts[0].removesuffix(".py") for file in files if file.suffix == ".py" and file.parts[0] != ".."}


@pytest.mark.parametrize("python", ["this", RUNTIME])
def test_the_functions_need_their_package_and_the_runtimes_sdk_and_all_that_is_in_it(
    functions: Made, tmp_path: Path, python: str
) -> None:
    chosen = runtime_python() if python == RUNTIME else sys.executable
    loaded = imported_by(chosen, functions, [sdk_in(tmp_path / "sdk")], "lambda_handlers")
    assert [name for name in FUNCTIONS if not top_level(name) & loaded] == []


@pytest.mark.parametrize("python", [pytest.param("this", marks=long_only), RUNTIME])
def test_the_worker_needs_its_package_and_nothing_else_and_all_that_is_in_it(worker: Made, python: str) -> None:
    loaded = imported_by(runtime_python() if python == RUNTIME else sys.executable, worker, [], "vm_worker")
    # Some of it is imported where it is used only.
    assert [name for name in WORKER if not top_level(name) & (loaded | imported_anywhere("vm_worker"))] == []


def test_a_package_lacks_what_its_program_does_not_use(functions: Made, worker: Made) -> None:
    for made, foreign in ((functions, "vm_worker"), (worker, "lambda_handlers")):
        tops = {place.partition("/")[0] for place in made.places}
        assert not tops & {foreign, "numpy", "matplotlib", "tqdm", "roto", "bench", "tests"}
        assert not [place for place in made.places if place.startswith(("iotagg/sample", "iotagg/drawing"))]
    assert not [place for place in functions.places if place.startswith("iotagg/cli")]
    assert not {place.partition("/")[0] for place in functions.places} & set().union(*map(top_level, SDK))
    assert "aws_lambda_powertools" not in {place.partition("/")[0] for place in worker.places}


def test_a_package_has_no_tests_no_stubs_and_no_leftovers(functions: Made, worker: Made) -> None:
    for place in functions.places + worker.places:
        path = Path(place)
        assert not {"tests", "test", "examples"} & set(path.parts), place
        assert path.suffix != ".pyi", place
        assert path.suffix != ".so" or place == SCANNER, place
        assert path.name not in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "py.typed"}, place
        assert path.suffix != ".pyc" or path.name.endswith(".cpython-313.pyc"), place
        assert ".." not in path.parts, place


def nodes_of(program: str) -> list[ast.AST]:
    modules = [f"{program}.{file.stem}" for file in (ROOT / program).glob("*.py")]
    trees = [ast.parse(file.read_bytes()) for file in reached(modules).files.values() if file.suffix == ".py"]
    return [node for tree in trees for node in ast.walk(tree)]


def imported_anywhere(program: str) -> set[str]:
    return {
        node.module.partition(".")[0] for node in nodes_of(program) if isinstance(node, ast.ImportFrom) and node.module
    }


def asked_for(program: str) -> set[str]:
    calls = [node for node in nodes_of(program) if isinstance(node, ast.Call) and node.args]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "client" and isinstance(call.args[0], ast.Constant)
    }


def test_the_worker_has_the_clients_that_it_asks_for_and_no_others(worker: Made) -> None:
    data = [Path(place).parts for place in worker.places if place.startswith("botocore/data/")]
    assert {parts[2] for parts in data if len(parts) > 3} == SERVICES == asked_for("vm_worker") | {"sts"}
    common = {parts[2] for parts in data if len(parts) == 3}
    assert common >= {"endpoints.json", "partitions.json", "_retry.json", "sdk-default-configuration.json"}
    assert "botocore/cacert.pem" in worker.places  # there is no other list of authorities on the machine


def test_the_worker_brings_its_unit_and_its_containerfile(worker: Made) -> None:
    assert {"vm_worker/Containerfile", "vm_worker/iotagg-worker-unpacked.service"} <= set(worker.places)


def test_a_package_says_what_it_is(functions: Made) -> None:
    package = functions.package
    content = package.file.read_bytes()
    assert package.sha256 == hashlib.sha256(content).hexdigest()
    assert package.bytes == len(content) < LIMIT
    assert package.key == package.file.name == f"functions-0.1.0-arm64-{package.sha256[:16]}.zip"
    with zipfile.ZipFile(package.file) as archive:
        assert package.unzipped == sum(entry.file_size for entry in archive.infolist())


def test_the_worker_is_small(worker: Made) -> None:
    assert worker.package.bytes < LIMIT


def test_another_architecture_is_another_key(functions: Made, tmp_path: Path) -> None:
    other = build_functions("x86_64", tmp_path)
    assert other.key == f"functions-0.1.0-x86_64-{other.sha256[:16]}.zip" != functions.package.key


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=f"no architecture m68k: it has to be one of {', '.join(ARCHITECTURES)}"):
        build_functions("m68k", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["worker", "m68k", "."], "iotagg: no architecture m68k: it has to be one of arm64, x86_64"),
        (["all", "arm64", "."], "usage: python -m iotagg.packaging.package functions|page|worker arm64|x86_64 FOLDER"),
        ([], "usage: python -m iotagg.packaging.package functions|page|worker arm64|x86_64 FOLDER"),
    ],
)
def test_a_call_that_makes_no_sense_is_answered_in_a_line(
    arguments: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["package", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == text


def test_the_entries_of_a_zip_tell_nothing_of_who_made_it(functions: Made) -> None:
    assert functions.places == sorted(functions.places)
    with zipfile.ZipFile(functions.package.file) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == 0o100644
            assert (entry.create_system, entry.extra, entry.comment) == (3, b"", b"")


def made_elsewhere(folder: Path, cwd: Path, path: Path, umask: int, **environment: str) -> dict[str, bytes]:
    """Make both packages in another process and return their contents by their keys."""
    given = {**os.environ, "PYTHONPATH": str(path), **environment}
    for kind in ("functions", "worker"):
        command = [sys.executable, "-m", "iotagg.packaging.package", kind, "arm64", str(folder)]
        subprocess.run(command, cwd=cwd, env=given, umask=umask, check=True, capture_output=True)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def made_here(*made: Made) -> dict[str, bytes]:
    return {each.package.key: each.package.file.read_bytes() for each in made}


def test_where_when_and_by_whom_a_package_is_made_changes_no_byte(
    functions: Made, worker: Made, tmp_path: Path
) -> None:
    strange = {"PYTHONHASHSEED": "2", "TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONOPTIMIZE": "2"}
    elsewhere = made_elsewhere(tmp_path / "another" / "place", tmp_path, ROOT, umask=0o077, **strange)
    assert elsewhere == made_here(functions, worker)


def test_what_a_wheel_carries_makes_the_same_packages_as_a_clone(functions: Made, worker: Made, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="no setuptools in this environment to say what a wheel carries")
    carried = carried_by_a_wheel(tmp_path)
    for top in ("iotagg", "lambda_handlers", "vm_worker", "cloudformation"):
        there = [file.relative_to(ROOT) for file in project_files() if file.is_relative_to(ROOT / top)]
        there = [file for file in there if file.suffix not in {".c", ".h"}]  # they are compiled, and no more needed
        assert [str(file) for file in there if not (carried / file).is_file()] == []
    assert made_elsewhere(tmp_path / "made", tmp_path, carried, umask=0o022) == made_here(functions, worker)


def carried_by_a_wheel(tmp_path: Path) -> Path:
    # A wheel is what this step of its build gathers, and metadata. It is done in a copy: it leaves files behind.
    clone, carried = tmp_path / "clone", tmp_path / "carried"
    suffixes = {
        "",
        ".py",
        ".pyi",
        ".cfg",
        ".toml",
        ".md",
        ".yaml",
        ".service",
        ".typed",
        ".json",
        ".js",
        ".css",
        ".html",
        ".svg",
    }
    for file in project_files():
        if file.suffix in suffixes:
            copy = clone / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    for file in ROOT.glob("iotagg/**/*.so"):  # where they were built; another step of a wheel's build does it
        copy = carried / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    gather = "from setuptools import setup; setup()"
    command = [sys.executable, "-c", gather, "build_py", "--build-lib", str(carried)]
    subprocess.run(command, cwd=clone, capture_output=True, check=True)
    return carried


def bill_of(made: Made) -> dict[str, Any]:
    bill: dict[str, Any] = json.loads(made.read(PLACE))
    return bill


def test_a_package_says_what_is_in_it_and_under_which_licence(functions: Made, worker: Made) -> None:
    for made, names in ((functions, FUNCTIONS), (worker, WORKER)):
        bill = bill_of(made)
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
        itself = bill["metadata"]["component"]
        assert (itself["name"], itself["licenses"]) == ("iotagg", [{"license": {"name": "MIT"}}])
        assert "license = MIT\n" in (ROOT / "setup.cfg").read_text("utf-8")
        found = {(each["name"], each["version"]) for each in bill["components"]}
        assert found == {(distribution(name).name, distribution(name).version) for name in names}
        assert all(each["licenses"][0]["license"]["name"] for each in bill["components"])


def test_each_distribution_brings_its_licence_and_its_metadata(functions: Made, worker: Made) -> None:
    for made in (functions, worker):
        of = {Path(place).parts[0]: set[str]() for place in made.places if ".dist-info/" in place}
        for place in made.places:
            of.get(Path(place).parts[0], set()).add(Path(place).name.partition(".")[0].upper())
        own = f"iotagg-{bill_of(made)['metadata']['component']['version']}.dist-info"
        assert of.pop(own) == {"LICENSE"}
        assert len(of) == len(bill_of(made)["components"])
        assert [name for name, files in of.items() if "METADATA" not in files] == []
        assert [name for name, files in of.items() if not files & {"LICENSE", "LICENCE", "COPYING"}] == []


def test_every_place_that_names_pythons_version_names_the_runtimes(worker: Made) -> None:
    assert f"env {RUNTIME} -m vm_worker" in worker.read("vm_worker/iotagg-worker-unpacked.service").decode()
    assert f"{RUNTIME.replace('python', 'python:')}-slim" in worker.read("vm_worker/Containerfile").decode()


def test_a_package_is_a_value() -> None:
    assert Package(Path("a/b.zip"), "00", 1, 2).key == "b.zip"
