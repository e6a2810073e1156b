# SPDX-License-Identifier: Apache-2.0
"""The reference model as a replay target (architecture section 5).

Nothing here takes time, so waiting only moves a counter that lets watchdogs fire.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from sim import runner
from tb.models.memory import Memory
from tb.models.smmu_ref import Kind, SmmuConfig, SmmuRef, Ticket, Transaction
from tb.replay.format import Case
from tb.replay.interpreter import CaseResult, run_case
from tb.replay.target import DmaRequest, DmaResult

ERROR_BASE = 0x9000_0000
_DEVICE = "device"


@dataclass
class ModelFlight:
    """A transaction inside the model."""

    request: DmaRequest
    result: DmaResult | None = None


class ModelTarget:
    """``ReplayTarget`` made of ``SmmuRef`` and a ``Memory``."""

    name = "model"
    settle = 0

    def __init__(self, config: SmmuConfig | None = None) -> None:
        self.config = config or SmmuConfig()
        self.memory = Memory()
        self.smmu = SmmuRef(self.memory, self.config)
        self.now = 0

    async def reset(self, *, err_outside_ram: bool) -> None:
        """Fresh memory and a reset SMMU."""
        self.memory.clear()
        if err_outside_ram:
            self.memory.add_error(ERROR_BASE, (1 << 64) - ERROR_BASE)
        self.smmu.reset()

    async def read32(self, offset: int) -> int:
        """Register read."""
        return self.smmu.read32(offset)

    async def write32(self, offset: int, value: int) -> None:
        """Register write."""
        self.smmu.write32(offset, value)

    async def poll32(self, offset: int, value: int, mask: int, cycles: int,
                     differs: bool = False) -> int:  # fmt: skip
        """Register read; what it does not show now it never will."""
        got = self.smmu.read32(offset)
        if (got & mask == value) is differs:
            self.now += cycles
        return got

    def mem_read(self, pa: int, length: int) -> bytes:
        """Back-door memory read."""
        return self.memory.peek(pa, length)

    def mem_write(self, pa: int, data: bytes) -> None:
        """Back-door memory write."""
        self.memory.poke(pa, data)

    def mem_fill(self, pa: int, length: int, value: int) -> None:
        """Back-door fill."""
        self.memory.fill(pa, length, value)

    async def wait(self, cycles: int) -> None:
        """Let the watchdogs count."""
        self.now += cycles

    async def start_dma(self, request: DmaRequest) -> ModelFlight:
        """Hand the transaction to the model; it is answered at once unless it stalls."""
        flight = ModelFlight(request)

        def finish(ticket: Ticket) -> None:
            flight.result = self._complete(request, ticket)

        transaction = Transaction(
            sid=request.sid,
            ssid=request.ssid,
            addr=request.addr,
            rnw=not request.is_write,
            length=request.length,
            priv=request.priv,
            inst=request.inst,
        )
        self.smmu.submit(transaction, finish)
        return flight

    def _complete(self, request: DmaRequest, ticket: Ticket) -> DmaResult:
        """What the downstream bus does with the outcome."""
        outcome = ticket.outcome
        if outcome.kind is Kind.ABORT:
            return DmaResult("SLVERR")
        if outcome.kind is Kind.RAZWI:
            return DmaResult("OKAY", None if request.is_write else bytes(request.length))
        pa = outcome.pa
        resp = self.memory.response_to(pa, request.length, request.is_write, _DEVICE)
        if request.data is not None:
            self.memory.write(pa, request.data, who=_DEVICE)
            return DmaResult(resp, pa=pa, written=request.data)
        data, _ = self.memory.read(pa, request.length, who=_DEVICE)
        return DmaResult(resp, data, pa)


def drive(coroutine: Coroutine[Any, Any, CaseResult]) -> CaseResult:
    """Run a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("a replay target without a simulator must not suspend")


def model_config(config: str | None) -> SmmuConfig:
    """What software can see of a configuration; the model's own values for None."""
    params = runner.config_params(config)
    names = ("cmdqs", "eventqs", "stall_max")
    return SmmuConfig(**{name: params[name.upper()] for name in names if name.upper() in params})


def run_on_model(cases: list[Case], config: SmmuConfig | None = None) -> list[CaseResult]:
    """Run every case on the reference model."""
    target = ModelTarget(config)
    return [drive(run_case(case, target)) for case in cases]
