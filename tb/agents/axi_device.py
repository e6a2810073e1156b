# SPDX-License-Identifier: Apache-2.0
"""Agent of a device port (s_axi of one TBU)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyuvm import (
    uvm_agent,
    uvm_analysis_port,
    uvm_driver,
    uvm_monitor,
    uvm_sequence_item,
    uvm_sequencer,
)

from tb.agents.port import BenchPort
from tb.bfm.burst import AxiTxn


@dataclass
class DeviceCfg:
    """Which TBU, and whether the agent drives it."""

    port: BenchPort
    tbu: int = 0
    active: bool = True


class DeviceItem(uvm_sequence_item):
    """One burst. ``data`` None is a read of ``length`` bytes.

    ``options`` go to ``SmmuBench.read`` or ``write`` (AXI ID, attributes, delays, holds). The
    driver does not wait for the answer: after ``finish_item`` the burst is posted and ``txn`` is
    its transaction, to be awaited by whoever needs the answer.
    """

    def __init__(self, name: str = "burst", *, sid: int = 0, ssid: int | None = None,
                 addr: int = 0, length: int = 0, data: bytes | None = None, priv: bool = False,
                 inst: bool = False, **options: Any) -> None:  # fmt: skip
        super().__init__(name)
        self.sid, self.ssid, self.addr = sid, ssid, addr
        self.length = len(data) if data is not None else length
        self.data, self.priv, self.inst = data, priv, inst
        self.options = options
        self.txn: AxiTxn | None = None

    def __str__(self) -> str:
        kind = "read" if self.data is None else "write"
        ssid = "" if self.ssid is None else f".0x{self.ssid:x}"
        return f"{kind} sid=0x{self.sid:x}{ssid} va=0x{self.addr:x} {self.length} bytes"


class DeviceDriver(uvm_driver):
    """Posts bursts as they come; the transactor keeps them apart."""

    def build_phase(self) -> None:
        self.cfg: DeviceCfg = self.cdb_get("cfg")

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        while True:
            item: DeviceItem = await self.seq_item_port.get_next_item()
            side = {"sid": item.sid, "ssid": item.ssid, "tbu": self.cfg.tbu, "priv": item.priv,
                    "inst": item.inst, **item.options}  # fmt: skip
            if item.data is None:
                item.txn = bench.read(item.addr, item.length, **side)
            else:
                item.txn = bench.write(item.addr, item.data, **side)
            self.logger.debug("%s", item)
            self.seq_item_port.item_done()


@dataclass(eq=False)
class DeviceBurst:
    """What the monitor publishes: at the address handshake, and again when it has ended."""

    tbu: int
    txn: AxiTxn
    notes: dict[str, Any] = field(default_factory=dict)  # of whoever follows this burst


class DeviceMonitor(uvm_monitor):
    """``address_ap`` and ``ap`` publish the same object, at the start and at the end."""

    def build_phase(self) -> None:
        self.cfg: DeviceCfg = self.cdb_get("cfg")
        self.ap = uvm_analysis_port("ap", self)
        self.address_ap = uvm_analysis_port("address_ap", self)

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        tbu, open_bursts = self.cfg.tbu, {}

        def started(txn: AxiTxn) -> None:
            open_bursts[txn] = DeviceBurst(tbu, txn)
            self.address_ap.write(open_bursts[txn])

        def ended(txn: AxiTxn) -> None:
            self.ap.write(open_bursts.pop(txn))

        name = f"tbu{tbu}_s_axi"
        bench.monitor(bench.device_probes[tbu], name, ended, on_address=started)


class DeviceAgent(uvm_agent):
    """Sequencer and driver (when active), monitor."""

    def build_phase(self) -> None:
        self.cfg: DeviceCfg = self.cdb_get("cfg")
        self.monitor = DeviceMonitor.create("monitor", self)
        self.sequencer: uvm_sequencer | None = None
        if self.cfg.active:
            self.sequencer = uvm_sequencer.create("sequencer", self)
            self.driver = DeviceDriver.create("driver", self)

    def connect_phase(self) -> None:
        if self.sequencer is not None:
            self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
