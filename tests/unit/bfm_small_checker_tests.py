# SPDX-License-Identifier: Apache-2.0
"""The checkers of AXI4-Lite and DVM bite: one violation per rule, on the pins of their probes."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm.checker import AxilChecker, DvmChecker, RuleChecker
from tb.bfm.clock import begin
from tests.unit.checker_pins import Pins, Step, each_bites, reset, unknown_payload, valid_in_reset

AW: Step = {"awvalid": 1, "awready": 1, "awaddr": 0x20}
W: Step = {"wvalid": 1, "wready": 1, "wdata": 5, "wstrb": 0xF}
B: Step = {"bvalid": 1, "bready": 1}
AR: Step = {"arvalid": 1, "arready": 1, "araddr": 0x20}
R: Step = {"rvalid": 1, "rready": 1, "rdata": 7}

# W before, with and after AW; waits; an error response; two reads under way
LITE_CLEAN: list[Step] = [
    AW | W, B, AW, W, B, W, AW, B | {"bresp": 2}, AR, R | {"rresp": 3},
    AW | {"awready": 0}, AW, W | {"wready": 0}, W, B | {"bready": 0}, B,
    AR | {"arready": 0}, AR, AR, R | {"rready": 0}, R, R,
]  # fmt: skip

LITE_BROKEN: list[tuple[str, list[Step]]] = [
    ("AW_STABLE", [AW | {"awready": 0}, {}]),
    ("AW_STABLE", [AW | {"awready": 0}, AW | {"awaddr": 0x24}]),
    ("W_STABLE", [AW, W | {"wready": 0}, W | {"wstrb": 1}]),
    ("B_STABLE", [AW | W, B | {"bready": 0}, B | {"bresp": 2}]),
    ("AR_STABLE", [AR | {"arready": 0}, AR | {"arprot": 1}]),
    ("R_STABLE", [AR, R | {"rready": 0}, R | {"rdata": 8}]),
    ("B_NONE", [B]),
    ("B_NONE", [AW, B]),
    ("B_NONE", [W, B]),
    ("B_NONE", [AW | W | B]),
    ("B_NONE", [AW | W, B, B]),
    ("R_NONE", [R]),
    ("R_NONE", [AR, R, R]),
    ("EXOKAY", [AR, R | {"rresp": 1}]),
    ("EXOKAY", [AW | W, B | {"bresp": 1}]),
]

AC: Step = {"acvalid": 1, "acready": 1, "acsnoop": 0xF}
CR: Step = {"crvalid": 1, "crready": 1}
TWO, SYNC = {"acaddr": 1}, {"acaddr": 0xC000}
DONE: Step = {"complete": 1}

# two parts whose second looks like a Sync; CR after one and after both; connect, disconnect
DVM_CLEAN: list[Step] = [
    AC, CR, AC | TWO, AC | SYNC, CR, CR, AC | {"acready": 0}, AC, CR | {"crready": 0}, CR,
    AC | SYNC, AC | SYNC, CR, CR, DONE, DONE,
    {"syscoreq": 1}, {"syscoreq": 1, "syscoack": 1}, {"syscoack": 1}, {},
]  # fmt: skip

DVM_BROKEN: list[tuple[str, list[Step]]] = [
    ("AC_STABLE", [AC | {"acready": 0}, {}]),
    ("AC_STABLE", [AC | {"acready": 0}, AC | TWO]),
    ("CR_STABLE", [AC, CR | {"crready": 0}, CR | {"crresp": 1}]),
    ("CR_NONE", [CR]),
    ("CR_NONE", [AC | CR]),
    ("CR_NONE", [AC, CR, CR]),
    ("AC_SNOOP", [AC | {"acsnoop": 7}]),
    ("COMPLETE", [DONE]),
    ("COMPLETE", [AC | SYNC, CR, DONE, DONE]),
    ("COMPLETE", [AC | TWO, AC | SYNC, CR, CR, DONE]),
    ("REQ_STEP", [{"syscoreq": 1}, {}]),
    ("REQ_STEP", [{"syscoreq": 1}, {"syscoreq": 1, "syscoack": 1}, {"syscoack": 1},
                  {"syscoreq": 1, "syscoack": 1}, {"syscoreq": 1, "syscoack": 1},
                  {"syscoack": 1}]),
    ("ACK_STEP", [{"syscoack": 1}, {"syscoack": 1}, {"syscoreq": 1, "syscoack": 1},
                  {"syscoreq": 1, "syscoack": 1}, {"syscoack": 1}]),
]  # fmt: skip


def _checker(dut: Any) -> tuple[Pins, RuleChecker]:
    """The pins and the checker of the probe that is the top."""
    if hasattr(dut, "axil_awvalid"):
        return Pins(dut, "axil_"), AxilChecker(dut)
    return Pins(dut, "dvm_"), DvmChecker(dut)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def legal_traffic_passes(dut: Any) -> None:
    """No rule fires on legal corner cases."""
    await begin(dut)
    pins, check = _checker(dut)
    await reset(dut)
    check.forgive()
    await pins.play(LITE_CLEAN if check.PROTOCOL == "AXI4-Lite" else DVM_CLEAN)
    check.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_rule_bites(dut: Any) -> None:
    """Each violation is found, alone, and by the rule it breaks."""
    await begin(dut)
    pins, check = _checker(dut)
    lite = check.PROTOCOL == "AXI4-Lite"
    await each_bites(pins, check, LITE_BROKEN if lite else DVM_BROKEN)
    await valid_in_reset(pins, check, {"arvalid": 1} if lite else {"acvalid": 1})


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def unknown_values(dut: Any) -> None:
    """X on a payload with VALID is an error where the simulator has X."""
    if cocotb.SIM_NAME.lower().startswith("verilator"):
        return
    await begin(dut)
    pins, check = _checker(dut)
    lite = check.PROTOCOL == "AXI4-Lite"
    await unknown_payload(pins, check, *(("araddr", "arvalid") if lite else ("acaddr", "acvalid")))
