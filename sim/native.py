# SPDX-License-Identifier: Apache-2.0
"""Builds a top with a C++ program around it instead of cocotb: the floor of simulation speed.

    program = native.build("smmu_wrap_default", ROOT / "tb/bench/speed/loop.cpp")

Flags are those of the benches that Python drives (sim/runner.py), without VPI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sim import runner
from sim import sources as library
from sim.options import BUILD_ROOT


def _commands(top: str, main: Path, files: list[Path], folder: Path) -> list[list[str]]:
    include = sorted({header.parent for header in library.headers_of(files)})
    verilate = [
        "verilator", "-cc", "--exe", *runner.VERILATOR_STRICT, "-Wno-fatal", *runner.VERILATOR_FAST,
        "-Mdir", str(folder), "--top-module", top, "--prefix", "Vtop", "-o", "program",
        *runner.VERILATOR_MODEL, "-CFLAGS", "-std=c++20", *(f"-I{d}" for d in include),
        str(main), str(runner.LINT_VLT), *map(str, files),
    ]  # fmt: skip
    make = ["make", "-j", str(min(2, os.cpu_count() or 1)), "-C", str(folder), "-f", "Vtop.mk",
            *runner.MAKE_FLAGS, runner.MAKE_FAST]  # fmt: skip
    return [verilate, make]


def build(top: str, main: Path) -> Path:
    """The program of `top` (all parameters at their defaults) with the main function of `main`.

    BuildError when Verilator or the compiler refuses.
    """
    files = library.closure(top)
    flags = [" ".join(command) for command in _commands(top, main, files, Path("DIR"))]
    inputs = [main, *files, *library.headers_of(files), runner.LINT_VLT]
    key = runner.content_key(flags, inputs)
    folder = BUILD_ROOT / "verilator" / f"native-{top}-{key}"
    program = folder / "program"
    with runner.locked(folder.with_name(folder.name + ".lock")):
        if not (folder / "done").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            runner.compile_in(
                folder, f"{top} with {main.name}", _commands(top, main, files, folder)
            )
            (folder / "done").touch()
    return program


def run(program: Path, *args: str, timeout_s: float = runner.DEFAULT_TIMEOUT_S) -> str:
    """What the program prints; SimulationError when it fails."""
    try:
        done = subprocess.run([str(program), *args], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=timeout_s)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise runner.SimulationError(f"{program.parent.name}: still running after {timeout_s:.0f} s"
                                     ) from None  # fmt: skip
    if done.returncode:
        raise runner.SimulationError(f"{program.parent.name}: {done.stderr.strip()}")
    return done.stdout
