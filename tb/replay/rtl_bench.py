# SPDX-License-Identifier: Apache-2.0
"""Replay cases on the RTL of tb_smmu (architecture section 5).

Outside the simulator :func:`build` compiles the bench; inside, the cocotb test hands
:class:`RtlTarget` to ``rtl_runner.serve``, which runs every case in this one process.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import First, Timer

from sim import runner
from sim.figures import publish
from tb.bfm.burst import OKAY, AxiTxn
from tb.bfm.clock import PERIOD_NS
from tb.env import smmu_bench
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import REG
from tb.replay.interpreter import Skip
from tb.replay.model_runner import ModelTarget
from tb.replay.rtl_runner import serve, serve_shrink
from tb.replay.target import DmaRequest, DmaResult

ERROR_BASE = 0x9000_0000
# Longest way from a transaction's AR to its published record: a cold nested walk of 16K tables
# with a two-level CD (about 40 reads of ten cycles), then the write of the record.
SETTLE = 600
# The SMMU is idle when its walk port has been silent for this long (and no invalidation sweeps).
QUIET = 60
# With every transaction answered only a record may still be on its way, and its write is on the
# port at most this many cycles after the answer (the queue has taken it before, D19).
QUIET_ANSWERED = 24
LANDING = 6  # cycles from a write on the port to the index that tells of it
IDENTITY = frozenset(REG[name].offset for name in ("IDR0", "IDR1", "IDR5"))
SOFTWARE_OWNED = IDENTITY | {
    reg.offset + half
    for reg in (REG[n] for n in ("CMDQ_BASE", "CMDQ_PROD", "EVENTQ_BASE", "EVENTQ_CONS"))
    for half in range(0, reg.width // 8, 4)
}
MAX_BEATS = 256


def build(sim: str | None, config: str | None) -> runner.Build:
    """The bench, compiled."""
    return smmu_bench.build(sim, config)


@dataclass
class RtlFlight:
    """A transaction on its way; ``downstream`` is what its memory port has seen of it."""

    request: DmaRequest
    txn: AxiTxn
    downstream: AxiTxn | None = None

    @property
    def result(self) -> DmaResult | None:
        """What the device and the memory port saw; None until the device is answered."""
        txn, down = self.txn, self.downstream
        if not txn.finished:
            return None
        resp = "OKAY" if txn.resp == OKAY and not txn.error else "SLVERR"
        if txn.resp not in (OKAY, 2) or txn.error:
            resp = f"resp={txn.resp} {txn.error}".strip()
        read = None if self.request.is_write else txn.data
        if down is None:
            return DmaResult(resp, read)
        if not self.request.is_write:
            return DmaResult(resp, read, down.addr)
        data, mask = down.data, down.byte_mask
        written = bytes(b for i, b in enumerate(data) if mask >> i & 1)
        first = (mask & -mask).bit_length() - 1 if mask else 0
        return DmaResult(resp, None, down.addr + first, written)


class RtlTarget:
    """``ReplayTarget`` around a bench; transactions go through TBU 0."""

    name = "rtl"
    settle = SETTLE

    def __init__(self, bench: SmmuBench) -> None:
        self.bench = bench
        self.sweep = bench.params.get("TLB_SETS", 0)
        self.flights: dict[int, RtlFlight] = {}
        self.ids = 1 << bench.params.get("ID_W", 4)
        self.strays: list[AxiTxn] = []
        self.known: dict[int, int] = {}
        self.stirred = 0  # cycle of the last register write
        bench.monitor(
            bench.memory_probes[0], "tbu0_m_axi", lambda txn: None, on_address=self._downstream
        )

    @property
    def now(self) -> int:
        """Clock cycles."""
        return self.bench.cycle

    async def reset(self, *, err_outside_ram: bool) -> None:
        """Power-on reset with empty memory."""
        bench = self.bench
        self.flights.clear()
        # what the device is does not change
        self.known = {offset: value for offset, value in self.known.items() if offset in IDENTITY}
        bench.memory.clear()
        if err_outside_ram:
            bench.memory.add_error(ERROR_BASE, (1 << 64) - ERROR_BASE)
        await bench.reset()

    async def read32(self, offset: int) -> int:
        """Register read; registers that only software changes are read once after a write."""
        if offset not in SOFTWARE_OWNED:
            return await self.bench.read32(offset)
        if offset not in self.known:
            self.known[offset] = await self.bench.read32(offset)
        return self.known[offset]

    async def write32(self, offset: int, value: int) -> None:
        """Register write."""
        self.known.pop(offset, None)
        await self.bench.write32(offset, value)
        self.stirred = self.now

    async def poll32(self, offset: int, value: int, mask: int, cycles: int,
                     differs: bool = False) -> int:  # fmt: skip
        """Poll a register, by the Verilog of the bench."""
        return await self.bench.axil.poll32(offset, value, mask, cycles, differs)

    def mem_read(self, pa: int, length: int) -> bytes:
        """Back-door memory read."""
        return self.bench.memory.peek(pa, length)

    def mem_write(self, pa: int, data: bytes) -> None:
        """Back-door memory write."""
        self.bench.memory.poke(pa, data)

    def mem_fill(self, pa: int, length: int, value: int) -> None:
        """Back-door fill."""
        self.bench.memory.fill(pa, length, value)

    async def start_dma(self, request: DmaRequest) -> RtlFlight:
        """Post the transaction on an AXI ID no transaction in flight has."""
        busy = {i for i, flight in self.flights.items() if not flight.txn.finished}
        axi_id = next((i for i in range(self.ids) if i not in busy), None)
        if axi_id is None:
            raise Skip(f"has more than {self.ids} transactions in flight")
        lanes = self.bench.masters[0].lanes
        if request.addr % lanes + request.length > MAX_BEATS * lanes:
            raise Skip(f"has a burst of {request.length} bytes, too long for {lanes} a beat")
        side: dict[str, Any] = {
            "sid": request.sid,
            "ssid": request.ssid,
            "priv": request.priv,
            "inst": request.inst,
            "id": axi_id,
        }
        if request.data is None:
            txn = self.bench.read(request.addr, request.length, **side)
        else:
            txn = self.bench.write(request.addr, request.data, **side)
        self.flights[axi_id] = flight = RtlFlight(request, txn)
        return flight

    async def wait(self, cycles: int) -> None:
        """Let time pass, but not beyond the end of a transaction or the end of all activity."""
        flying = [f.txn for f in self.flights.values() if not f.txn.finished]
        if cycles <= QUIET and flying:
            end = Timer(cycles * PERIOD_NS, "ns")
            await First(end, *(txn.done.wait() for txn in flying))
            return
        end, before = self.now + cycles, -1
        while (left := end - self.now) > 0 and before != (before := self._accesses()):
            # a stalled or waiting transaction may be held by an invalidation that sweeps the TLB
            quiet = QUIET + self.sweep if flying else max(QUIET_ANSWERED - self._age(), LANDING)
            await Timer(min(quiet, left) * PERIOD_NS, "ns")

    def _age(self) -> int:
        """Cycles since software or an answer to a device last gave cause for a record."""
        return self.now - max([self.stirred, *(f.txn.t_last for f in self.flights.values())])

    def _accesses(self) -> int:
        """Accesses the SMMU itself has made so far."""
        return self.bench.ptw.reads + self.bench.ptw.writes

    def _downstream(self, txn: AxiTxn) -> None:
        flight = self.flights.get(txn.id)
        if flight is None or flight.downstream is not None:
            self.strays.append(txn)
        else:
            flight.downstream = txn


async def _target() -> RtlTarget:
    seed = int(os.environ.get("COCOTB_RANDOM_SEED", "0"))
    # memory answers at once: a case has no time in it, and every cycle costs
    how = BenchConfig(seed=seed, latency=1, fast_registers=True)
    return RtlTarget(await SmmuBench.start(cocotb.top, how))


@cocotb.test()
async def replay(dut: Any) -> None:
    """All listed cases; what each saw is in the results file, not in the outcome of this test."""
    target = await _target()
    cycle, start = target.now, time.process_time()
    done = await serve(target)
    publish("replay", cases=len(done), cycles=target.now - cycle,
            seconds=round(time.process_time() - start, 3))  # fmt: skip
    assert not target.strays, f"on m_axi without a device transaction: {target.strays[:4]}"
    target.bench.check()


@cocotb.test()
async def minimize(dut: Any) -> None:
    """One failing case cut down; candidates may leave transactions open, so nothing is checked."""
    target = await _target()
    await serve_shrink(target, ModelTarget(target.bench.model_config))
