# SPDX-License-Identifier: Apache-2.0
"""A memory for the accelerator's AXI port that answers out of order, slowly, wrongly or never.

One coroutine steps once a clock. Answers of one ID keep their order (AXI4); IDs overtake each
other at random. Every handshake is checked against the protocol rules the SMMU relies on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

OKAY, SLVERR, DECERR = 0, 2, 3
PAGE = 4096


class Bytes:
    """Sparse 64-bit byte memory; untouched bytes read as 0xAA."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}

    def _page(self, addr: int) -> bytearray:
        return self.pages.setdefault(addr // PAGE, bytearray(b"\xaa" * PAGE))

    def read(self, addr: int, count: int) -> bytes:
        return bytes(self._page(addr + i)[(addr + i) % PAGE] for i in range(count))

    def write(self, addr: int, data: bytes) -> None:
        for i, byte in enumerate(data):
            self._page(addr + i)[(addr + i) % PAGE] = byte


@dataclass
class Burst:
    """One AXI burst as the slave saw it."""

    id: int
    addr: int
    beats: int
    ssid: int | None
    time: int  # of the address handshake, in simulator steps
    data: list[tuple[int, int]] = field(default_factory=list)


class DmaSlave:
    """Drives the slave side of m_axi; `held_reads` and `held_writes` are IDs never answered."""

    def __init__(self, dut, mem: Bytes, rng: random.Random, ready_percent: int = 100) -> None:
        self.dut = dut
        self.mem = mem
        self.rng = rng
        self.percent = {name: ready_percent for name in ("ar", "r", "aw", "w", "b")}
        self.fault: Callable[[int, bool], int] = lambda addr, write: OKAY
        self.held_reads: set[int] = set()
        self.held_writes: set[int] = set()
        self.reads: dict[int, deque[Burst]] = {}
        self.writes: dict[int, deque[Burst]] = {}
        self.w_order: deque[Burst] = deque()
        self.log: list[tuple[str, Burst]] = []
        self.r_beats = self.w_beats = self.cycle = 0
        self.max_open = 0
        self.lanes = len(dut.m_axi_wstrb)
        self._stable: dict[str, tuple[int, ...] | None] = {}
        for name in ("arready", "rvalid", "rid", "rdata", "rresp", "rlast",
                     "awready", "wready", "bvalid", "bid", "bresp"):  # fmt: skip
            self._pin(name).value = 0

    def _pin(self, name: str):
        return getattr(self.dut, f"m_axi_{name}")

    def _get(self, name: str) -> int:
        return int(self._pin(name).value)

    def _go(self, channel: str) -> bool:
        return self.rng.randrange(100) < self.percent[channel]

    async def run(self) -> None:
        """Step for ever; start it once with cocotb.start_soon."""
        ready = dict.fromkeys(("ar", "aw", "w"), False)
        while True:
            await RisingEdge(self.dut.clk_i)
            self.cycle += 1
            if not int(self.dut.rst_ni.value):
                continue
            self._check_stable(ready)
            if ready["ar"] and self._get("arvalid"):
                self._take_address("ar", self.reads)
            if ready["aw"] and self._get("awvalid"):
                self.w_order.append(self._take_address("aw", None))
            if ready["w"] and self._get("wvalid"):
                self._take_data()
            self._offer_r()
            self._offer_b()
            for channel in ("ar", "aw", "w"):
                ready[channel] = self._go(channel) and (channel != "w" or self._w_open())
                self._pin(f"{channel}ready").value = int(ready[channel])

    def _w_open(self) -> bool:
        """W waits at WREADY until its AW is in, as at the SMMU (architecture.md D3)."""
        return bool(self.w_order)

    def _take_address(self, channel: str, per_id: dict[int, deque[Burst]] | None) -> Burst:
        ident, addr = self._get(f"{channel}id"), self._get(f"{channel}addr")
        beats = self._get(f"{channel}len") + 1
        size = beats * self.lanes
        assert self._get(f"{channel}size") == self.lanes.bit_length() - 1
        assert self._get(f"{channel}burst") == 1, "only INCR is expected"
        assert self._get(f"{channel}prot") == 0b010, "unprivileged, Non-secure, data"
        assert addr % self.lanes == 0, "addresses are aligned to the beat"
        assert addr // PAGE == (addr + size - 1) // PAGE, f"burst at {addr:#x} crosses 4 KB"
        assert self._get(f"{channel}mmusid") == int(self.dut.sid_i.value)
        ssid = self._get(f"{channel}mmussid") if self._get(f"{channel}mmussidv") else None
        burst = Burst(ident, addr, beats, ssid, get_sim_time())
        self.log.append((channel, burst))
        if per_id is not None:
            queue = per_id.setdefault(ident, deque())
            queue.append(burst)
            self.max_open = max(self.max_open, len(queue))
        return burst

    def _take_data(self) -> None:
        assert self.w_order, "W beat without an AW"
        burst = self.w_order[0]
        data, strb = self._get("wdata"), self._get("wstrb")
        for lane in range(self.lanes):
            if not strb >> lane & 1:
                assert data >> 8 * lane & 0xFF == 0, "a lane without strobe carries bytes"
        burst.data.append((data, strb))
        self.w_beats += 1
        assert self._get("wlast") == (len(burst.data) == burst.beats), "WLAST is misplaced"
        if len(burst.data) == burst.beats:
            self.writes.setdefault(burst.id, deque()).append(self.w_order.popleft())

    def _choose(self, per_id: dict[int, deque[Burst]], held: set[int]) -> Burst | None:
        ids = [i for i, queue in per_id.items() if queue and i not in held]
        return per_id[self.rng.choice(ids)][0] if ids else None

    def _offer_r(self) -> None:
        """Drive the next R beat; bursts of different IDs are interleaved beat by beat."""
        burst = self._choose(self.reads, self.held_reads) if self._go("r") else None
        if burst is None:
            self._pin("rvalid").value = 0
            return
        beat = len(burst.data)
        addr = burst.addr + beat * self.lanes
        resp = self.fault(addr, False)
        data = int.from_bytes(self.mem.read(addr, self.lanes), "little")
        burst.data.append((data, resp))
        self.r_beats += 1
        last = len(burst.data) == burst.beats
        if last:
            self.reads[burst.id].popleft()
        for name, value in (("rvalid", 1), ("rid", burst.id), ("rdata", 0 if resp else data),
                            ("rresp", resp), ("rlast", int(last))):  # fmt: skip
            self._pin(name).value = value

    def _offer_b(self) -> None:
        burst = self._choose(self.writes, self.held_writes) if self._go("b") else None
        if burst is None:
            self._pin("bvalid").value = 0
            return
        self.writes[burst.id].popleft()
        resp = max(self.fault(burst.addr + k * self.lanes, True) for k in range(burst.beats))
        if resp == OKAY:
            for k, (data, strb) in enumerate(burst.data):
                raw = data.to_bytes(self.lanes, "little")
                for lane in range(self.lanes):
                    if strb >> lane & 1:
                        addr = burst.addr + k * self.lanes + lane
                        self.mem.write(addr, raw[lane : lane + 1])
        for name, value in (("bvalid", 1), ("bid", burst.id), ("bresp", resp)):
            self._pin(name).value = value

    def _check_stable(self, ready: dict[str, bool]) -> None:
        """A refused payload stays as it is; R and B are never refused."""
        assert self._get("rready") and self._get("bready"), "R and B are always taken"
        for channel, fields in (("ar", ("id", "addr", "len", "mmussid")),
                                ("aw", ("id", "addr", "len", "mmussid")),
                                ("w", ("data", "strb", "last"))):  # fmt: skip
            seen = None
            if self._get(f"{channel}valid"):
                seen = tuple(self._get(channel + f) for f in fields)
            before = self._stable.get(channel)
            assert before is None or seen == before, f"{channel} changed before it was taken"
            self._stable[channel] = None if seen is None or ready[channel] else seen
