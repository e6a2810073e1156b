# SPDX-License-Identifier: Apache-2.0
"""DMA mixes: what devices do, on all ports at once, each burst waited for in bounded time."""

from __future__ import annotations

from collections.abc import Callable

import cocotb
from pyuvm import uvm_sequence, uvm_sequencer

from tb.agents.axi_device import AxiDeviceItem
from tb.bfm.burst import AxiTxn
from tb.env.smmu_bench import SmmuBench
from tb.sequences.base import ANSWER_LIMIT, SmmuSequence
from tb.sequences.traffic import PAGE, RandomTraffic, Target, WildTraffic

KINDS = ("mixed", "wild", "stream", "copy")


async def answered(bench: SmmuBench, txn: AxiTxn, limit: int = ANSWER_LIMIT) -> AxiTxn:
    """The burst ended within ``limit`` cycles, stalls included; AssertionError else."""
    assert await bench.within(txn.done, limit), f"no answer: {txn}"
    return txn


async def flood(bench: SmmuBench, sequencer: uvm_sequencer,
                more: Callable[[], uvm_sequence | None], open_limit: int,
                limit: int = ANSWER_LIMIT) -> list[AxiTxn]:  # fmt: skip
    """Start what ``more`` gives until it gives None; all bursts, each answered.

    ``more`` gives sequences with ``txns``; at most ``open_limit`` bursts stay open between two.
    """
    sent: list[AxiTxn] = []
    waiting: list[AxiTxn] = []
    while (sequence := more()) is not None:
        await sequence.start(sequencer)
        sent += sequence.txns
        waiting = [txn for txn in (*waiting, *sequence.txns) if not txn.finished]
        while len(waiting) > open_limit:
            await answered(bench, waiting[0], limit)
            waiting = [txn for txn in waiting if not txn.finished]
    for txn in waiting:
        await answered(bench, txn, limit)
    return sent


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


class CopyTraffic(uvm_sequence):
    """Reads from the start of a target, then writes what was read one page further on."""

    def __init__(self, bench: SmmuBench, target: Target, count: int) -> None:
        super().__init__("copy_traffic")
        self.bench, self.target, self.count = bench, target, count
        self.txns: list[AxiTxn] = []

    async def body(self) -> None:
        lanes, target = self.bench.masters[0].lanes, self.target
        reads = StreamTraffic(target, self.count, lanes=lanes)
        await reads.start(self.sequencer)
        data = b"".join([(await answered(self.bench, txn)).data for txn in reads.txns])
        there = Target(target.sid, target.ssid, target.base + PAGE, target.size - PAGE)
        writes = StreamTraffic(there, self.count, lanes=lanes, data=data, axi_id=1)
        await writes.start(self.sequencer)
        self.txns = [*reads.txns, *writes.txns]


class DmaMix(SmmuSequence):
    """``bursts`` on each device port, all ports at once.

    kind     ``mixed``: random reads and writes; ``wild``: also rare shapes, attributes and
             mistakes; ``stream``: sequential reads; ``copy``: reads, then writes of what was
             read one page on (a target is at least two pages)
    open_limit   bursts a port has open
    limit    cycles a burst may take, stalls included
    options  of ``RandomTraffic``: ids, max_beats, writes, privileged

    After it: ``txns``, and ``count`` of them.
    """

    def __init__(self, targets: list[Target], bursts: int = 40, name: str = "dma_mix", *,
                 kind: str = "mixed", open_limit: int = 8, limit: int = ANSWER_LIMIT,
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
            self.txns += await port

    async def _port(self, device: uvm_sequencer) -> list[AxiTxn]:
        left = self.bursts

        def more() -> uvm_sequence | None:
            nonlocal left
            count = min(4, left)
            left -= count
            return self._some(count) if count else None

        return await flood(self.bench, device, more, self.open_limit, self.limit)

    def _some(self, count: int) -> uvm_sequence:
        """A few bursts of the kind."""
        lanes = self.bench.masters[0].lanes
        if self.kind in ("mixed", "wild"):
            traffic = WildTraffic if self.kind == "wild" else RandomTraffic
            return traffic(self.rng, self.targets, count, lanes=lanes, **self.options)
        target = self.rng.choice(self.targets)
        if self.kind == "stream":
            return StreamTraffic(target, count, lanes=lanes)
        return CopyTraffic(self.bench, target, (count + 1) // 2)
