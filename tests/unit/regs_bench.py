# SPDX-License-Identifier: Apache-2.0
"""Bench of smmu_regs: the bus, and stand-ins for the blocks around the register file.

``Blocks`` plays the queues (which keep CMDQ_CONS and EVENTQ_PROD), the TBUs and the walker (MODE),
and the MSI writer. Each can be held up by name, so an update stays open as long as a test wants.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from sim import runner
from tb.bfm.axil import AxilMaster
from tb.bfm.clock import apply_reset, begin
from tb.models.fields import REG
from tb.models.layout import Register
from tb.models.smmu_ref.types import SmmuConfig
from tests.unit.messages import constant, unpack

WORD = 0xFFFFFFFF
EVTQ, GERR = 0, 1  # MSI ports
HANDSHAKES = ("CR0", "GBPA", "IRQ_CTRL")  # registers whose writes start an update
WIRES = ("irq_evtq_o", "irq_gerr_o", "irq_cmd_sync_o", "irq_priq_o")
SETTLED = 24  # cycles in which every update ends that nobody holds up
DEFAULTS = {
    "CMDQS": 8,
    "EVENTQS": 8,
    "STALL_MAX": 16,
    "GBPA_ABORT": 0,
    "OPT_DVM": 1,
    "OPT_COHACC": 1,
}


@dataclass(frozen=True)
class Mode:
    """One MODE message as the TBUs took it."""

    smmuen: int
    gbpa: int
    off: int  # smmuen_off_o in that cycle


@dataclass(frozen=True)
class Msi:
    """One MSI request as the writer took it."""

    addr: int
    data: int
    attr: int
    sh: int


class Blocks:
    """Everything but the bus, stepped once a clock.

    ``held`` names what does not move: "cmdq", "evtq" (busy), "tcu" (reset sweep), "mode" (message
    not taken), "done" (TBUs not finished), "walk" (walks busy), "msi0", "msi1" (request not taken),
    "b0", "b1" (no response).
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.held: set[str] = set()
        self.modes: list[Mode] = []
        self.msis: tuple[list[Msi], list[Msi]] = ([], [])
        self.abort = [False, False]  # responses of MSI writes
        self.pulses: Counter[str] = Counter()
        self.kicks = 0
        self.now: Counter[str] = Counter()  # input pulses of the coming cycle
        self.forget()

    def forget(self) -> None:
        """As after a reset."""
        self.cons = self.err = self.prod = self.ovflg = 0
        self.mode_open = 0
        self.waits = [0, 0]
        self.offered: dict[str, tuple[int, ...]] = {}
        self._drive()

    def _get(self, name: str) -> int:
        return int(getattr(self.dut, name).value)

    def _put(self, **pins: int) -> None:
        for name, value in pins.items():
            getattr(self.dut, name).value = value

    def _drive(self) -> None:
        """Inputs of the coming cycle."""
        held, now = self.held, self.now
        done, ready = 0, 0
        for n in (EVTQ, GERR):
            ready |= (f"msi{n}" not in held) << n
            if self.waits[n] and f"b{n}" not in held:
                self.waits[n] = 0
                done |= 1 << n
                if self.abort[n]:
                    now["gerr_msi_gerr_i" if n == GERR else "gerr_msi_evtq_i"] += 1
        finished = self.mode_open > 1 and "done" not in held
        self._put(
            cmdq_idle_i="cmdq" not in held,
            evtq_idle_i="evtq" not in held,
            tcu_ready_i="tcu" not in held,
            walk_idle_i="walk" not in held,
            mode_ready_i="mode" not in held,
            mode_done_i=finished,
            msi_ready_i=ready,
            msi_done_i=done,
            cmdq_err_code_i=self.err,
            evtq_ovflg_i=self.ovflg,
            **{pin: int(now[pin] > 0) for pin in PULSES},
        )
        if finished:
            self.mode_open = 0
        elif self.mode_open:
            self.mode_open += 1
        now.clear()
        self.driven = {
            "mode": "mode" not in held,
            "msi0": "msi0" not in held,
            "msi1": "msi1" not in held,
        }

    def _stable(self, name: str, valid: int, *payload: int) -> bool:
        """True at a handshake; an offer that was not taken must stay as it is."""
        if name in self.offered:
            assert valid and self.offered[name] == payload, f"{name}: the offer changed"
            del self.offered[name]
        if valid and not self.driven[name]:
            self.offered[name] = payload
        return bool(valid and self.driven[name])

    def _sample(self) -> None:
        """Outputs of the cycle that ends."""
        get = self._get
        if get("cmdq_cons_wr_o"):
            data = get("cmdq_cons_wdata_o")
            self.cons, self.err = data & 0xFFFFF, data >> 24 & 0x7F
        if get("evtq_prod_wr_o"):
            data = get("evtq_prod_wdata_o")
            self.prod, self.ovflg = data & 0xFFFFF, data >> 31
        self._put(
            cmdq_cons_i=self.cons & ((2 << get("cmdq_log2_o")) - 1),
            evtq_prod_i=self.prod & ((2 << get("evtq_log2_o")) - 1),
        )
        for wire in WIRES:
            self.pulses[wire] += get(wire)
        self.kicks += get("cmdq_prod_kick_o")
        off, message = get("smmuen_off_o"), get("mode_msg_o")
        if self._stable("mode", get("mode_valid_o"), message):
            assert not self.mode_open, "a MODE before the last one is done"
            self.mode_open = 1
            self.modes.append(_decode_mode(message, off))
        else:
            assert not off, "smmuen_off_o without a MODE"
        for n, valid in enumerate((get("msi_valid_o") & 1, get("msi_valid_o") >> 1)):
            msi = Msi(
                get("msi_addr_o") >> 48 * n & (1 << 48) - 1,
                get("msi_data_o") >> 32 * n & WORD,
                get("msi_attr_o") >> 4 * n & 0xF,
                get("msi_sh_o") >> 2 * n & 3,
            )
            if self._stable(f"msi{n}", valid, *vars(msi).values()):
                assert not self.waits[n], "an MSI before the last one is done"
                self.waits[n] = 1
                self.msis[n].append(msi)

    async def run(self) -> None:
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.rst_ni.value):
                self._sample()
            self._drive()


PULSES = (
    "gerr_cmdq_i",
    "gerr_evtq_i",
    "gerr_msi_cmdq_i",
    "gerr_msi_evtq_i",
    "gerr_msi_gerr_i",
    "irq_evtq_i",
    "irq_sync_i",
)


def _decode_mode(message: int, off: int) -> Mode:
    fields = unpack("DN", message)
    assert fields["kind"] == constant("DN_K_MODE") and fields["slot"] == constant("TAG_MODE")
    assert not fields["canstall"]
    body = unpack("MODE", fields["body"])
    return Mode(body["smmuen"], body["gbpa"], off)


class Bench:
    """Bus, blocks, and registers by name."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.axil = AxilMaster(dut, "s_axil", dut.clk_i)
        dut.cmdq_cons_i.value = dut.evtq_prod_i.value = 0
        self.blocks = Blocks(dut)
        params = DEFAULTS | runner.current_params()
        self.config = SmmuConfig(
            cmdqs=params["CMDQS"],
            eventqs=params["EVENTQS"],
            stall_max=params["STALL_MAX"],
            gbpa_abort=bool(params["GBPA_ABORT"]),
            dvm_port=bool(params["OPT_DVM"]),
            coherent_port=bool(params["OPT_COHACC"]),
            auto_run=False,
            auto_ack=False,
        )

    async def start(self) -> Bench:
        await begin(self.dut)
        cocotb.start_soon(self.blocks.run())
        await self.reset()
        return self

    async def reset(self) -> None:
        await apply_reset(self.dut.clk_i, self.dut.rst_ni, on_reset=[self.blocks.forget])

    # ---- bus -----------------------------------------------------------------------------------
    @staticmethod
    def _offset(where: str | int) -> int:
        return REG[where].offset if isinstance(where, str) else where

    async def read(self, where: str | int) -> int:
        """Register by name (both halves of a 64-bit one), or the word at an offset."""
        if isinstance(where, str) and REG[where].width == 64:
            return await self.axil.read64(self._offset(where))
        return await self.axil.read32(self._offset(where))

    async def write(self, where: str | int, value: int) -> None:
        if isinstance(where, str) and REG[where].width == 64:
            await self.axil.write64(self._offset(where), value)
        else:
            await self.axil.write32(self._offset(where), value)

    async def check(self, where: str | int, value: int, why: str = "") -> None:
        got = await self.read(where)
        name = where if isinstance(where, str) else f"{where:#07x}"
        assert got == value, f"{name} is {got:#x}, not {value:#x} {why}"

    async def snapshot(self) -> dict[str, int]:
        """All registers of this milestone."""
        return {reg.name: await self.read(reg.name) for reg in REG if reg.milestone == 1}

    # ---- time ----------------------------------------------------------------------------------
    async def cycles(self, count: int) -> None:
        for _ in range(count):
            await RisingEdge(self.dut.clk_i)

    async def settle(self) -> None:
        await self.cycles(SETTLED)

    async def pulse(self, *pins: str) -> None:
        """One cycle high on input pulses, all in the same cycle, and time to follow."""
        for pin in pins:
            self.blocks.now[pin] += 1
        await self.settle()

    def get(self, name: str) -> int:
        return int(getattr(self.dut, name).value)

    # ---- updates -------------------------------------------------------------------------------
    def hold(self, *names: str) -> None:
        self.blocks.held.update(names)

    async def release(self, *names: str) -> None:
        self.blocks.held.difference_update(names)
        await self.settle()

    async def set_cr0(self, **fields: int) -> None:
        """Replace fields of CR0 and wait as long as an update takes that nobody holds."""
        value = int.from_bytes(REG.CR0.set(await self.read("CR0"), **fields), "little")
        await self.write("CR0", value)
        await self.settle()

    async def check_cr0(self, cr0: int, ack: int, why: str = "") -> None:
        await self.check("CR0", cr0, why)
        await self.check("CR0ACK", ack, why)


def milestone_1() -> list[Register]:
    """Registers that exist in this build."""
    return [reg for reg in REG if reg.milestone == 1]
