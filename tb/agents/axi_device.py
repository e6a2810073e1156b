# SPDX-License-Identifier: Apache-2.0
"""Agent of a device port (s_axi of one TBU)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyuvm import uvm_analysis_port, uvm_sequence_item

from tb.agents.agent import AgentCfg, SmmuAgent, SmmuDriver, SmmuMonitor
from tb.bfm.burst import AxiTxn
from tb.env.smmu_bench import SmmuBench


@dataclass
class AxiDeviceCfg(AgentCfg):
    """Which TBU."""

    tbu: int = 0


class AxiDeviceItem(uvm_sequence_item):
    """One burst. ``data`` None is a read of ``length`` bytes.

    ``options`` go to ``SmmuBench.read`` or ``write`` (AXI ID, attributes, delays, holds). The
    driver does not wait for the answer: after ``finish_item`` the burst is posted and ``txn`` is
    its transaction, to be awaited by whoever needs the answer.
    """

    def __init__(self, name: str = "burst", **fields: Any) -> None:
        super().__init__(name)
        self.txn: AxiTxn | None = None
        self.set(**fields)

    @classmethod
    def make(cls, **fields: Any) -> AxiDeviceItem:
        """An item from the factory: overrides of its type apply."""
        item = cls.create("burst")
        item.set(**fields)
        return item

    def set(self, *, sid: int = 0, ssid: int | None = None, addr: int = 0, length: int = 0,
            data: bytes | None = None, priv: bool = False, inst: bool = False,
            **options: Any) -> None:  # fmt: skip
        """All fields at once."""
        self.sid, self.ssid, self.addr = sid, ssid, addr
        self.length = len(data) if data is not None else length
        self.data, self.priv, self.inst = data, priv, inst
        self.options = options

    @property
    def bursts(self) -> Sequence[AxiDeviceItem]:
        """What the driver posts."""
        return (self,)

    def __str__(self) -> str:
        kind = "read" if self.data is None else "write"
        ssid = "" if self.ssid is None else f".0x{self.ssid:x}"
        return f"{kind} sid=0x{self.sid:x}{ssid} va=0x{self.addr:x} {self.length} bytes"


class AxiDeviceBatch(uvm_sequence_item):
    """Several bursts posted at once, for traffic whose rate matters: one handshake for all."""

    def __init__(self, bursts: Sequence[AxiDeviceItem], name: str = "batch") -> None:
        super().__init__(name)
        self.bursts = bursts

    def __str__(self) -> str:
        return f"{len(self.bursts)} bursts"


class AxiDeviceDriver(SmmuDriver):
    """Posts bursts as they come; the transactor keeps them apart."""

    cfg: AxiDeviceCfg

    async def drive(self, bench: SmmuBench, item: AxiDeviceItem | AxiDeviceBatch) -> None:
        for burst in item.bursts:
            self._post(bench, burst)

    def _post(self, bench: SmmuBench, burst: AxiDeviceItem) -> None:
        side = {"sid": burst.sid, "ssid": burst.ssid, "tbu": self.cfg.tbu, "priv": burst.priv,
                "inst": burst.inst, **burst.options}  # fmt: skip
        if burst.data is None:
            burst.txn = bench.read(burst.addr, burst.length, **side)
        else:
            burst.txn = bench.write(burst.addr, burst.data, **side)


@dataclass(eq=False)
class AxiDeviceBurst:
    """What the monitor publishes: at the address handshake, and again when it has ended."""

    tbu: int
    txn: AxiTxn
    notes: dict[str, Any] = field(default_factory=dict)  # of whoever follows this burst


class AxiDeviceMonitor(SmmuMonitor):
    """``address_ap`` and ``ap`` publish the same object, at the start and at the end."""

    cfg: AxiDeviceCfg

    def build_phase(self) -> None:
        super().build_phase()
        self.address_ap = uvm_analysis_port("address_ap", self)

    def listen(self, bench: SmmuBench) -> None:
        tbu, open_bursts = self.cfg.tbu, {}

        def started(txn: AxiTxn) -> None:
            open_bursts[txn] = AxiDeviceBurst(tbu, txn)
            self.address_ap.write(open_bursts[txn])

        def ended(txn: AxiTxn) -> None:
            self.ap.write(open_bursts.pop(txn))

        name = f"tbu{tbu}_s_axi"
        bench.monitor(bench.device_probes[tbu], name, ended, on_address=started)


class AxiDeviceAgent(SmmuAgent):
    """A client of one TBU."""

    MONITOR, DRIVER = AxiDeviceMonitor, AxiDeviceDriver
