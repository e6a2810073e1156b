# SPDX-License-Identifier: Apache-2.0
"""bfm_axi_checker bites: one violation per rule, driven on the pins of a bfm_axi_tap."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from tb.bfm.axi_checker import RULES, AxiChecker
from tb.bfm.clock import begin

Step = dict[str, int]
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


class Pins:
    """Every input of the tap, driven between clock edges."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.pins = {n[4:]: getattr(dut, n) for n in dir(dut)
                     if n.startswith("axi_") and not n.endswith("_vec")}  # fmt: skip
        for pin in self.pins.values():
            pin.value = 0

    async def play(self, steps: list[Step]) -> None:
        """One step a cycle; pins a step does not name are zero."""
        for step in [*steps, {}]:
            await FallingEdge(self.dut.clk_i)
            for name, pin in self.pins.items():
                pin.value = step.get(name, 0)
        await FallingEdge(self.dut.clk_i)


async def reset(dut: Any) -> None:
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 1
    await FallingEdge(dut.clk_i)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def legal_traffic_passes(dut: Any) -> None:
    """No rule fires on legal corner cases."""
    pins = Pins(dut)
    await begin(dut)
    await reset(dut)
    check = AxiChecker(dut.u_probe, w_ahead=1)
    before = check.errors
    await pins.play(CLEAN)
    assert check.errors == before, check.broken


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_rule_bites(dut: Any) -> None:
    """Each violation is found, alone, and by the rule it breaks."""
    pins = Pins(dut)
    await begin(dut)
    check = AxiChecker(dut.u_probe, w_ahead=1)
    for rule, steps in BROKEN:
        await reset(dut)
        # all other rules off: only the one meant may answer
        check.switch_off(*(r for r in RULES if r != rule))
        await FallingEdge(dut.clk_i)
        before = check.errors
        await pins.play(steps)
        assert check.errors == before + 1, (rule, steps)
        assert rule in check.broken
        await reset(dut)
        check.switch_off(rule)
        before = check.errors
        if rule not in ("AW_STABLE", "AR_STABLE", "W_STABLE", "R_STABLE", "B_STABLE"):
            await pins.play(steps[:1] if rule.endswith("_BURST") else [])
        assert check.errors == before, f"{rule} switched off still answers"
    check.switch_off()
    await reset(dut)
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 0
    await FallingEdge(dut.clk_i)
    before = check.errors
    await pins.play([{"arvalid": 1}])
    assert check.errors > before and "RESET" in check.broken
    dut.rst_ni.value = 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def unknown_values(dut: Any) -> None:
    """X on a payload with VALID is an error where the simulator has X."""
    if cocotb.SIM_NAME.lower().startswith("verilator"):
        return
    pins = Pins(dut)
    await begin(dut)
    await reset(dut)
    check = AxiChecker(dut.u_probe)
    check.switch_off(*(r for r in RULES if r != "UNKNOWN"))
    before = check.errors
    await FallingEdge(dut.clk_i)
    dut.axi_araddr.value = "X" * len(dut.axi_araddr)
    await FallingEdge(dut.clk_i)
    assert check.errors == before
    dut.axi_arvalid.value = 1
    await FallingEdge(dut.clk_i)
    await FallingEdge(dut.clk_i)
    assert check.errors > before and "UNKNOWN" in check.broken
    await pins.play([])
