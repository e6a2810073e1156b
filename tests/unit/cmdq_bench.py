# SPDX-License-Identifier: Apache-2.0
"""Drives smmu_cmdq: a queue in memory, users of the effects, the GERROR register, and the rules.

``step`` is one clock cycle: it drives every input after the falling edge, lets the design settle
and decides which handshakes the next rising edge makes. What the queue does is written to ``log``
in order; what a command should do is computed by ``effect`` from the layouts in tb.models.fields.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tb.models.fields import COMMANDS, Cmd, Op, SyncCs, TlbiTg
from tb.models.layout import Record
from tb.models.smmu_ref import commands
from tests.unit import messages as msg

CLOCK_NS = 2
SIZE = 16  # bytes of a command
SID_BITS = 16
ZERO = bytes(SIZE)
MSI_MASK = (1 << 48) - 4
PAGE_TOP = (1 << 36) - 1

CFGI = (Op.CFGI_STE, Op.CFGI_STE_RANGE, Op.CFGI_CD, Op.CFGI_CD_ALL)
HAS_VMID = (
    Op.TLBI_NH_ALL, Op.TLBI_NH_ASID, Op.TLBI_NH_VA, Op.TLBI_NH_VAA, Op.TLBI_S2_IPA,
    Op.TLBI_S12_VMALL,
)  # fmt: skip
STAGE2 = (Op.TLBI_S2_IPA, Op.TLBI_S12_VMALL, Op.TLBI_NSNH_ALL)
GRANULE_PAGES = {TlbiTg.G4K: 1, TlbiTg.G16K: 4, TlbiTg.G64K: 16}
# log2 of the bytes of a block, by TG and level hint (IHI 0070 4.4.1.1)
BLOCK_BITS = {
    (TlbiTg.G4K, 1): 30, (TlbiTg.G4K, 2): 21, (TlbiTg.G4K, 3): 12,
    (TlbiTg.G16K, 2): 25, (TlbiTg.G16K, 3): 14,
    (TlbiTg.G64K, 1): 42, (TlbiTg.G64K, 2): 29, (TlbiTg.G64K, 3): 16,
}  # fmt: skip

Effect = tuple[str, object]


# ---- what a command should do -------------------------------------------------------------------


def effect(command: bytes, vmw: int = 0) -> Effect:
    """``(kind, payload)`` of a command: ill, noop, inv, res, term or sync."""
    decoded = commands.decode(command)
    if decoded is None:
        return "ill", None
    op, f = decoded
    if op is Op.SYNC:
        return "sync", f
    if op in (Op.PREFETCH_CONFIG, Op.PREFETCH_ADDR):
        return "noop", None
    if op in CFGI:
        return _cfgi(op, f)
    if op in (Op.RESUME, Op.STALL_TERM):
        if f.streamid >> SID_BITS:
            return "noop", None
        return ("term", f.sid) if op is Op.STALL_TERM else ("res", (f.sid, f.stag, f.ac, f.ab))
    return "inv", _tlbi(op, f, vmw)


def _cfgi(op: Op, f: Record) -> Effect:
    block = 2 << f.range if op is Op.CFGI_STE_RANGE else 1  # StreamIDs, naturally aligned
    low = f.streamid & -block
    if low >> SID_BITS:
        return "noop", None
    # A mask bit is 1 where StreamIDs of the block differ, among the 16 that exist.
    inv = {"cfg": 1, "sid": f.streamid & 0xFFFF, "sidmask": (block - 1) & 0xFFFF}
    if op is Op.CFGI_CD:
        inv |= {"cdv": 1, "ssid": f.substreamid}
    if op is Op.CFGI_CD_ALL:
        inv["cdall"] = 1
    return "inv", inv


def _tlbi(op: Op, f: Record, vmw: int) -> dict[str, int]:
    inv = {"s1": int(op is not Op.TLBI_S2_IPA), "s2": int(op in STAGE2)}
    if op in HAS_VMID:
        inv |= {"vmidv": 1, "vmid": f.vmid, "vmw": vmw if vmw <= 4 else 0}
    if op in (Op.TLBI_NH_VA, Op.TLBI_NH_ASID):
        inv |= {"asidv": 1, "asid": f.asid}
    if "tg" not in f:
        return inv
    address = f.ipa if op is Op.TLBI_S2_IPA else f.address
    half = 0 if op is Op.TLBI_S2_IPA else address >> 55 & 1
    page = address >> 12 & PAGE_TOP
    inv |= {"vav": 1, "leaf": f.leaf, "tg": f.tg}
    if f.tg:
        ttl = f.ttl if (f.tg, f.ttl) in BLOCK_BITS else 0
        pages = GRANULE_PAGES[TlbiTg(f.tg)]
        block = 1 << BLOCK_BITS[TlbiTg(f.tg), ttl] - 12 if ttl else pages
        page -= page % block
        last = page + (f.num + 1) * (1 << f.scale) * pages - 1
        inv |= {"range": 1, "ttl": ttl, "end": half << 36 | min(last, PAGE_TOP)}
    return inv | {"vpn": half << 36 | page}


def random_command(rng: random.Random, ops: tuple[Op, ...], *, noise: bool = True) -> bytes:
    """A legal command with random fields; reserved bits are random too (CMD-009)."""
    while True:
        op = rng.choice(ops)
        layout = COMMANDS[op]
        bits = rng.getrandbits(128) if noise else 0
        for field in layout:
            value = rng.choice((0, 1, rng.getrandbits(field.width), (1 << field.width) - 1))
            value &= (1 << field.width) - 1
            if field.name == "opcode":
                value = int(op)
            elif field.name == "ssec":
                value = 0
            elif field.name == "streamid" and rng.random() < 0.8:
                value &= 0xFFFF
            bits = bits & ~field.mask | value << field.lsb
        command = bits.to_bytes(SIZE, "little")
        if effect(command)[0] != "ill":
            return command


# ---- the bench ----------------------------------------------------------------------------------


@dataclass
class Ring:
    """Where the queue is."""

    base: int
    log2: int

    @property
    def mask(self) -> int:
        return (2 << self.log2) - 1

    def address(self, index: int) -> int:
        return self.base + (index & ((1 << self.log2) - 1)) * SIZE


class Bench:
    """The queue with everything around it."""

    INPUTS = (
        "rst_ni", "en_i", "base_i", "log2_i", "ra_i", "queue_sh_i", "queue_oc_i", "queue_ic_i",
        "prod_i", "prod_kick_i", "cons_wr_i", "cons_wdata_i", "err_active_i", "inv_ready_i",
        "vmw_i", "res_ready_i", "sterm_ready_i", "csync_done_i", "msi_ready_i", "msi_done_i",
        "msi_err_i", "ar_ready_i", "r_valid_i", "r_data_i", "r_resp_i", "r_last_i",
    )  # fmt: skip

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.cycle = 0
        self.log: list[tuple[str, object, int]] = []
        self.memory: dict[int, bytes] = {}
        self.aborts: set[int] = set()
        self.ring = Ring(0x8000_0000, 3)
        self.prod = 0
        self.cons = 0  # as sampled
        self.en = 0
        self.vmw = 0
        # probabilities of ready, delays in cycles
        self.ready = dict.fromkeys(("ar", "r", "inv", "res", "sterm", "msi"), 1.0)
        self.latency = (1, 1)
        self.sync_delay = (1, 1)
        self.msi_delay = (1, 1)
        self.msi_aborts = 0.0
        self.gerr_latency = 1
        self.check_region = True
        # state
        self.beats: deque[tuple[int, int, bool]] = deque()  # (due, address, last)
        self.reads: list[int] = []
        self.gerror = self.gerrorn = 0
        self.active: deque[int] = deque()
        self.sync_due: int | None = None
        self.msi_due: tuple[int, bool] | None = None
        self.kick = 0
        self.held: dict[str, object] = {}
        self._driven: dict[str, int] = {}

    def drive(self, name: str, value: int) -> None:
        if self._driven.get(name) != value:
            self._driven[name] = value
            getattr(self.dut, name).value = value

    async def start(self, *, log2: int = 3, base: int = 0x8000_0000, index: int = 0) -> Bench:
        """Reset; an empty, enabled queue whose indices both are `index`."""
        for name in self.INPUTS:
            self.drive(name, 0)
        Clock(self.dut.clk_i, CLOCK_NS, unit="ns").start()
        await FallingEdge(self.dut.clk_i)
        for _ in range(3):
            await FallingEdge(self.dut.clk_i)
        self.drive("rst_ni", 1)
        await self.place(log2=log2, base=base, index=index)
        return self

    async def place(self, *, log2: int, base: int = 0x8000_0000, index: int = 0) -> None:
        """Disable, move the queue, enable (IHI 0070 6.3.26..28)."""
        await self.disable()
        self.ring = Ring(base & -max(SIZE << log2, 32), log2)
        self.drive("base_i", base)
        self.drive("log2_i", log2)
        self.prod = index & self.ring.mask
        await self.write_cons(self.prod)
        self.en = 1

    async def write_cons(self, value: int) -> None:
        self.drive("cons_wr_i", 1)
        self.drive("cons_wdata_i", value)
        await self.step()
        self.drive("cons_wr_i", 0)
        await self.step()

    async def disable(self, limit: int = 2000) -> None:
        """CMDQEN 1 -> 0 as smmu_cr0 does it: idle counts from the second cycle on."""
        self.en = 0
        await self.step(2)
        for _ in range(limit):
            if self.dut.idle_o.value == 1:
                self._sample_cons()
                return
            await self.step()
        raise AssertionError("never idle")

    # ---- software -----------------------------------------------------------------------------
    def write(self, *batch: bytes) -> list[int]:
        """Put commands behind PROD and move it; returns their indices."""
        at = []
        for command in batch:
            self.memory[self.ring.address(self.prod)] = command
            at.append(self.prod)
            self.prod = (self.prod + 1) & self.ring.mask
        self.kick = 1
        return at

    def room(self) -> int:
        return (1 << self.ring.log2) - ((self.prod - self.cons) & self.ring.mask)

    async def feed(self, batch: list[bytes], limit: int = 400) -> None:
        """All commands, as fast as there is room, until all are consumed."""
        todo = deque(batch)
        last = self.cycle
        while todo or self.cons != self.prod:
            while todo and self.room():
                self.write(todo.popleft())
            before = self.cons
            await self.step()
            if self.cons != before:
                last = self.cycle
            assert self.cycle < last + limit, f"stuck at {self.cons}, PROD {self.prod}"

    async def drained(self, limit: int = 2000) -> None:
        await self.feed([], limit)

    def acknowledge(self) -> None:
        """GERRORN := GERROR."""
        self.gerrorn = self.gerror

    async def failed(self, limit: int = 2000) -> tuple[int, int]:
        """Wait for CMDQ_ERR to read as active; ``(error code, CONS)``."""
        for _ in range(limit):
            if self.error_active and self._driven["err_active_i"]:
                return int(self.dut.err_code_o.value), self.cons
            await self.step()
        raise AssertionError("no error")

    @property
    def error_active(self) -> bool:
        return self.gerror != self.gerrorn

    def done(self, *kinds: str) -> list[Effect]:
        """The log without times; of the given kinds only."""
        kinds = kinds or ("inv", "res", "term", "sync", "irq", "msi")
        return [(kind, what) for kind, what, _ in self.log if kind in kinds]

    def when(self, kind: str) -> list[int]:
        return [at for what, _, at in self.log if what == kind]

    # ---- one cycle ------------------------------------------------------------------------------
    async def step(self, count: int = 1) -> None:
        for _ in range(count):
            await self._step()

    async def _step(self) -> None:
        dut, rng = self.dut, self.rng
        self.drive("en_i", self.en)
        self.drive("prod_i", self.prod)
        self.drive("prod_kick_i", self.kick)
        self.drive("vmw_i", self.vmw)
        self.kick = 0
        ready = {n: int(p >= 1 or rng.random() < p) for n, p in self.ready.items()}
        for name in ("ar", "inv", "res", "sterm", "msi"):
            self.drive(f"{name}_ready_i", ready[name])
        self._drive_beat(ready["r"])
        # what software and the register see of the error so far
        self.active.append(int(self.error_active))
        while len(self.active) > self.gerr_latency:
            self.active.popleft()
        self.drive("err_active_i", self.active[0])
        sync_done = self.sync_due is not None and self.sync_due <= self.cycle
        self.drive("csync_done_i", int(sync_done))
        msi_done = self.msi_due is not None and self.msi_due[0] <= self.cycle
        failed = msi_done and self.msi_due[1]
        # with an error done may come too, or not
        self.drive("msi_done_i", int(msi_done and not (failed and rng.random() < 0.5)))
        self.drive("msi_err_i", int(failed))
        await ReadOnly()
        self._sample_cons()
        self._sample_effects(ready, sync_done)
        self._sample_msi(ready["msi"], msi_done)
        self._sample_reads(ready["ar"])
        if dut.irq_sync_o.value == 1:
            self.note("irq")
        if dut.gerr_msi_o.value == 1:
            self.note("gerr_msi")
        if dut.gerr_cmdq_o.value == 1:
            assert not self.active[0], "told again though it is seen"
            if not self.error_active:
                self.note("gerr", int(dut.err_code_o.value))
            self.gerror = 1 - self.gerrorn
        await FallingEdge(dut.clk_i)
        self.cycle += 1

    def note(self, kind: str, what: object = None) -> None:
        self.log.append((kind, what, self.cycle))

    def _sample_cons(self) -> None:
        cons = int(self.dut.cons_o.value)
        if cons != self.cons:
            self.cons = cons
            self.note("cons", cons)

    def _stable(self, channel: str, valid: bool, ready: bool, value: object) -> None:
        """A message offered stays as it is until it is taken."""
        if channel in self.held:
            assert valid, f"{channel}: withdrawn"
            assert value == self.held[channel], f"{channel}: changed while it waited"
        self.held.pop(channel, None)
        if valid and not ready:
            self.held[channel] = value

    def _sample_effects(self, ready: dict[str, int], sync_done: bool) -> None:
        dut = self.dut
        for channel, kind, read in (
            ("inv", "inv", self._inv),
            ("res", "res", self._resume),
            ("sterm", "term", lambda: int(dut.sterm_sid_o.value)),
        ):
            valid = getattr(dut, f"{channel}_valid_o").value == 1
            value = read() if valid else None
            self._stable(channel, valid, bool(ready[channel]), value)
            if valid and ready[channel]:
                self.note(kind, value)
        if dut.csync_req_o.value == 1:
            if sync_done:
                self.sync_due = None
                self.note("sync")
            elif self.sync_due is None:
                self.sync_due = self.cycle + self.rng.randint(*self.sync_delay)
        else:
            assert not sync_done and self.sync_due is None, "csync_req fell"

    def _inv(self) -> dict[str, int]:
        fields = msg.unpack("INV", int(self.dut.inv_msg_o.value))
        return {name: value for name, value in fields.items() if value}

    def _resume(self) -> tuple[int, ...]:
        dut = self.dut
        names = ("res_sid_o", "res_stag_o", "res_ac_o", "res_ab_o")
        return tuple(int(getattr(dut, name).value) for name in names)

    def _sample_msi(self, ready: int, done: bool) -> None:
        dut = self.dut
        if done:
            self.msi_due = None
            self.note("msi_done")
        valid = dut.msi_valid_o.value == 1
        value = None
        if valid:
            names = ("msi_addr_o", "msi_data_o", "msi_attr_o", "msi_sh_o")
            value = tuple(int(getattr(dut, name).value) for name in names)
        self._stable("msi", valid, bool(ready), value)
        if valid and ready:
            assert self.msi_due is None, "second MSI while one is on its way (CMD-041)"
            self.note("msi", value)
            delay = self.rng.randint(*self.msi_delay)
            self.msi_due = self.cycle + delay, self.rng.random() < self.msi_aborts

    def _sample_reads(self, ready: int) -> None:
        dut = self.dut
        valid = dut.ar_valid_o.value == 1
        value = (int(dut.ar_addr_o.value), int(dut.ar_len_o.value)) if valid else None
        fresh = valid and "ar" not in self.held
        self._stable("ar", valid, bool(ready), value)
        if fresh:
            self._check_read(*value)
        if valid and ready:
            due = self.cycle + self.rng.randint(*self.latency)
            addresses = [value[0] + SIZE * i for i in range(value[1] + 1)]
            self.reads += addresses
            self.beats += [(due, a, a == addresses[-1]) for a in addresses]

    def _check_read(self, address: int, length: int) -> None:
        assert length <= 3 and address % SIZE == 0
        assert address // 64 == (address + SIZE * length) // 64, "burst leaves the 64-byte line"
        first = (address - self.ring.base) // SIZE
        assert first >= 0 and first + length < 1 << self.ring.log2, "read outside the queue"
        if self.check_region:
            used = (self.prod - self.cons) & self.ring.mask
            slots = {(self.cons + i) & ((1 << self.ring.log2) - 1) for i in range(used)}
            assert {first + i for i in range(length + 1)} <= slots, "empty slot read (CMD-003)"

    def _drive_beat(self, go: int) -> None:
        due = bool(self.beats) and self.beats[0][0] <= self.cycle
        self.drive("r_valid_i", int(due and go))
        if not (due and go):
            return
        _, address, last = self.beats.popleft()
        self.drive("r_data_i", int.from_bytes(self.memory.get(address, ZERO), "little"))
        self.drive("r_resp_i", self.rng.choice((2, 3)) if address in self.aborts else 0)
        self.drive("r_last_i", int(last))


def sync(cs: SyncCs = SyncCs.NONE, **fields: int) -> bytes:
    """A CMD_SYNC."""
    return Cmd.sync(cs=cs, **fields)


def msi_of(command: bytes) -> tuple[int, int, int, int]:
    """``(address, data, MemAttr, SH)`` of the MSI a CMD_SYNC sends."""
    f = COMMANDS[Op.SYNC].unpack(command)
    return f.msiaddress & MSI_MASK, f.msidata, f.msiattr, f.msh


def visible(batch: list[bytes], vmw: int = 0) -> list[Effect]:
    """The log of a batch of legal commands."""
    out: list[Effect] = []
    for command in batch:
        kind, what = effect(command, vmw)
        if kind == "inv":
            out.append((kind, {name: value for name, value in what.items() if value}))
        elif kind == "sync":
            out.append(("sync", None))
            if what.cs == SyncCs.IRQ:
                out.append(("irq", None))
                if what.msiaddress:
                    out.append(("msi", msi_of(command)))
        elif kind != "noop":
            out.append((kind, what))
    return out
