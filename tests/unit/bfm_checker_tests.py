# SPDX-License-Identifier: Apache-2.0
"""bfm_axi_checker bites: one violation per rule, driven on the pins of a bfm_axi_tap."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm.checker import AxiChecker
from tb.bfm.clock import begin
from tests.unit.checker_pins import Pins, Step, each_bites, reset, unknown_payload, valid_in_reset

AW: Step = {"awvalid": 1, "awready": 1, "awid": 1, "awaddr": 0x1000, "awlen": 0, "awsize": 4,
            "awburst": 1}  # fmt: skip
AR: Step = {"arvalid": 1, "arready": 1, "arid": 2, "araddr": 0x1000, "arlen": 0, "arsize": 4,
            "arburst": 1}  # fmt: skip
W: Step = {"wvalid": 1, "wready": 1, "wstrb": 0xFFFF, "wlast": 1}
B: Step = {"bvalid": 1, "bready": 1, "bid": 1}
R: Step = {"rvalid": 1, "rready": 1, "rid": 2, "rlast": 1}

# what is legal: W before, with and after AW; B and R the cycle after; waits; narrow and wrapping
CLEAN: list[Step] = [
    AW | W, B, AW, W, B, W, AW, B, AR, R,
    AW | {"awready": 0}, AW | {"awready": 0}, AW, W | {"wready": 0}, W, B | {"bready": 0}, B,
    AR | {"arlen": 1}, R | {"rlast": 0}, R,
    AR | {"araddr": 0x1FF0}, R,
    AR | {"arburst": 2, "arlen": 3, "araddr": 0x1010}, *[R | {"rlast": 0}] * 3, R,
    AW | {"awsize": 1, "awaddr": 0x1006} | W | {"wstrb": 0x00C0}, B,
    AR | {"arlock": 1, "arlen": 7}, *[R | {"rlast": 0}] * 7, R,
    AR | {"arid": 2}, AR | {"arid": 3}, R | {"rid": 3}, R,
]  # fmt: skip

BROKEN: list[tuple[str, list[Step]]] = [
    ("AW_STABLE", [AW | {"awready": 0}, {}]),
    ("AW_STABLE", [AW | {"awready": 0}, AW | {"awaddr": 0x2000}]),
    ("AR_STABLE", [AR | {"arready": 0}, {}]),
    ("AR_STABLE", [AR | {"arready": 0, "arprot": 1}, AR]),
    ("AR_STABLE", [AR | {"arready": 0, "armmusid": 1}, AR | {"armmusid": 2}]),
    ("W_STABLE", [AW, W | {"wready": 0}, W | {"wdata": 5}]),
    ("B_STABLE", [AW | W, B | {"bready": 0}, {}]),
    ("R_STABLE", [AR, R | {"rready": 0}, R | {"rdata": 1}]),
    ("AW_BURST", [AW | {"awaddr": 0x1FF0, "awlen": 1}]),
    ("AR_BURST", [AR | {"araddr": 0x1FF0, "arlen": 1}]),
    ("AR_BURST", [AR | {"arsize": 5}]),
    ("AR_BURST", [AR | {"arburst": 3}]),
    ("AR_BURST", [AR | {"arburst": 2, "arlen": 2}]),
    ("AR_BURST", [AR | {"arburst": 2, "arlen": 3, "araddr": 0x1008}]),
    ("AR_BURST", [AR | {"arburst": 0, "arlen": 16}]),
    ("AR_BURST", [AR | {"arcache": 4}]),
    ("AR_BURST", [AR | {"arlock": 1, "arlen": 15}]),
    ("W_LAST", [AW | {"awlen": 1} | W]),
    ("W_LAST", [W | {"wlast": 0}, W, AW]),
    ("R_LAST", [AR | {"arlen": 1}, R]),
    ("R_LAST", [AR, R | {"rlast": 0}]),
    ("B_ID", [B]),
    ("B_ID", [AW, B]),
    ("B_ID", [AW | W | B]),
    ("B_ID", [AW | W, B | {"bid": 2}]),
    ("R_ID", [AR, R | {"rid": 1}]),
    ("R_ID", [AR, R, R]),
    ("W_STRB", [AW | {"awsize": 2, "awaddr": 0x1004} | W | {"wstrb": 0x0010}, B,
                AW | {"awsize": 2, "awaddr": 0x1004} | W | {"wstrb": 0x0100}]),
    ("W_STRB", [AW | {"awaddr": 0x1008}, W | {"wstrb": 0xFFFF}]),
    ("W_AHEAD", [W, W, AW]),
]  # fmt: skip


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def legal_traffic_passes(dut: Any) -> None:
    """No rule fires on legal corner cases."""
    pins = Pins(dut, "axi_")
    await begin(dut)
    await reset(dut)
    check = AxiChecker(dut.u_probe, w_ahead=1)
    before = check.errors
    await pins.play(CLEAN)
    assert check.errors == before, check.broken


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_rule_bites(dut: Any) -> None:
    """Each violation is found, alone, and by the rule it breaks."""
    pins = Pins(dut, "axi_")
    await begin(dut)
    check = AxiChecker(dut.u_probe, w_ahead=1)
    await each_bites(pins, check, BROKEN)
    await valid_in_reset(pins, check, {"arvalid": 1})


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def unknown_values(dut: Any) -> None:
    """X on a payload with VALID is an error where the simulator has X."""
    if cocotb.SIM_NAME.lower().startswith("verilator"):
        return
    pins = Pins(dut, "axi_")
    await begin(dut)
    await unknown_payload(pins, AxiChecker(dut.u_probe), "araddr", "arvalid")
