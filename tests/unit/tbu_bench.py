# SPDX-License-Identifier: Apache-2.0
"""Bench of smmu_tbu: a TCU of a few lines of Python, and the check of every transaction."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from sim import runner
from tests.unit.messages import constant, pack, unpack
from tests.unit.tbu_ports import OKAY, READ, SLVERR, WRITE, Burst, Client, Memory, Pins, Txn

CLOCK_NS = 2
PAGE = 12
SIZE_BITS = {0: 12, 1: 14, 2: 16, 3: 21, 4: 25, 5: 29, 6: 30, 7: 48}  # SZ_* to log2 of bytes

UP = {k: constant(f"UP_K_{k}") for k in ("XLAT", "CFG", "SYNC", "UUT")}
DN = {
    k: constant(f"DN_K_{k}")
    for k in ("OK", "ONCE", "ABORT", "RAZWI", "STALL", "PARK", "RETRY", "TABORT", "TRAZWI",
              "CFG", "INV", "SYNC", "MODE")
}  # fmt: skip
TAG_CMD, TAG_DVM, TAG_MODE = (constant(f"TAG_{t}") for t in ("CMD", "DVM", "MODE"))
GBPA_RESET = 0x1000


@dataclass
class Page:
    """What the TCU answers for one page: `how` is a DN kind; the rest fills the entry."""

    how: str = "OK"
    ppn: int = 0
    size: int = 0
    canstall: int = 0
    fields: dict[str, int] = field(default_factory=dict)


class Tcu:
    """Answers from `pages[sid, ssv, ssid, vpn]` as they are when the message is sent (D12)."""

    def __init__(self, pins: Pins, rng: random.Random) -> None:
        self.pins, self.rng = pins, rng
        self.pages: dict[tuple[int, int, int, int], Page] = {}
        self.default: Callable[[dict[str, int]], Page] | None = None
        self.latency = (3, 3)
        self.ready_percent = 100
        self.asked: list[dict[str, int]] = []  # every UP message, "step" added
        self.stalled: dict[int, dict[str, int]] = {}  # slot to message
        self.synced: list[tuple[int, int]] = []  # (step, tag)
        self._urgent: deque[int] = deque()
        self._due: list[tuple[int, int, dict[str, int]]] = []
        self._number = 0
        self.hold = False
        for name, value in (("up_ready_i", 0), ("dn_valid_i", 0), ("dn_msg_i", 0)):
            pins.set(name, value)

    # ---- what tests call ----------------------------------------------------------------

    def send(self, kind: str, slot: int = 0, canstall: int = 0, body: int = 0) -> None:
        """A message ahead of the answers not sent yet."""
        self._urgent.append(pack("DN", kind=DN[kind], slot=slot, canstall=canstall, body=body))

    def sync(self, tag: int = TAG_CMD) -> None:
        """SYNC; the answer comes to `synced`."""
        self.send("SYNC", slot=tag)

    def mode(self, smmuen: int, gbpa: int = GBPA_RESET) -> None:
        """MODE; the answer comes to `synced`."""
        self.send("MODE", slot=TAG_MODE, body=pack("MODE", smmuen=smmuen, gbpa=gbpa))

    def inv(self, **fields: int) -> None:
        """INV of the given fields."""
        self.send("INV", body=pack("INV", **fields))

    def inv_all(self) -> None:
        """TLB invalidation of everything."""
        self.inv(s1=1, s2=1)

    def resume(self, slot: int, kind: str) -> None:
        """RETRY, TABORT or TRAZWI of a stalled or parked slot."""
        msg = self.stalled.pop(slot)
        self.send(kind, slot, canstall=1)
        if kind == "RETRY":
            msg["retried"] = 1

    # ---- one cycle ------------------------------------------------------------------------

    def step(self, now: int) -> None:
        """One UP and one DN message."""
        ready = self.rng.randrange(100) < self.ready_percent
        self.pins.set("up_ready_i", int(ready))
        if ready and self.pins.get("up_valid_o"):
            self._take(unpack("UP", self.pins.get("up_msg_o")), now)
        message = None
        if self._urgent:
            message = self._urgent.popleft()
        elif self._due and self._due[0][0] <= now and not self.hold:
            message = self._answer(heapq.heappop(self._due)[2])
        self.pins.set("dn_valid_i", int(message is not None))
        if message is not None:
            self.pins.set("dn_msg_i", message)

    def _take(self, msg: dict[str, int], now: int) -> None:
        msg["step"] = now
        self.asked.append(msg)
        if msg["kind"] == UP["SYNC"]:
            self.synced.append((now, msg["slot"]))
            return
        self._number += 1
        heapq.heappush(self._due, (now + self.rng.randint(*self.latency), self._number, msg))

    def page_of(self, msg: dict[str, int]) -> Page:
        """The page a request falls into."""
        key = (msg["sid"], msg["ssv"], msg["ssid"], msg["va"] >> PAGE)
        if key in self.pages:
            return self.pages[key]
        assert self.default, f"no page for {msg}"
        return self.default(msg)

    def _answer(self, msg: dict[str, int]) -> int:
        slot = msg["slot"]
        if msg["kind"] == UP["UUT"]:
            return pack("DN", kind=DN["ABORT"], slot=slot)
        page = self.page_of(msg)
        if msg["kind"] == UP["CFG"]:
            return pack("DN", kind=DN["CFG"], slot=slot, canstall=page.canstall)
        if page.how in ("STALL", "PARK"):
            assert slot not in self.stalled
            self.stalled[slot] = msg
        body = entry(msg, page) if page.how in ("OK", "ONCE") else 0
        return pack("DN", kind=DN[page.how], slot=slot, canstall=page.canstall, body=body)


def entry(msg: dict[str, int], page: Page) -> int:
    """The ENT of a page for a request."""
    given = {
        "ur": 1,
        "uw": 1,
        "ux": 1,
        "pr": 1,
        "pw": 1,
        "px": 1,
        "stage": 1,
        "mattr": 0xFF,
        "sh": 3,
    }
    given |= page.fields
    low = (1 << SIZE_BITS[page.size] - PAGE) - 1
    return pack(
        "ENT", sid=msg["sid"], ssv=msg["ssv"], ssid=msg["ssid"], vpn=msg["va"] >> PAGE & ~low,
        size=page.size, s1size=given.pop("s1size", page.size), ppn=page.ppn & ~low,
        canstall=page.canstall, **given,
    )  # fmt: skip


class Bench:
    """Clock, reset, the three partners, and the check of what leaves and what comes back."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.pins = Pins(dut)
        self.now = 0
        dut.rst_ni.value = 0
        self.pins.set("nostall_i", 0)
        self.client = Client(self.pins, self.rng)
        self.mem = Memory(self.pins, self.rng)
        self.tcu = Tcu(self.pins, self.rng)
        self.params = runner.current_params()
        self.mem.on_open = self._match
        self._unmatched: dict[tuple[int, int], deque[Txn]] = defaultdict(deque)
        self._checked = 0
        self.every_step: list[Callable[[], None]] = []

    async def start(self, smmuen: int = 1) -> Bench:
        """Reset, wait for the sweep, and set SMMUEN."""
        Clock(self.dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(self.dut.clk_i)
        self.dut.rst_ni.value = 1
        await self.run(300)
        if smmuen:
            self.tcu.mode(1)
            await self.until(lambda: self.tcu.synced, 20)
            self.tcu.synced.clear()
        return self

    async def step(self) -> None:
        """One clock cycle."""
        await FallingEdge(self.dut.clk_i)
        self.now += 1
        self.client.step(self.now)
        self.mem.step(self.now)
        self.tcu.step(self.now)
        for txn in self.client.done[self._checked :]:
            self.check(txn)
        self._checked = len(self.client.done)
        for hook in self.every_step:
            hook()

    async def run(self, steps: int) -> None:
        """Some cycles."""
        for _ in range(steps):
            await self.step()

    async def until(self, what: Callable[[], object], limit: int = 2000) -> None:
        """Cycles until something is true."""
        for _ in range(limit):
            if what():
                return
            await self.step()
        raise AssertionError(f"not reached in {limit} cycles: {self.describe()}")

    async def drain(self, limit: int = 5000) -> None:
        """Until every transaction has ended."""
        await self.until(lambda: self.client.idle and not self.mem.open, limit)

    def describe(self) -> str:
        """What is still open."""
        waits = [t for side in self.client.waiting for q in side.values() for t in q]
        return (
            f"offered {[len(q) for q in self.client.queue]}, outstanding {waits[:4]}, "
            f"memory {self.mem.open[:4]}, stalled {list(self.tcu.stalled)}"
        )

    # ---- transactions ----------------------------------------------------------------------

    def read(self, addr: int, **given) -> Txn:
        """Offer a read."""
        return self._add(Txn(READ, addr, **given))

    def write(self, addr: int, **given) -> Txn:
        """Offer a write."""
        return self._add(Txn(WRITE, addr, **given))

    def _add(self, txn: Txn) -> Txn:
        self._unmatched[txn.kind, txn.id].append(txn)
        return self.client.add(txn)

    async def warm(self, *pages: Page, sid: int = 1, first: int = 0x10) -> None:
        """Map pages from VPN `first` up and bring them into the uTLB."""
        for number, page in enumerate(pages):
            self.tcu.pages[sid, 0, 0, first + number] = page
            self.read((first + number) << PAGE, sid=sid)
        await self.drain()

    def _match(self, burst: Burst) -> None:
        """Find whose burst this is: in order per ID, those answered locally passed over."""
        queue = self._unmatched[burst.kind, burst.id]
        while queue:
            txn = queue.popleft()
            same = all(
                getattr(txn, n) == burst.pins[n] for n in ("len", "size", "burst", "qos", "sid")
            )
            if same and (txn.addr ^ burst.addr) & 0xFFF == 0 and txn.t_done is None:
                assert txn.t_addr is not None, f"left before it came: {burst}"
                txn.out, txn.t_out = burst, burst.step
                return
        raise AssertionError(f"nobody's burst: {burst}")

    def check(self, txn: Txn) -> None:
        """Data and response of one finished transaction."""
        count = txn.len + 1 if txn.kind == READ else 1
        assert len(txn.beats) == count
        if txn.out is None:
            assert all(d == 0 and r in (OKAY, SLVERR) for d, r in txn.beats), f"local answer {txn}"
            return
        for beat, (data, resp) in enumerate(txn.beats):
            assert resp == self.mem.resp, txn
            if txn.kind == READ:
                assert data == self.mem.beat_data(txn.out, beat), f"beat {beat} of {txn}"
        if txn.kind == WRITE:
            assert txn.out.data == list(zip(txn.data, txn.strb, strict=True)), f"data of {txn}"
