"""The one part of the build that cannot be declared: the compiled scanner, without which iotagg works too.

It is built for this machine where there is a compiler, and for the other processors of Lambda where there is one for
them: zig (`pip install ziglang`), or GCC for another machine. See CONTRIBUTING.md.
"""

import os
import shutil
import sys
import sysconfig
from copy import copy
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

STABLE_ABI = "0x030B0000"  # Python 3.11 and later
OLDEST_GLIBC = "2.17"  # what manylinux_2_17 promises; Lambda's is newer
TRIPLETS = {"arm64": "aarch64-linux-gnu", "x86_64": "x86_64-linux-gnu"}  # as Lambda calls processors, and compilers do


def scanner(name: str) -> Extension:
    """Return the scanner as a module of this name."""
    return Extension(
        name,
        ["iotagg/core/scanner/module.c", "iotagg/core/scanner/scan.c"],
        depends=["iotagg/core/scanner/scan.h", "iotagg/core/scanner/vector.h"],
        define_macros=[("Py_LIMITED_API", STABLE_ABI)],
        extra_compile_args=["-std=c11", "-O3", "-g0", "-fvisibility=hidden"],
        py_limited_api=True,
        optional=True,  # without a compiler it is left out, and Python reads alone
    )


def compiler_for(triplet: str) -> list[str]:
    """Return the command of a compiler for another machine that runs Linux; empty where there is none here."""
    zig = [sys.executable, "-m", "ziglang"] if find_spec("ziglang") else [shutil.which("zig")]
    if zig[0]:
        return [*zig, "cc", "-target", f"{triplet}.{OLDEST_GLIBC}"]
    gcc = shutil.which(f"{triplet}-gcc")
    return [gcc] if gcc else []


def others() -> dict[str, str]:
    """Return the triplets that the scanner is built for beside this machine's, by the module's name."""
    here = sysconfig.get_platform()
    return {
        f"iotagg.packaging.scanners.{processor}._scanner": triplet
        for processor, triplet in TRIPLETS.items()
        if os.name == "posix" and here != f"linux-{triplet.partition('-')[0]}" and compiler_for(triplet)
    }


class BuildScanners(build_ext):
    """Builds each scanner by the compiler for its machine."""

    def build_extension(self, ext: Extension) -> None:
        """Build one scanner; another machine's by its own compiler, in a folder of its own."""
        triplet = others().get(ext.name)
        if triplet is None:
            super().build_extension(ext)
            return
        usual = self.compiler, self.build_temp, ext.include_dirs
        self.compiler, self.build_temp = copy(self.compiler), str(Path(self.build_temp, triplet))
        command = compiler_for(triplet)
        self.compiler.set_executables(
            compiler_so=[*command, "-DNDEBUG", "-fPIC"], linker_so=[*command, "-shared", "-s"]
        )
        ext.include_dirs = [*ext.include_dirs, *self._headers(triplet)]
        try:
            super().build_extension(ext)
        finally:
            self.compiler, self.build_temp, ext.include_dirs = usual

    def _headers(self, triplet: str) -> list[str]:
        # Debian's Python.h looks for a header of each machine; what the stable ABI takes from it is the same on all.
        include = Path(sysconfig.get_path("include"))
        own = include.parent / str(sysconfig.get_config_var("MULTIARCH")) / include.name / "pyconfig.h"
        if not own.is_file():
            return []
        header = Path(self.build_temp, triplet, include.name, own.name)
        header.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(own, header)
        return [self.build_temp]

    def copy_extensions_to_source(self) -> None:
        """Copy what was built into the clone."""
        for ext in self.extensions:
            Path(self.get_ext_fullpath(ext.name)).parent.mkdir(parents=True, exist_ok=True)
        super().copy_extensions_to_source()


setup(
    ext_modules=[scanner(name) for name in ("iotagg.core._scanner", *others())],
    cmdclass={"build_ext": BuildScanners},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
