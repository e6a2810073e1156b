# SPDX-License-Identifier: Apache-2.0
"""`make synth`: areas, worst paths and structural checks of every configuration.

    python -m sim.synth [--config NAME ...] [--no-pnr] [--top MODULE]

Writes sim/build/synth.json and prints a table per configuration:

* Yosys for ECP5 (LUT4, flip-flops) and for osu018 (area without RAMs, which are listed in bits);
* worst slack and critical path in osu018 by OpenSTA;
* place-and-route of `tiny` on an ECP5 45F (takes longest; PNR=0 leaves it out).

Fails on a latch, on a combinational path from an input pin to an output pin, on a memory that
became flip-flops, on statistics a tool did not write, and where place-and-route misses its bars.
Names each figure that is more than a tenth away from docs/synth.json; --keep writes that file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from sim import synth_flow as flow
from sim import synth_timing
from sim.netlist import Netlist, NetlistError, load
from sim.options import BUILD_ROOT, ROOT, OptionError, close_to, config_names

TOP = "smmu_top"
RESULT = BUILD_ROOT / "synth.json"
PLACED = "tiny"  # the configuration for the FPGA
MAX_LUT4, MIN_MHZ = 40_000, 50.0
COMB = "TRELLIS_COMB"  # what nextpnr makes LUTs of
KEPT = ROOT / "docs" / "synth.json"  # figures of the tree; --keep writes those of this run
TOLERANCE = 0.1
SHOWN = 25  # rows of a printed table; all are in the file

# Blocks whose contents are RAM; no register there may be a memory in disguise. What these blocks
# compare all at once (smmu_wtags) is no RAM by nature.
RAM_BLOCKS = {
    "smmu_tlb", "smmu_tlb_way", "smmu_wcache", "smmu_wlines", "smmu_tbu_wbuf", "smmu_tbu_wsend",
    "smmu_tbu_resp", "util_fifo_ram", flow.RAM,
}  # fmt: skip
MAX_REGISTER = 640  # bits; a RAM's word of a configuration has 515


def hidden_memories(modules: dict[str, Any], blocks: set[str]) -> dict[str, int]:
    """Memories that are registers before any RAM is chosen -> bits.

    In any module: an array that Yosys had to split into registers. In `blocks` also: one register
    too wide for anything but storage.
    """
    found: dict[str, int] = {}
    for name, module in modules.items():
        held = {
            bit
            for cell in module["cells"].values()
            if re.fullmatch(r"\$\w*dff\w*", cell["type"])
            for bit in cell["connections"]["Q"]
        }
        for net, value in module["netnames"].items():
            if net.startswith("$"):
                continue
            where = f"{flow.plain(name)}.{net.split('[')[0]}"
            bits = sum(bit in held for bit in value["bits"])
            if "mem2reg" in value["attributes"]:
                found[where] = found.get(where, 0) + bits
            elif flow.plain(name) in blocks and bits > MAX_REGISTER:
                found[where] = max(found.get(where, 0), bits)
    return found


def structure(modules: dict[str, Any], flat: Netlist) -> list[str]:
    """What is wrong with a design before mapping, a line each."""
    problems = [f"latch: {name}" for name in flat.latches()]
    problems += [f"combinational path from pin to pin: {path}" for path in flat.pin_to_pin()]
    problems += [
        f"memory made of flip-flops: {name}, {bits} bits"
        for name, bits in hidden_memories(modules, RAM_BLOCKS).items()
    ]
    return problems


def _figures(design: flow.Design, modules: dict[str, Any], result: dict[str, Any]) -> None:
    """Areas and timing into the result."""
    areas = flow.areas(design, modules)
    result["total"] = {c: areas.total(c) for c in ("lut4", "ff", "ram_bits")}
    result["total"]["area_um2"] = round(areas.total("area_um2"))
    result["rams"] = [
        {"name": flow.ram_cell(shape), "bits": shape[0] * shape[1], "count": count}
        for name, shape in flow.ram_shapes(modules).items()
        if (count := flow.instances(modules, design.top)[name])
    ]
    result["modules"] = [vars(row) for row in areas.rows]
    result["flipflop_memory_bits"] = sum(areas.flipflop_memories.values())
    result["problems"] += [
        f"memory made of flip-flops: {name}, {bits} bits"
        for name, bits in areas.flipflop_memories.items()
    ]
    if not result["total"]["lut4"] or not result["total"]["area_um2"]:
        result["problems"].append("no statistics: a total is zero")
    result["osu018"] = synth_timing.timing(design, modules, areas.netlist)


def _placed(design: flow.Design, result: dict[str, Any]) -> None:
    """Place-and-route into the result, and its bars."""
    result["ecp5"] = synth_timing.place(design, MIN_MHZ)
    result["problems"] += judge(result["ecp5"])


def judge(placed: dict[str, Any]) -> list[str]:
    """What of place-and-route misses its bars, a line each."""
    problems = []
    if placed["lut4"] > MAX_LUT4:
        problems.append(f"{placed['lut4']} LUT4, more than {MAX_LUT4}")
    comb = placed["used"].get(COMB)  # LUTs with those that carries and RAMs take
    if comb and comb["used"] > comb["available"]:
        problems.append(f"{comb['used']} {COMB}, the device has {comb['available']}")
    if failed := placed.get("failed"):
        what = "routed" if "placed_mhz" in placed else "placed"
        problems.append(f"not {what}: {failed.splitlines()[-1]}")
    speed = clock_of(placed)
    if speed and speed[0] < MIN_MHZ:
        problems.append(f"Fmax {speed[1]}, less than {MIN_MHZ}")
    problems += [
        f"memory made of flip-flops: {name}, {bits} bits"
        for name, bits in placed["flipflop_memories"].items()
    ]
    return problems


def clock_of(placed: dict[str, Any]) -> tuple[float, str] | None:
    """(MHz, the same in words): of the routed design, else estimated after placement."""
    if "fmax_mhz" in placed:
        return placed["fmax_mhz"], f"{placed['fmax_mhz']} MHz"
    if "placed_mhz" in placed:
        return placed["placed_mhz"], f"{placed['placed_mhz']} MHz (estimate after placement)"
    return None


def figures(result: dict[str, Any]) -> dict[str, float]:
    """The figures of one configuration that are kept in the tree."""
    found: dict[str, float] = dict(result.get("total", {}))
    if asic := result.get("osu018"):
        found["delay_ns"] = asic["critical_path"]["delay_ns"]
    if placed := result.get("ecp5"):
        found |= {"placed_lut4": placed["lut4"], "placed_ff": placed["ff"]}
        if COMB in placed["used"]:
            found["placed_comb"] = placed["used"][COMB]["used"]
        found |= {name: placed[name] for name in ("fmax_mhz", "placed_mhz") if name in placed}
    return found


def changes(config: str, result: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    """A line for each figure that is more than a tenth away from the one in the tree."""
    old, new = kept.get(config, {}), figures(result)
    return [
        f"{config}: changed: {name} {old[name]:g} -> {value:g} ({value / old[name] - 1:+.0%})"
        for name, value in new.items()
        if old.get(name) and abs(value / old[name] - 1) > TOLERANCE
    ]


def synthesize(design: flow.Design, place: bool) -> dict[str, Any]:
    """Everything known of one design; `problems` is empty when it is as it must be."""
    start = time.monotonic()
    result: dict[str, Any] = {"top": design.top, "parameters": design.params, "problems": []}
    try:
        modules, file = flow.elaborate(design)
        result["problems"] += structure(modules, Netlist(load(file, design.top)))
        if not any(p.startswith("latch") for p in result["problems"]):
            _figures(design, modules, result)
            if place:
                _placed(design, result)
    except (flow.FlowError, NetlistError) as err:
        result["problems"].append(f"missing statistics: {err}")
    result["seconds"] = round(time.monotonic() - start)
    return result


def _path_line(path: dict[str, Any]) -> str:
    return f"{path['start']} -> {path['end']}, {path['levels']} levels, {path['delay_ns']} ns"


def show(config: str, result: dict[str, Any]) -> None:
    """Print what one configuration is."""
    if total := result.get("total"):
        print(f"{'module':<24}{'inst':>6}{'LUT4':>9}{'FF':>9}{'RAM bits':>11}{'area um2':>12}")
        rows = result["modules"]
        for row in rows[:SHOWN]:
            print(
                f"{row['module']:<24}{row['instances']:>6}{row['lut4']:>9}{row['ff']:>9}"
                f"{row['ram_bits']:>11}{row['area_um2']:>12.0f}"
            )
        if len(rows) > SHOWN:
            print(f"... {len(rows) - SHOWN} smaller modules")
        print(
            f"{config:<24}{'':>6}{total['lut4']:>9}{total['ff']:>9}{total['ram_bits']:>11}"
            f"{total['area_um2']:>12}"
        )
    if asic := result.get("osu018"):
        print(f"osu018: worst slack {asic['worst_slack_ns']} ns at {asic['clock_ns']} ns")
        print(f"  {_path_line(asic['critical_path'])}")
    if placed := result.get("ecp5"):
        clock = clock_of(placed)
        speed = f"Fmax {clock[1]}" if clock else "not placed"
        print(f"{placed['device']}: {placed['lut4']} LUT4, {placed['ff']} FF, {speed}")
        print("  " + ", ".join(f"{name} {n['used']}/{n['available']}"
                               for name, n in placed["used"].items()))  # fmt: skip
        if "critical_path" in placed:
            print(f"  {_path_line(placed['critical_path'])}")
    for problem in result["problems"]:
        print(f"{config}: {problem}")
    print(f"{config}: {'FAILED' if result['problems'] else 'ok'} ({result['seconds']} s)\n")
    sys.stdout.flush()


def write(results: dict[str, Any], file: Path = RESULT) -> None:
    """The file of `make synth`; written after each configuration, so that nothing is lost."""
    file.parent.mkdir(parents=True, exist_ok=True)
    ok = bool(results) and not any(r["problems"] for r in results.values())
    file.write_text(json.dumps({"ok": ok, "configurations": results}, indent=1) + "\n")


def main() -> int:
    """Synthesize the named configurations, all by default."""
    parser = argparse.ArgumentParser(prog="python -m sim.synth", description=__doc__)
    parser.add_argument("--config", action="append", default=[], help="only this configuration")
    parser.add_argument("--no-pnr", action="store_true", help="no place-and-route")
    parser.add_argument("--keep", action="store_true", help=f"write the figures to {KEPT.name}")
    parser.add_argument("--top", default=TOP, help=f"another module (default: {TOP})")
    args = parser.parse_args()
    results: dict[str, Any] = {}
    RESULT.unlink(missing_ok=True)
    try:
        if unknown := [c for c in args.config if c not in config_names()]:
            near = close_to(unknown[0], config_names())
            raise OptionError(f"no configuration {unknown[0]}; close: {near}")
        for config in args.config or config_names():
            folder = BUILD_ROOT / "synth" / (config if args.top == TOP else f"{config}-{args.top}")
            print(f"---- {args.top} ({config})", flush=True)
            design = flow.of_tree(args.top, config, folder)
            place = config == PLACED and args.top == TOP and not args.no_pnr
            results[config] = synthesize(design, place)
            show(config, results[config])
            write(results)
            if args.top == TOP:
                kept = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
                for line in changes(config, results[config], kept):
                    print(line)
                if args.keep:
                    kept[config] = kept.get(config, {}) | figures(results[config])
                    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    except OptionError as err:
        print(f"synth: {err}", file=sys.stderr)
        return 2
    print(f"result: {RESULT.relative_to(BUILD_ROOT.parents[1])}")
    return 1 if any(r["problems"] for r in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
