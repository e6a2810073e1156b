# SPDX-License-Identifier: Apache-2.0
"""DMA mixes: what devices do, on all ports at once, each burst waited for in bounded time."""

from __future__ import annotations

import cocotb
from pyuvm import uvm_sequence, uvm_sequencer

from tb.agents.axi_device import AxiDeviceItem
from tb.bfm.burst import AxiTxn
from tb.sequences.base import SmmuSequence
from tb.sequences.traffic import PAGE, RandomTraffic, Target, WildTraffic

KINDS = ("mixed", "wild", "stream", "copy")


class StreamTraffic(uvm_sequence):
    """Full bursts through one target from its start, as a descriptor-driven engine reads."""

    def __init__(self, target: Target, count: int, *, lanes: int, beats: int = 8,
                 data: bytes | None = None, axi_id: int = 0) -> None:  # fmt: skip
        super().__init__("stream_traffic")
        self.target, self.count, self.size = target, count, lanes * beats
        self.data, self.axi_id = data, axi_id
        self.txns: list[AxiTxn] = []

    async def body(self) -> None:
        for number in range(self.count):
            offset = number * self.size % max(self.target.size - self.size + 1, 1)
            data = self.data and self.data[offset : offset + self.size]
            item = AxiDeviceItem.make(
                sid=self.target.sid, ssid=self.target.ssid, addr=self.target.base + offset,
                length=self.size, data=data, id=self.axi_id,
            )  # fmt: skip
            await self.start_item(item)
            await self.finish_item(item)
            self.txns.append(item.txn)


class DmaMix(SmmuSequence):
    """``bursts`` on each device port, all ports at once.

    kind     ``mixed``: random reads and writes; ``wild``: also rare shapes, attributes and
             mistakes; ``stream``: sequential reads; ``copy``: reads, then writes of what was
             read one page on (a target is at least two pages)
    open_limit   bursts a port has open
    limit    cycles a burst may take, stalls included

    After it: ``txns``, and ``count`` of them.
    """

    def __init__(self, targets: list[Target], bursts: int = 40, name: str = "dma_mix", *,
                 kind: str = "mixed", open_limit: int = 8, limit: int = 200_000,
                 **options: object) -> None:  # fmt: skip
        super().__init__(name)
        if kind not in KINDS:
            raise ValueError(f"DmaMix kind {kind!r}: not one of {', '.join(KINDS)}")
        self.targets, self.bursts, self.kind = targets, bursts, kind
        self.open_limit, self.limit, self.options = open_limit, limit, options
        self.txns: list[AxiTxn] = []

    @property
    def count(self) -> int:
        """Bursts sent."""
        return len(self.txns)

    async def body(self) -> None:
        ports = [cocotb.start_soon(self._port(device)) for device in self.sequencer.devices]
        for port in ports:
            await port

    async def _port(self, device: uvm_sequencer) -> None:
        left, waiting = self.bursts, []
        while left > 0:
            sent = await self._some(device, min(4, left))
            left -= len(sent)
            self.txns += sent
            waiting = [txn for txn in (*waiting, *sent) if not txn.finished]
            while len(waiting) > self.open_limit:
                await self.answered(waiting.pop(0), self.limit)
        for txn in waiting:
            await self.answered(txn, self.limit)

    async def _some(self, device: uvm_sequencer, count: int) -> list[AxiTxn]:
        """A few bursts of the kind."""
        lanes = self.bench.masters[0].lanes
        if self.kind in ("mixed", "wild"):
            traffic = WildTraffic if self.kind == "wild" else RandomTraffic
            sequence = traffic(self.rng, self.targets, count, lanes=lanes, **self.options)
            await sequence.start(device)
            return sequence.txns
        target = self.rng.choice(self.targets)
        if self.kind == "stream":
            sequence = StreamTraffic(target, count, lanes=lanes)
            await sequence.start(device)
            return sequence.txns
        half = (count + 1) // 2
        reads = StreamTraffic(target, half, lanes=lanes)
        await reads.start(device)
        for txn in reads.txns:
            await self.answered(txn, self.limit)
        data = b"".join(txn.data for txn in reads.txns)
        there = Target(target.sid, target.ssid, target.base + PAGE, target.size - PAGE)
        writes = StreamTraffic(there, half, lanes=lanes, data=data, axi_id=1)
        await writes.start(device)
        return [*reads.txns, *writes.txns]
