# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the RTL: the only file that knows simulators, flags, seeds and waves.

    build = runner.build("smmu_ste_fetch", params={"SID_W": 8})
    runner.run(build, module="tests.unit.ste_fetch_tests")

Builds are kept in sim/build/<sim>/<config>-<top>-<hash>, the hash covering sources, headers, flags
and parameters; runs in a folder <test>-s<seed> below. Both may be called from pytest (several
workers at once) or from a program. See `python -m sim.cli help` for the options of the environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cocotb_tools.config
import find_libpython
import yaml

from sim import blackbox, coverage_data, history, selection
from sim import sources as library
from sim.dut import Dut
from sim.dut import of_bench as dut_of_bench
from sim.options import (
    BUILD_ROOT,
    CONFIG_FILE,
    ROOT,
    OptionError,
    Options,
    from_env,
    repro_line,
    shown,
)
from sim.processes import run_process
from sim.results import CaseResult, RunResult, explain, read_results, recover_results

FROM_ENV = "env"  # default of build(config=...): the configuration of the CONFIG variable

TIMESCALE = ("1ns", "1ps")
VENV_BIN = ROOT / ".venv" / "bin"
LINT_VLT = ROOT / "sim" / "lint.vlt"
VERILATOR_MAIN = ROOT / "sim" / "verilator_main.cpp"
STORAGE = "transactor_storage"  # function of it, which Python calls
ICARUS_STRICT = ["-g2005", "-Wall"]
# Waivers live in lint.vlt, each with its reason; nothing is switched off here.
VERILATOR_STRICT = ["-Wall", "--language", "1364-2005"]
VERILATOR_FAST = ["-O3"]  # one flat module: twice the compile time, a faster simulation
# The design skips what nothing asks for, in guarded loops; the optimiser of the dataflow graph
# turns some of them back into expressions that are evaluated every cycle.
VERILATOR_MODEL = ["--x-assign", "unique", "--x-initial", "unique", "-fno-dfg"]
MAKE_FLAGS = ["OPT_GLOBAL=-O2", "CFG_CXXFLAGS_PCH_I=-include"]
# OPT_FAST is the evaluated model, OPT_SLOW its construction: only the first one matters. -O1 is
# compiled soonest; small code is cold for a shorter time after Python ran, more of it (-O2) longer.
MAKE_SOON, MAKE_FAST = "OPT_FAST=-O1", "OPT_FAST=-Os"

# A simulation that says nothing new for ever is a failure, not a wait.
DEFAULT_TIMEOUT_S = 900.0
COVERAGE_DAT = "coverage.dat"  # in the folder of a run
WAVES = "waves.fst"  # there too
TRANSACTORS = ROOT / "tb" / "bfm"
RUNS_VARIABLE = "RUN_FOLDER"  # where simulations run; default: below their build
KEEP_BUILDS_S = 3 * 24 * 3600  # a build unused for longer goes when another one is made


class BuildError(AssertionError):
    """The simulator did not accept the sources."""


class SimulationError(AssertionError):
    """A test failed, the simulator stopped early, or nothing ran."""


@dataclass(frozen=True)
class Build:
    """A compiled design, ready to run."""

    top: str
    sim: str
    config: str | None
    params: Mapping[str, int]
    waves: bool
    fast: bool
    folder: Path
    coverage: bool = False
    dut: Dut | None = None  # what is in the place of smmu_top, if it is not ours


# ---- configurations ---------------------------------------------------------------------------


def config_params(config: str | None) -> dict[str, int]:
    """All parameters of a named configuration (architecture D22); none for None."""
    if config is None:
        return {}
    table = yaml.safe_load(CONFIG_FILE.read_text())
    if config not in table:
        raise OptionError(f"CONFIG={config}: not one of {', '.join(table)}")
    return dict(table[config])


def current_params() -> dict[str, int]:
    """Inside a simulation: what the running design was built with, or, behind DUT=, tells."""
    return blackbox.as_told(json.loads(os.environ.get("SIM_PARAMS", "{}")))


# ---- build ------------------------------------------------------------------------------------


def tool_env() -> dict[str, str]:
    """The environment of every tool: the virtualenv first, ccache where there is one."""
    # The flags of a `make test -j SIM=..` around us are not meant for the make of a build.
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    env["PATH"] = os.pathsep.join([str(VENV_BIN), env.get("PATH", "")])
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    if shutil.which("ccache"):
        env.setdefault("OBJCACHE", "ccache")
        # A build folder is named by its content; without these every folder would miss.
        env.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros,include_file_mtime")
        env.setdefault("CCACHE_BASEDIR", str(ROOT))
        env.setdefault("CCACHE_NOHASHDIR", "1")
    return env


def _public_vlt(
    top: str, files: Sequence[Path], public: Iterable[str], coverage: bool = False
) -> str:
    """What cocotb may touch: inputs of the top, what the bench's Verilog marks, modules asked for.

    Everything public (what cocotb's own runner asks for) costs 3.5 times the run time; each signal
    Python may write is evaluated like an input, so the top and the bench are public to be read, and
    of the transactors only what their Verilog marks.
    """
    bench = {p.stem for p in files if p.is_relative_to(ROOT / "tb")}
    bench -= {p.stem for p in files if p.is_relative_to(TRANSACTORS)}
    top_file = next((p for p in files if p.stem == top), None)
    inputs = library.inputs_of(top_file) if top_file else []
    lines = [f'public_flat_rd -module "{name}" -var "*"' for name in sorted({top, *bench})]
    lines += [f'public_flat_rw -module "{top}" -var "{name}"' for name in inputs]
    lines += [f'public_flat_rw -module "{name}" -var "*"' for name in sorted(public)]
    if coverage:
        lines += [f'coverage_off -file "{ROOT / "tb"}/*"']
    return "\n".join(["`verilator_config", *lines, ""])


def includes(files: Sequence[Path]) -> list[str]:
    """Arguments for the folders of the headers that the files include."""
    return [f"-I{d}" for d in sorted({p.parent for p in library.headers_of(files)})]


def _verilator_commands(b: Build, files: Sequence[Path], defines: Sequence[str],
                        extra: Sequence[str]) -> list[list[str]]:  # fmt: skip
    libs = cocotb_tools.config.libs_dir
    main_dir = cocotb_tools.config.share_dir / "lib" / "verilator"
    trace = ["--trace-fst", "--trace-structs"] if b.waves else []
    cover = coverage_data.args() if b.coverage else []
    verilate = [
        "verilator", "-cc", "--exe", "--vpi", "--timing", *VERILATOR_STRICT, "-Wno-fatal",
        "-Mdir", str(b.folder), "--top-module", b.top, "--prefix", "Vtop", "-o", b.top,
        "--timescale", "/".join(TIMESCALE), *VERILATOR_MODEL,
        "-CFLAGS", f"-std=c++20 -I{main_dir}",
        "-LDFLAGS", f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator"
        f" -Wl,--export-dynamic-symbol={STORAGE}",
        *trace, *cover, *(VERILATOR_FAST if b.fast else []), *extra,
        *(f"-D{d}" for d in defines), *includes(files),
        *(f"-G{k}={v}" for k, v in b.params.items()),
        str(VERILATOR_MAIN), str(LINT_VLT), str(b.folder / "public.vlt"), *map(str, files),
    ]  # fmt: skip
    jobs = str(min(2, os.cpu_count() or 1))
    make = ["make", "-j", jobs, "-C", str(b.folder), "-f", "Vtop.mk", f"VM_TRACE={int(b.waves)}",
            *MAKE_FLAGS, MAKE_FAST if b.fast else MAKE_SOON]  # fmt: skip
    return [verilate, make]


def _icarus_commands(b: Build, files: Sequence[Path], defines: Sequence[str],
                     extra: Sequence[str]) -> list[list[str]]:  # fmt: skip
    dump = ["-s", "wave_dump", str(b.folder / "wave_dump.v")] if b.waves else []
    return [[
        "iverilog", *ICARUS_STRICT, "-o", str(b.folder / "sim.vvp"), "-s", b.top, *dump,
        "-f", str(b.folder / "cmds.f"), *extra, *(f"-D{d}" for d in defines),
        *includes(files),
        *(f"-P{b.top}.{k}={v}" for k, v in b.params.items()), *map(str, files),
    ]]  # fmt: skip


def _write_inputs(b: Build, files: Sequence[Path], public: Iterable[str]) -> None:
    """Small generated files the commands refer to."""
    if b.sim == "verilator":
        (b.folder / "public.vlt").write_text(_public_vlt(b.top, files, public, b.coverage))
    else:
        (b.folder / "cmds.f").write_text("+timescale+{}/{}\n".format(*TIMESCALE))
        (b.folder / "wave_dump.v").write_text(
            "module wave_dump;\n    initial begin\n"
            f'        $dumpfile("{WAVES}");\n        $dumpvars(0, {b.top});\n'
            "    end\nendmodule\n"
        )


def _write_zero_inputs(folder: Path) -> None:
    """inputs.h of verilator_main.cpp, from the input ports Verilator declared."""
    ports = re.findall(r"\bVL_IN(?:8|16|64|W)?\(&(\w+),", (folder / "Vtop.h").read_text())
    zero = " ".join(f"std::memset(&{p}, 0, sizeof({p}));" for p in ports)
    (folder / "inputs.h").write_text(f"#define ZERO_INPUTS {zero}\n")


def content_key(parts: Iterable[str], files: Iterable[Path]) -> str:
    """Ten hex digits over texts and files: the name of what is built of them."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:10]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One builder per folder, over all processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _as_files(given: Sequence[str | Path] | str | Path | None, top: str) -> list[Path]:
    if given is None:
        return library.closure(top)
    if isinstance(given, (str, Path)):
        path = ROOT / given
        return library.read_filelist(path) if path.suffix == ".f" else [path]
    return [ROOT / item for item in given]


def build(
    top: str,
    config: str | None = FROM_ENV,
    params: Mapping[str, int] | None = None,
    sources: Sequence[str | Path] | str | Path | None = None,
    sim: str | None = None,
    waves: bool | None = None,
    defines: Sequence[str] = (),
    public: Iterable[str] = (),
    args: Sequence[str] = (),
    fast: bool = False,
) -> Build:
    """Compile `top`, or find it compiled.

    config   name in configs.yaml, None for no configuration; default: the CONFIG variable.
             Only parameters that `top` declares are set.
    params   parameters over those of the configuration.
    sources  files, or one .f list; default: `top` and every module below it, found in hdl/ and tb/.
    public   further modules whose signals Python may touch (the top and tb/ always are).
    args     further simulator arguments.
    fast     twice the compile time for a faster simulation: benches, long runs.
    """
    options = from_env()
    config = options.config if config == FROM_ENV else config
    sim = sim or options.sim
    waves = options.waves if waves is None else waves
    dut = dut_of_bench(top) if sources is None else None
    files = dut.with_bench(top) if dut else _as_files(sources, top)
    args = [*args, *(dut.include_args if dut else [])]
    top_file = next((p for p in files if p.stem == top), files[-1])
    declared = library.parameters_of(top_file)
    values = {k: v for k, v in config_params(config).items() if k in declared}
    values |= dict(params or {}) | (dut.fixed if dut else {})
    if unknown := [k for k in values if k not in declared]:
        raise OptionError(f"{top} has no parameter {', '.join(unknown)}")

    coverage = bool(coverage_data.args()) and sim == "verilator"
    draft = Build(top, sim, config, values, waves, fast, Path("DIR"), coverage, dut)
    make_commands = {"verilator": _verilator_commands, "icarus": _icarus_commands}[sim]
    flags = [" ".join(cmd) for cmd in make_commands(draft, files, defines, args)]
    pub = _public_vlt(top, files, public, coverage)
    headers = library.headers_of(files)
    lock = ROOT / "requirements.lock"
    tools = [LINT_VLT, VERILATOR_MAIN, lock]
    key = content_key([*flags, pub, str(ROOT)], [*files, *headers, *tools])
    place = coverage_data.FOLDER if coverage else BUILD_ROOT
    name = f"{config or 'none'}-{top}{f'-{dut.top}' if dut else ''}{'-waves' if waves else ''}"
    folder = place / sim / f"{name}-{key}"
    done = replace(draft, folder=folder)
    if (folder / "done").is_file():
        os.utime(folder / "done")  # in use: see _tidy
        return done
    with locked(folder.with_name(folder.name + ".lock")):
        if not (folder / "done").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _write_inputs(done, files, public)
            compile_in(folder, f"{top} with {sim}", make_commands(done, files, defines, args))
            (folder / "done").write_text(json.dumps({"config": config, "params": values}))
            _tidy(folder)
    return done


def compile_in(folder: Path, what: str, commands: list[list[str]]) -> None:
    """Run the commands of a build, log in `folder`; BuildError with the lines that say why not."""
    log = folder / "build.log"
    print(f"building {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    with open(log, "w") as out:
        for command in commands:
            out.write("+ " + " ".join(command) + "\n")
            out.flush()
            code = subprocess.run(
                command, cwd=ROOT, env=tool_env(), stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, check=False,
            ).returncode  # fmt: skip
            if code:
                raise BuildError(f"{what} does not build\n{_errors(log)}\nlog: {log}")
            if command[0] == "verilator":
                _write_zero_inputs(folder)
    if warnings := len(re.findall(r"%Warning|: warning:", log.read_text())):
        print(f"{what}: {warnings} warnings, see {log.relative_to(ROOT)}", file=sys.stderr)


def _tidy(folder: Path) -> None:
    """Drop what linking needed (precompiled headers are 90 MB each) and builds long unused."""
    for pattern in ("*.gch", "*.o", "*.a", "*.d"):
        for path in folder.glob(pattern):
            path.unlink()
    limit = time.time() - KEEP_BUILDS_S
    for stamp in folder.parent.glob("*/done"):
        with contextlib.suppress(OSError):
            if stamp.stat().st_mtime < limit:
                shutil.rmtree(stamp.parent, ignore_errors=True)


def _errors(log: Path) -> str:
    """The lines of a build log that say what is wrong, else its end."""
    lines = log.read_text(errors="replace").splitlines()
    bad = [ln for ln in lines if re.search(r"%Error|: error|syntax error|undefined reference", ln)]
    return "\n".join(bad[:20] or lines[-20:])


# ---- run --------------------------------------------------------------------------------------


def _sim_env(b: Build, module: str, seed: int, results: Path) -> dict[str, str]:
    """What cocotb reads; its own runner sets the same variables."""
    libpython = os.environ.get("LIBPYTHON_LOC") or find_libpython.find_libpython()
    if not libpython:
        raise OptionError("no shared libpython found: install the libpython3 package")
    env = tool_env()
    env.pop("PYTEST_CURRENT_TEST", None)
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    env["PATH"] += os.pathsep + str(cocotb_tools.config.libs_dir)
    env |= blackbox.variables(b) if b.dut else {}
    return env | {
        "COCOTB_ANSI_OUTPUT": "0",
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_TEST_MODULES": module,
        "COCOTB_TOPLEVEL": b.top,
        "COCOTB_TRUST_INERTIAL_WRITES": "1" if b.sim == "verilator" else "0",
        "GPI_USERS": f"{libpython};{cocotb_tools.config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "SEED": str(seed),
        "SIM": b.sim,
        "SIM_PARAMS": json.dumps(dict(b.params)),
        "TOPLEVEL_LANG": "verilog",
        "WAVES": str(int(b.waves)),
    }


def _sim_command(b: Build, seed: int, plusargs: Sequence[str]) -> list[str]:
    if b.sim == "icarus":
        vpi = cocotb_tools.config.lib_entry("vpi", "icarus")
        return ["vvp", "-n", "-m", vpi, str(b.folder / "sim.vvp"), *plusargs,
                "-fst" if b.waves else "-none"]  # fmt: skip
    # Registers start as noise that follows the seed: a design that needs a reset it lacks shows it.
    random_start = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 0x7FFFFFFE + 1}"]
    waves = ["--trace", "--trace-file", WAVES] if b.waves else []
    cover = [f"+verilator+coverage+file+{COVERAGE_DAT}"] if b.coverage else []
    return [str(b.folder / b.top), *waves, *random_start, *cover, *plusargs]


def _selected(module: str, tests: str | Sequence[str] | None, wanted: str) -> list[str] | None:
    """cocotb tests to run; empty list: all; None: TEST= leaves nothing of this module."""
    names = tuple(n for m in module.split(",") for n in selection.cocotb_tests(m))
    own = list(names)
    if isinstance(tests, str):
        own = [n for n in names if re.search(tests, n)]
    elif tests is not None:
        own = list(tests)
    if tests is not None and not own:
        raise OptionError(f"no test of {module} matches {tests!r}; it has {', '.join(names)}")
    if chosen := selection.select_inner(wanted, names):
        own = [n for n in own if n in chosen]
        return own or None
    return own if tests is not None else []


def _test_node() -> str:
    """Node of the pytest case this is called from, with its parameters; else empty."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]


def _test_id() -> str:
    """Name of the pytest case this is called from, with its parameters; else empty."""
    return _test_node().rsplit("::", 1)[-1]


def _record(cases: list[CaseResult], wanted: Iterable[str], seed: int, log: Path) -> None:
    """Keep the results for `make plan`; a wanted test that left none has failed."""
    node, options = _test_node(), from_env()
    if not node:
        return
    found: dict[str, CaseResult] = {}
    for case in cases:  # all parameters of a test make one result, the first failure or the last
        name = case.name.partition("/")[0]
        before = found.get(name)
        sim_ns, wall_s = case.sim_ns, case.wall_s
        if before:
            sim_ns, wall_s = sim_ns + before.sim_ns, wall_s + before.wall_s
            case = before if before.status == "failed" else case
        found[name] = replace(case, sim_ns=sim_ns, wall_s=wall_s)
    for name in wanted:
        found.setdefault(name, CaseResult(name, "failed", 0, 0, "not run: the simulator had ended"))
    history.record(
        history.Record(
            node, name, options.sim, options.config, seed, case.status, round(case.wall_s, 3),
            case.sim_ns, case.message, str(shown(log)),
        )
        for name, case in found.items()
    )  # fmt: skip


def run(
    build: Build,
    module: str,
    tests: str | Sequence[str] | None = None,
    seed: int | None = None,
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    timeout_s: float = DEFAULT_TIMEOUT_S,
    check: bool = True,
) -> RunResult:
    """Run cocotb tests of `module` (dotted; several by commas) on a build.

    tests     regular expression or names; TEST of the environment restricts further.
    seed      default: SEED of the environment, or a fresh one.
    env       further variables for the simulation.
    check     raise SimulationError unless the result is ok.
    """
    __tracebackhide__ = True
    options: Options = from_env()
    seed = options.seed_or_picked if seed is None else seed
    chosen = _selected(module, tests, options.test)
    name = _test_id() or module.rsplit(".", 1)[-1]
    place = os.environ.get(RUNS_VARIABLE)
    above = Path(place) / build.folder.name if place else build.folder
    folder = above / f"{re.sub(r'[^A-Za-z0-9_.=-]+', '_', name)}-s{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log, results = folder / "sim.log", folder / "results.xml"
    repro = repro_line(_test_id() or options.test, seed, build.sim, build.config or options.config)
    if chosen is None:
        return RunResult([], 0, seed, folder, log, None, repro, ["left out by TEST="])

    spared: list[CaseResult] = []
    if build.dut and module != blackbox.DISCOVERY:
        discover = partial(run, build, blackbox.DISCOVERY, seed=0)
        told, chosen, spared = blackbox.as_claimed(build, module, chosen, discover)
        build = replace(build, params=told)
        if not chosen:
            return RunResult(spared, 0, seed, folder, log, None, repro, [blackbox.NOTHING])
    variables = _sim_env(build, module, seed, results) | dict(env or {})
    variables.pop("COCOTB_TEST_FILTER", None)
    if chosen:
        # cocotb matches "module.test" and gives parametrized tests a suffix after a slash.
        variables["COCOTB_TEST_FILTER"] = rf"\.({'|'.join(map(re.escape, chosen))})(/.*)?$"
    command = _sim_command(build, seed, plusargs)
    code, notes = run_process(command, variables, folder, log, timeout_s)
    if build.coverage:
        coverage_data.keep(folder / COVERAGE_DAT, build.folder)
    cases = read_results(results) or recover_results(log, module)
    if build.dut:
        cases = blackbox.without_missing(cases, module, notes) + spared
    wanted = chosen or [n for m in module.split(",") for n in selection.cocotb_tests(m)]
    if module != blackbox.DISCOVERY:  # done once a build, so no result of the suite
        _record(cases, wanted, seed, log)
    if not cases:
        notes.append("no test ran")
    failed = {c.name.partition("/")[0] for c in cases if c.status == "failed"}
    if len(failed) == 1 and failed <= set(wanted) and _test_id():
        repro = repro_line(f"{_test_id()}/{failed.pop()}", seed, build.sim,
                           build.config or options.config)  # fmt: skip
    waves = folder / WAVES if build.waves else None
    if waves and waves.is_file():
        from sim.waves import leave  # needs more packages than a run without waves

        print("\n".join([f"waves: {shown(waves)}", *leave(waves, build.top)]))
    result = RunResult(cases, code, seed, folder, log, waves, repro, notes)
    if check and not result.ok and notes != [blackbox.NOTHING]:
        raise SimulationError(explain(result))
    return result
