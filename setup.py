"""Finds the packages, and compiles the recurrences for usual x86-64 processors if ONLSTM_PREBUILT is set.

Everything else is in setup.cfg. Without the recurrences a wheel is for any machine and compiles
at first use.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

sys.path.insert(0, str(Path(__file__).parent))
PREBUILT = bool(os.environ.get("ONLSTM_PREBUILT"))


class Build(build_py):
    def run(self) -> None:
        super().run()
        if PREBUILT and not self.editable_mode:
            from onlstm_parse.ops import processors

            folder = Path(self.build_lib) / "onlstm_parse" / "ops" / processors.PREBUILT
            folder.mkdir(parents=True, exist_ok=True)
            commands = [processors.compile_command(kind, folder) for kind in processors.KINDS]
            running = [subprocess.Popen(command) for command in commands]
            if any(process.wait() for process in running):
                raise SystemExit("the recurrences could not be compiled")


class WithLibraries(Distribution):
    def has_ext_modules(self) -> bool:
        return PREBUILT


PACKAGES = [*find_packages(include=["onlstm_parse", "onlstm_parse.*"]), "onlstm_parse.builtin"]

setup(packages=PACKAGES, cmdclass={"build_py": Build}, distclass=WithLibraries)
