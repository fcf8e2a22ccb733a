"""The one part of the build that cannot be declared: the compiled scanner, without which iotagg works too."""

from setuptools import Extension, setup

STABLE_ABI = "0x030B0000"  # Python 3.11 and later

setup(
    ext_modules=[
        Extension(
            "iotagg.core._scanner",
            ["iotagg/core/scanner/module.c", "iotagg/core/scanner/scan.c"],
            depends=["iotagg/core/scanner/scan.h", "iotagg/core/scanner/vector.h"],
            define_macros=[("Py_LIMITED_API", STABLE_ABI)],
            extra_compile_args=["-std=c11", "-O3", "-fvisibility=hidden"],
            py_limited_api=True,
            optional=True,  # without a compiler it is left out, and Python reads alone
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
