# SPDX-License-Identifier: Apache-2.0
"""Monitors: whole AXI bursts out of a ``bfm_axi_probe``, once per burst (architecture 4).

``AxiMonitor`` is a cocotb-bus ``BusMonitor``: callbacks (or its queue) get one ``AxiTxn`` per ended
burst. Beats are collected in Verilog; the pin bundle is there for benches that want to look.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from cocotb_bus.monitors import BusMonitor

from tb.bfm.burst import AxiTxn, Shape, from_rows
from tb.bfm.layout import ROWS
from tb.bfm.mailbox import Unit, drain

AX = ["id", "addr", "len", "size", "burst", "lock", "cache", "prot", "qos", "domain"]


class _Half:
    """Read or write monitor of the probe."""

    def __init__(self, handle: Any, is_write: bool) -> None:
        self.is_write = is_write
        self.unit = Unit(handle)
        self.column = Unit(handle.u_col)
        self.vec = self.unit.words("vec_mem")
        self.ax = self.unit.words("ax_mem")
        self.slots = len(self.vec)
        self.cpl = self.column.words("cpl_mem")
        self.rows = (self.unit if is_write else self.column).words("dat_mem")
        self.open: dict[int, AxiTxn] = {}


class AxiMonitor(BusMonitor):
    """Publishes the bursts of one AXI4 bus.

    entity, name   where the pins are: ``dut``, ``"tbu0_s_axi"`` (missing pins are left out)
    probe          handle of the ``bfm_axi_probe`` on that bus
    on_address     called with the AxiTxn at its address handshake, before its data is known; the
                   same object is published when it has ended
    """

    _signals: list[str] = []
    _optional_signals = [
        *(f"aw{s}" for s in [*AX, "valid", "ready"]),
        *(f"ar{s}" for s in [*AX, "valid", "ready"]),
        "wdata", "wstrb", "wlast", "wvalid", "wready", "bid", "bresp", "bvalid", "bready",
        "rid", "rdata", "rresp", "rlast", "rvalid", "rready",
    ]  # fmt: skip

    def __init__(self, entity: Any, name: str, clock: Any, probe: Any, *,
                 on_address: Callable[[AxiTxn], None] | None = None,
                 **options: Any) -> None:  # fmt: skip
        self.data_w = len(probe.r_data_i)
        self.lanes = self.data_w // 8
        self.on_address = on_address
        self.halves = {"rd": _Half(probe.u_mon_rd, False), "wr": _Half(probe.u_mon_wr, True)}
        super().__init__(entity, name, clock, **options)

    async def _monitor_recv(self) -> None:
        for half in self.halves.values():
            if self.on_address is not None:
                drain(half.unit.reg("ax_cnt_q"), partial(self._address, half))
            drain(half.column.reg("cpl_cnt_q"), partial(self._end, half))

    @property
    def lost(self) -> int:
        """Bursts the probe could not follow because too many were open; must be zero."""
        return sum(h.unit.reg("lost_cnt_q").get() for h in self.halves.values())

    @property
    def open(self) -> list[AxiTxn]:
        """Bursts whose address was seen and whose end was not (needs ``on_address``)."""
        return [txn for half in self.halves.values() for txn in half.open.values()]

    def _txn(self, half: _Half, slot: int) -> AxiTxn:
        vector = half.vec.get(slot)
        txn = AxiTxn(half.is_write, Shape.of(vector, self.lanes), vector)
        txn.slot = slot
        return txn

    def _address(self, half: _Half, number: int) -> None:
        txn = self._txn(half, half.ax.get(number % half.slots))
        half.open[txn.slot] = txn
        self.on_address(txn)

    def _end(self, half: _Half, number: int) -> None:
        row = half.cpl.get(number % half.slots)
        slot = row & 0xFF
        txn = half.open.pop(slot, None) or self._txn(half, slot)
        beats = txn.end(row)
        rows = [half.rows.get(slot * ROWS + k) for k in range((txn.beats + 7) // 8)]
        upper_w = self.lanes if half.is_write else 2
        txn.bus, upper = from_rows(rows, txn.beats, self.data_w, upper_w)
        if half.is_write:
            txn.strobes = upper
        else:
            txn.resps = upper
            if beats != txn.beats:
                txn.error = f"{beats} R beats instead of {txn.beats}"
        txn.finish()
        self._recv(txn)

    def reset(self) -> None:
        """Forget open bursts; call while in reset."""
        for half in self.halves.values():
            half.open.clear()
