# SPDX-License-Identifier: Apache-2.0
"""Agent of the programming interface (AXI4-Lite), and what joins it to the register model."""

from __future__ import annotations

from dataclasses import dataclass

from pyuvm import (
    uvm_access_e,
    uvm_agent,
    uvm_analysis_port,
    uvm_driver,
    uvm_monitor,
    uvm_reg_adapter,
    uvm_reg_bus_op,
    uvm_sequence,
    uvm_sequence_item,
    uvm_sequencer,
    uvm_status_e,
)

from tb.agents.port import BenchPort
from tb.bfm.mailbox import Unit, drain

_RING = 64  # records the probe keeps


@dataclass
class RegCfg:
    """Whether the agent drives the port."""

    port: BenchPort
    active: bool = True


class RegItem(uvm_sequence_item):
    """One 32-bit access; ``data`` of a read is there after ``finish_item``."""

    def __init__(self, name: str = "access", *, addr: int = 0, data: int = 0,
                 write: bool = False) -> None:  # fmt: skip
        super().__init__(name)
        self.addr, self.data, self.write = addr, data, write

    def __str__(self) -> str:
        arrow = "<-" if self.write else "->"
        return f"reg 0x{self.addr:05x} {arrow} 0x{self.data:08x}"


class RegDriver(uvm_driver):
    """One access after the other."""

    def build_phase(self) -> None:
        self.cfg: RegCfg = self.cdb_get("cfg")

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        while True:
            item: RegItem = await self.seq_item_port.get_next_item()
            if item.write:
                await bench.write32(item.addr, item.data)
            else:
                item.data = await bench.read32(item.addr)
            self.logger.debug("%s", item)
            self.seq_item_port.item_done()


@dataclass(frozen=True)
class RegAccess:
    """An access seen on the pins; ``time`` is the cycle of its response."""

    time: int
    write: bool
    addr: int
    data: int
    strobe: int
    resp: int


class RegMonitor(uvm_monitor):
    """Publishes every access when it has ended, whoever made it."""

    def build_phase(self) -> None:
        self.cfg: RegCfg = self.cdb_get("cfg")
        self.ap = uvm_analysis_port("ap", self)

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        unit = Unit(bench.dut.u_axil_probe)
        records = unit.words("rec_mem")
        drain(
            unit.reg("rec_cnt_q"),
            lambda n: self.ap.write(self.decode(records.get(n % _RING))),
            "s_axil",
        )

    @staticmethod
    def decode(row: int) -> RegAccess:
        """A record of tb_axil_probe."""
        return RegAccess(
            time=row >> 56,
            resp=row >> 54 & 3,
            write=bool(row >> 53 & 1),
            strobe=row >> 49 & 0xF,
            data=row >> 17 & 0xFFFFFFFF,
            addr=row & 0x1FFFF,
        )


class RegAdapter(uvm_reg_adapter):
    """Register model to items."""

    def __init__(self, name: str = "adapter") -> None:
        super().__init__(name)
        self.parent_sequence = uvm_sequence("ral")

    def reg2bus(self, rw: uvm_reg_bus_op) -> RegItem:
        write = rw.kind == uvm_access_e.UVM_WRITE
        return RegItem("ral", addr=rw.addr, data=rw.data if write else 0, write=write)

    def bus2reg(self, bus_item: RegItem, rw: uvm_reg_bus_op) -> None:
        rw.addr, rw.data = bus_item.addr, bus_item.data
        rw.kind = uvm_access_e.UVM_WRITE if bus_item.write else uvm_access_e.UVM_READ
        rw.status = uvm_status_e.UVM_IS_OK


class RegAgent(uvm_agent):
    """Sequencer and driver (when active), monitor, adapter."""

    def build_phase(self) -> None:
        self.cfg: RegCfg = self.cdb_get("cfg")
        self.monitor = RegMonitor.create("monitor", self)
        self.adapter = RegAdapter()
        self.sequencer: uvm_sequencer | None = None
        if self.cfg.active:
            self.sequencer = uvm_sequencer.create("sequencer", self)
            self.driver = RegDriver.create("driver", self)

    def connect_phase(self) -> None:
        if self.sequencer is not None:
            self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
