# SPDX-License-Identifier: Apache-2.0
"""Agent of the programming interface (AXI4-Lite), and what joins it to the register model."""

from __future__ import annotations

from dataclasses import dataclass

from pyuvm import (
    uvm_access_e,
    uvm_reg_adapter,
    uvm_reg_bus_op,
    uvm_reg_frontdoor,
    uvm_sequence,
    uvm_sequence_item,
    uvm_status_e,
)

from tb.agents.agent import AgentCfg, SmmuAgent, SmmuDriver, SmmuMonitor
from tb.bfm.axil_monitor import AxilMonitor
from tb.env.smmu_bench import SmmuBench


@dataclass
class AxiLiteCfg(AgentCfg):
    """Nothing beyond what every agent has."""


class AxiLiteItem(uvm_sequence_item):
    """One 32-bit access; ``data`` of a read is there after ``finish_item``."""

    def __init__(self, name: str = "access", *, addr: int = 0, data: int = 0,
                 write: bool = False) -> None:  # fmt: skip
        super().__init__(name)
        self.addr, self.data, self.write = addr, data, write

    def __str__(self) -> str:
        arrow = "<-" if self.write else "->"
        return f"reg 0x{self.addr:05x} {arrow} 0x{self.data:08x}"


class AxiLiteDriver(SmmuDriver):
    """One access after the other."""

    async def drive(self, bench: SmmuBench, item: AxiLiteItem) -> None:
        if item.write:
            await bench.write32(item.addr, item.data)
        else:
            item.data = await bench.read32(item.addr)


class AxiLiteMonitor(SmmuMonitor):
    """Publishes every ``AxilAccess`` when it has ended, whoever made it."""

    def listen(self, bench: SmmuBench) -> None:
        AxilMonitor(bench.regs_probe, self.ap.write, "s_axil")


class SmmuRegAdapter(uvm_reg_adapter):
    """Register model to items."""

    def __init__(self, name: str = "adapter") -> None:
        super().__init__(name)
        self.parent_sequence = uvm_sequence("ral")

    def reg2bus(self, rw: uvm_reg_bus_op) -> AxiLiteItem:
        write = rw.kind == uvm_access_e.UVM_WRITE
        return AxiLiteItem("ral", addr=rw.addr, data=rw.data if write else 0, write=write)

    def bus2reg(self, bus_item: AxiLiteItem, rw: uvm_reg_bus_op) -> None:
        rw.addr, rw.data = bus_item.addr, bus_item.data
        rw.kind = uvm_access_e.UVM_WRITE if bus_item.write else uvm_access_e.UVM_READ
        rw.status = uvm_status_e.UVM_IS_OK


class SmmuWideFrontdoor(uvm_reg_frontdoor):
    """A 64-bit register over the 32-bit port: two accesses, low half first (REG-034)."""

    def __init__(self, name: str = "wide") -> None:
        super().__init__(name)

    async def body(self) -> None:
        rw = self.rw_info
        at, write = rw.get_element().get_offset(), rw.get_kind() == uvm_access_e.UVM_WRITE
        value = 0
        for low in (0, 32):
            data = rw.get_value() >> low & 0xFFFFFFFF if write else 0
            item = AxiLiteItem("ral", addr=at + low // 8, data=data, write=write)
            await self.start_item(item)
            await self.finish_item(item)
            value |= item.data << low
        rw.set_value(value)
        rw.set_status(uvm_status_e.UVM_IS_OK)


class AxiLiteAgent(SmmuAgent):
    """The programming interface."""

    MONITOR, DRIVER = AxiLiteMonitor, AxiLiteDriver
