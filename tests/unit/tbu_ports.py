# SPDX-License-Identifier: Apache-2.0
"""Client and memory around smmu_tbu for its unit tests: one Python step per clock cycle.

A step runs at the falling edge. Every output of the TBU is a register, so what is read there is
what the next rising edge sees, and what is driven there is what it samples: a handshake is known in
the step itself, and "step n" names the rising edge that follows it.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from dataclasses import dataclass, field

OKAY, EXOKAY, SLVERR, DECERR = range(4)
INCR = 1
READ, WRITE = 0, 1
ATOP_RETURNS, ATOP_COMPARE = 0x20, 0x31  # AWATOP: R beats come back; AtomicCompare

# pins of an address channel that pass through unchanged, beside the ID and the address
_PASSED = ("len", "size", "burst", "qos")


def word(addr: int) -> int:
    """Contents of memory nobody wrote, 128 bits."""
    return (addr * 0x9E3779B97F4A7C15 ^ addr << 64 ^ 0x5A5A) & ((1 << 128) - 1)


@dataclass
class Txn:
    """One client transaction and what became of it; times are steps."""

    kind: int
    addr: int
    id: int = 0
    len: int = 0
    size: int = 3
    burst: int = INCR
    lock: int = 0
    cache: int = 0xF
    prot: int = 2
    qos: int = 0
    domain: int = 1
    sid: int = 1
    ssidv: int = 0
    ssid: int = 0
    secsid: int = 0
    flow: int = 0
    atop: int = 0
    data: list[int] = field(default_factory=list)
    strb: list[int] = field(default_factory=list)
    at: int = 0  # not before this step
    w_at: int = 0  # data not before this step

    t_addr: int | None = None  # address handshake
    t_w: int | None = None  # last data handshake
    t_out: int | None = None  # seen on the memory side
    t_done: int | None = None
    out: Burst | None = None
    returned: Txn | None = None  # the R beats of an atomic
    beats: list[tuple[int, int]] = field(default_factory=list)  # (data, resp)

    @property
    def resp(self) -> int:
        """Worst response."""
        return max(resp for _, resp in self.beats)


@dataclass
class Burst:
    """One burst on the memory side."""

    kind: int
    id: int
    addr: int
    pins: dict[str, int]
    step: int
    ready_at: int = 0
    data: list[tuple[int, int]] = field(default_factory=list)  # write beats (data, strb)
    left: int = 0


class Pins:
    """Reads and writes pins; a value is written only when it changes."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self._last: dict[str, int] = {}
        self._handles: dict[str, object] = {}

    def _handle(self, name: str):
        if name not in self._handles:
            self._handles[name] = getattr(self.dut, name)
        return self._handles[name]

    def get(self, name: str) -> int:
        """Value of an output, which must be known."""
        return int(self._handle(name).value)

    def set(self, name: str, value: int) -> None:
        """Drive an input."""
        if self._last.get(name) != value:
            self._last[name] = value
            self._handle(name).value = value


class Client:
    """The device side: offers transactions in list order per channel, takes the responses."""

    def __init__(self, pins: Pins, rng: random.Random) -> None:
        self.pins, self.rng = pins, rng
        self.queue: tuple[deque[Txn], deque[Txn]] = (deque(), deque())
        self.w_queue: deque[Txn] = deque()
        self.w_beat = 0
        self.waiting: tuple[dict[int, deque[Txn]], ...] = (
            defaultdict(deque),
            defaultdict(deque),
        )
        self.done: list[Txn] = []
        self.ready_percent = {"r": 100, "b": 100}
        self.valid_percent = 100
        self._held = {"ar": False, "aw": False, "w": False}
        for name in ("arvalid", "awvalid", "wvalid", "rready", "bready", "wdata", "wstrb", "wlast"):
            pins.set(f"s_axi_{name}", 0)
        for channel in ("ar", "aw"):
            self._address(channel, Txn(READ, 0))

    def add(self, txn: Txn) -> Txn:
        """Offer a transaction; writes get random data unless they have some."""
        width = len(self.pins.dut.s_axi_wdata)
        if txn.kind == WRITE and not txn.data:
            txn.data = [self.rng.getrandbits(width) for _ in range(txn.len + 1)]
            txn.strb = [self.rng.getrandbits(width // 8) for _ in range(txn.len + 1)]
        self.queue[txn.kind].append(txn)
        if txn.kind == WRITE:
            self.w_queue.append(txn)
        return txn

    @property
    def idle(self) -> bool:
        """Nothing offered, nothing outstanding."""
        return not any(self.queue) and not any(any(w.values()) for w in self.waiting)

    def _address(self, channel: str, txn: Txn) -> None:
        for name in (
            "id",
            "addr",
            "len",
            "size",
            "burst",
            "lock",
            "cache",
            "prot",
            "qos",
            "domain",
        ):
            self.pins.set(f"s_axi_{channel}{name}", getattr(txn, name))
        for name in ("sid", "ssidv", "ssid", "secsid", "flow"):
            self.pins.set(f"s_axi_{channel}mmu{name}", getattr(txn, name))
        if channel == "aw":
            self.pins.set("s_axi_awatop", txn.atop)

    def _offer(self, channel: str, may: bool) -> bool:
        """Decide valid: once given it stays until the handshake (AXI)."""
        held = self._held[channel] or (may and self.rng.randrange(100) < self.valid_percent)
        self.pins.set(f"s_axi_{channel}valid", int(held))
        taken = held and bool(self.pins.get(f"s_axi_{channel}ready"))
        self._held[channel] = held and not taken
        return taken

    def step(self, now: int) -> None:
        """One cycle of all five channels."""
        for kind, channel in ((READ, "ar"), (WRITE, "aw")):
            queue = self.queue[kind]
            may = bool(queue) and queue[0].at <= now
            if may:
                self._address(channel, queue[0])
            if self._offer(channel, may):
                txn = queue.popleft()
                txn.t_addr = now
                self.waiting[kind][txn.id].append(txn)
                if kind == WRITE and txn.atop & ATOP_RETURNS:
                    # R beats without an AR; AtomicCompare returns half of what it sends
                    beats = (txn.len >> 1) if txn.atop == ATOP_COMPARE else txn.len
                    txn.returned = Txn(READ, txn.addr, id=txn.id, len=beats, t_addr=now)
                    self.waiting[READ][txn.id].append(txn.returned)
        self._step_w(now)
        self._step_r(now)
        self._step_b(now)

    def _step_w(self, now: int) -> None:
        may = bool(self.w_queue) and self.w_queue[0].w_at <= now
        if may:
            txn = self.w_queue[0]
            self.pins.set("s_axi_wdata", txn.data[self.w_beat])
            self.pins.set("s_axi_wstrb", txn.strb[self.w_beat])
            self.pins.set("s_axi_wlast", int(self.w_beat == txn.len))
        if self._offer("w", may):
            self.w_beat += 1
            if self.w_beat > txn.len:
                self.w_beat = 0
                self.w_queue.popleft().t_w = now

    def _take(self, channel: str) -> bool:
        ready = self.rng.randrange(100) < self.ready_percent[channel]
        self.pins.set(f"s_axi_{channel}ready", int(ready))
        return ready and bool(self.pins.get(f"s_axi_{channel}valid"))

    def _step_r(self, now: int) -> None:
        if not self._take("r"):
            return
        get = self.pins.get
        txn = self.waiting[READ][get("s_axi_rid")][0]
        txn.beats.append((get("s_axi_rdata"), get("s_axi_rresp")))
        assert get("s_axi_rlast") == (len(txn.beats) == txn.len + 1), f"RLAST of {txn}"
        if len(txn.beats) == txn.len + 1:
            self._finish(txn, now)

    def _step_b(self, now: int) -> None:
        if not self._take("b"):
            return
        txn = self.waiting[WRITE][self.pins.get("s_axi_bid")][0]
        assert txn.t_w is not None, f"B before the last data of {txn}"
        txn.beats.append((0, self.pins.get("s_axi_bresp")))
        self._finish(txn, now)

    def _finish(self, txn: Txn, now: int) -> None:
        txn.t_done = now
        self.waiting[txn.kind][txn.id].popleft()
        self.done.append(txn)


class Memory:
    """The memory side: answers in order per ID, in any order between IDs, beats interleaved."""

    def __init__(self, pins: Pins, rng: random.Random) -> None:
        self.pins, self.rng = pins, rng
        self.bytes = len(pins.dut.m_axi_wstrb)
        self.ready_percent = {"ar": 100, "aw": 100, "w": 100}
        self.resp_percent = 100
        self.latency = (1, 1)  # steps from the handshake to the first response
        self.resp = OKAY
        self.open: list[Burst] = []  # until the last response
        self.seen: list[Burst] = []
        self.w_beats: deque[tuple[int, int, int]] = deque()
        self.w_wait: deque[Burst] = deque()
        self._r: Burst | None = None
        self._b: Burst | None = None
        self.hold = False
        self.on_open = lambda burst: None
        for name in ("arready", "awready", "wready", "rvalid", "bvalid", "rid", "rdata", "rresp",
                     "rlast", "bid", "bresp"):  # fmt: skip
            pins.set(f"m_axi_{name}", 0)

    def step(self, now: int) -> None:
        """One cycle of all five channels."""
        self._respond_r(now)
        self._respond_b(now)
        for kind, channel in ((READ, "ar"), (WRITE, "aw")):
            if self._take(channel):
                self._accept(kind, channel, now)
        if self._take("w"):
            get = self.pins.get
            self.w_beats.append((get("m_axi_wdata"), get("m_axi_wstrb"), get("m_axi_wlast")))
        while self.w_beats and self.w_wait:
            self._write_beat(now)

    def _take(self, channel: str) -> bool:
        ready = self.rng.randrange(100) < self.ready_percent[channel]
        self.pins.set(f"m_axi_{channel}ready", int(ready))
        return ready and bool(self.pins.get(f"m_axi_{channel}valid"))

    def _accept(self, kind: int, channel: str, now: int) -> None:
        names = (*_PASSED, "lock", "cache", "prot", "domain", "sid")
        pins = {name: self.pins.get(f"m_axi_{channel}{name}") for name in names}
        burst = Burst(
            kind, self.pins.get(f"m_axi_{channel}id"), self.pins.get(f"m_axi_{channel}addr"),
            pins, now, now + self.rng.randint(*self.latency), left=pins["len"] + 1,
        )  # fmt: skip
        self.open.append(burst)
        self.seen.append(burst)
        if kind == WRITE:
            assert self.pins.get("m_axi_awatop") == 0
            self.w_wait.append(burst)
        self.on_open(burst)

    def _write_beat(self, now: int) -> None:
        burst = self.w_wait[0]
        data, strb, last = self.w_beats.popleft()
        burst.data.append((data, strb))
        complete = len(burst.data) == burst.pins["len"] + 1
        assert last == complete, f"WLAST at beat {len(burst.data)} of {burst}"
        if complete:
            self.w_wait.popleft()
            burst.ready_at = now + self.rng.randint(*self.latency)

    def _choose(self, kind: int, now: int) -> Burst | None:
        """A burst that is first of its ID and due."""
        if self.hold or self.rng.randrange(100) >= self.resp_percent:
            return None
        first: dict[int, Burst] = {}
        for burst in self.open:
            if burst.kind == kind:
                first.setdefault(burst.id, burst)
        due = [
            b for b in first.values()
            if b.ready_at <= now and (kind == READ or len(b.data) == b.pins["len"] + 1)
        ]  # fmt: skip
        return self.rng.choice(due) if due else None

    def _respond_r(self, now: int) -> None:
        if self._r is None:
            self._r = self._choose(READ, now)
        burst = self._r
        self.pins.set("m_axi_rvalid", int(burst is not None))
        if burst is None:
            return
        beat = burst.pins["len"] + 1 - burst.left
        self.pins.set("m_axi_rid", burst.id)
        self.pins.set("m_axi_rdata", self.beat_data(burst, beat))
        self.pins.set("m_axi_rresp", self.resp)
        self.pins.set("m_axi_rlast", int(burst.left == 1))
        if self.pins.get("m_axi_rready"):
            self._r = None
            burst.left -= 1
            if burst.left == 0:
                self.open.remove(burst)

    def _respond_b(self, now: int) -> None:
        if self._b is None:
            self._b = self._choose(WRITE, now)
        burst = self._b
        self.pins.set("m_axi_bvalid", int(burst is not None))
        if burst is None:
            return
        self.pins.set("m_axi_bid", burst.id)
        self.pins.set("m_axi_bresp", self.resp)
        if self.pins.get("m_axi_bready"):
            self._b = None
            self.open.remove(burst)

    def beat_data(self, burst: Burst, beat: int) -> int:
        """Read data of one beat."""
        addr = burst.addr + (beat << burst.pins["size"])
        return word(addr) & ((1 << 8 * self.bytes) - 1)
