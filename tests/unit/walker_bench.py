# SPDX-License-Identifier: Apache-2.0
"""Drives smmu_walker: requests in, a memory that answers out of order, results checked.

One loop runs once per clock cycle, at the falling edge: it sets every input, lets the design
settle, and then decides which handshakes the next rising edge makes (architecture D5, D15, D18).
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, Timer

from sim import runner
from tb.models.smmu_ref import Outcome, Transaction
from tb.models.smmu_ref.attributes import bus_cache
from tests.unit import messages as msg
from tests.unit.walker_scene import STRTAB_LOG2, Scene

CLOCK_NS = 2
XLAT, CFG, UUT = (msg.constant(f"UP_K_{k}") for k in ("XLAT", "CFG", "UUT"))
STAGES = {0: "BYP", 1: "S1", 2: "S2", 3: "S1+S2"}
SHIFT_OF_SIZE = {0: 12, 1: 14, 2: 16, 3: 21, 4: 25, 5: 29, 6: 30, 7: 48}
DRIVEN = (
    "rst_ni", "wreq_valid_i", "wreq_tbu_i", "wreq_msg_i", "wreq_cfg_hit_i", "wreq_cfg_i",
    "ok_ready_i", "flt_ready_i", "winv_near_i", "winv_valid_i", "winv_msg_i", "ar_ready_i",
    "r_valid_i", "r_id_i", "r_data_i", "r_resp_i", "r_last_i",
    "use_ent_i", "use_cache_i", "use_domain_i", "use_prot_i", "use_write_i",
)  # fmt: skip


def seeded() -> random.Random:
    """The random numbers of a test, by SEED."""
    return random.Random(cocotb.RANDOM_SEED)


@dataclass
class Read:
    """One burst on its way."""

    slot: int
    beats: list[int]
    line: int | None
    due: int
    done: int = 0


@dataclass
class Walk:
    """One request and what became of it."""

    txn: Transaction
    kind: int = XLAT
    tbu: int = 0
    tag: int = 0  # TBU slot
    cached: bool = False
    slot: int | None = None
    reads: list[int] = field(default_factory=list)
    began: int = 0
    ended: int = 0
    ent: dict[str, int] | None = None
    ent_bits: int = 0
    once: bool = False
    canstall: bool = False
    flt: dict[str, int] | None = None
    filled: bool = False
    met: bool = False  # open while an invalidation came
    met_filled: bool = False

    def __str__(self) -> str:
        t = self.txn
        what = "ent" if self.ent else f"flt {self.flt}" if self.flt else "open"
        return f"sid={t.sid} ssid={t.ssid} addr=0x{t.addr:x} rnw={t.rnw} kind={self.kind} {what}"


class Bench:
    """The walker, its memory and its users."""

    def __init__(self, dut, scene: Scene) -> None:
        self.dut, self.scene, self.rng = dut, scene, scene.rng
        self.slots = runner.current_params()["WALK_SLOTS"]
        self.cycle = 0
        self.todo: deque[Walk] = deque()
        self.open: dict[int, Walk] = {}
        self.finished: list[Walk] = []
        self.pending: list[Read] = []
        self.wfree: list[int] = []
        self.config: dict[tuple[int, int, int], int] = {}
        self.use_config = False
        self.tag = 0
        self.winv: deque[int] = deque()
        self.near = False
        self.haste = 0.5  # chance that an invalidation goes when it may
        self.latency = (1, 1)
        self.ready = {"ar": 1.0, "ok": 1.0, "flt": 1.0, "r": 1.0}
        self.trace: list[tuple[int, str, int]] = []  # (cycle, "AR"|"R", slot)
        self.ar_held: tuple | None = None
        self.check_attributes = True

    # ---- start -------------------------------------------------------------------------------
    async def start(self) -> Bench:
        """Drive every input, reset, run the loop in the background."""
        dut, regs = self.dut, self.scene.registers
        for name in DRIVEN:
            getattr(dut, name).value = 0
        self.program()
        dut.table_sh_i.value = regs["cr1"]["table_sh"]
        dut.table_oc_i.value = regs["cr1"]["table_oc"]
        dut.table_ic_i.value = regs["cr1"]["table_ic"]
        dut.strtab_ra_i.value = regs["ra"]
        dut.recinvsid_i.value = regs["recinvsid"]
        Clock(dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(dut.clk_i)
        dut.rst_ni.value = 1
        cocotb.start_soon(self._loop())
        return self

    def program(self) -> None:
        """Stream table registers."""
        dut, scene = self.dut, self.scene
        dut.strtab_base_i.value = scene.strtab
        dut.strtab_2lvl_i.value = int(scene.two_level)
        dut.strtab_split_i.value = scene.split
        dut.strtab_log2_i.value = STRTAB_LOG2

    # ---- use ---------------------------------------------------------------------------------
    def send(self, txn: Transaction, kind: int = XLAT, tbu: int = 0) -> Walk:
        """Queue a request."""
        self.tag = (self.tag + 1) % 256
        walk = Walk(txn, kind, tbu, self.tag)
        self.todo.append(walk)
        return walk

    async def idle(self, limit: int = 20000) -> None:
        """Wait until everything sent is answered and every read is in."""
        end = self.cycle + limit
        while self.todo or self.open or self.pending or self.winv:
            await FallingEdge(self.dut.clk_i)
            waiting = ", ".join(map(str, self.open.values()))
            assert self.cycle < end, f"no end in sight; open: {waiting}"
        for _ in range(3):
            await FallingEdge(self.dut.clk_i)

    async def translate(self, txn: Transaction, kind: int = XLAT) -> Walk:
        """One request alone."""
        walk = self.send(txn, kind)
        await self.idle()
        return walk

    async def invalidate(self, **inv: int) -> None:
        """One INV pulse; the bench's own configuration cache obeys too."""
        self.winv.append(msg.pack("INV", **inv))
        while self.winv:
            await FallingEdge(self.dut.clk_i)
        await FallingEdge(self.dut.clk_i)

    # ---- the cycle -----------------------------------------------------------------------------
    async def _loop(self) -> None:
        dut = self.dut
        while True:
            await FallingEdge(dut.clk_i)
            self.cycle += 1
            walk = self._drive_request()
            beat = self._drive_beat()
            ready = {name: int(self.rng.random() < p) for name, p in self.ready.items()}
            # its message is up before it, for a cycle or more
            going = self.near and self.rng.random() < self.haste
            self.near = bool(self.winv) and not going
            dut.winv_near_i.value = int(self.near)
            dut.winv_valid_i.value = int(going)
            if self.winv:
                dut.winv_msg_i.value = self.winv[0]
            if going:
                ready["ok"] = 0  # the front takes no result in the cycle of one (D18)
            dut.ar_ready_i.value = ready["ar"]
            dut.ok_ready_i.value = ready["ok"]
            dut.flt_ready_i.value = ready["flt"]
            await ReadOnly()
            if going:
                # what an invalidation of this cycle finds, judged before the cycle's handshakes
                for walk_open in self.open.values():
                    walk_open.met = True
                    walk_open.met_filled = walk_open.filled
                self._forget_config(msg.unpack("INV", self.winv.popleft()))
            if walk is not None and dut.wreq_ready_o.value == 1:
                self._accepted(walk)
            if dut.ar_valid_o.value == 1:
                self._read_request(ready["ar"])
            else:
                assert self.ar_held is None, "AR withdrawn before it was taken"
            if beat is not None:
                self._beat_taken(beat)
            if dut.cf_valid_o.value == 1:
                self._config_fill()
            if dut.wfree_valid_o.value == 1:
                self.wfree.append(int(dut.wfree_idx_o.value))
            if dut.ok_valid_o.value == 1 and ready["ok"]:
                self._ok()
            if dut.flt_valid_o.value == 1 and ready["flt"]:
                self._flt()

    # ---- requests ------------------------------------------------------------------------------
    def _key(self, txn: Transaction) -> tuple[int, int, int]:
        return txn.sid, int(txn.ssv), txn.ssid or 0

    def _drive_request(self) -> Walk | None:
        dut = self.dut
        walk = self.todo[0] if self.todo else None
        dut.wreq_valid_i.value = int(walk is not None)
        if walk is None:
            return None
        txn = walk.txn
        cfg = self.config.get(self._key(txn)) if self.use_config else None
        walk.cached = cfg is not None
        dut.wreq_tbu_i.value = walk.tbu
        dut.wreq_cfg_hit_i.value = int(walk.cached)
        dut.wreq_cfg_i.value = cfg or 0
        dut.wreq_msg_i.value = self._message(walk)
        return walk

    def _message(self, walk: Walk) -> int:
        txn = walk.txn
        return msg.pack(
            "UP", kind=walk.kind, slot=walk.tag, sid=txn.sid, ssv=txn.ssv, ssid=txn.ssid or 0,
            va=txn.addr, rnw=txn.rnw, priv=txn.priv, inst=txn.inst, nostall=txn.no_stall,
        )  # fmt: skip

    def _accepted(self, walk: Walk) -> None:
        self.todo.popleft()
        slot = int(self.dut.wreq_widx_o.value)
        assert slot not in self.open, f"slot {slot} taken twice"
        assert not any(r.slot == slot for r in self.pending), f"slot {slot} has beats to come"
        walk.slot, walk.began = slot, self.cycle
        self.open[slot] = walk

    def _config_fill(self) -> None:
        dut = self.dut
        key = int(dut.cf_sid_o.value), int(dut.cf_ssv_o.value), int(dut.cf_ssid_o.value)
        self.config[key] = int(dut.cf_cfg_o.value)
        for walk in self.open.values():
            if self._key(walk.txn) == key:
                walk.filled = True

    def _forget_config(self, inv: dict[str, int]) -> None:
        if inv["cfg"]:
            self.config = {
                key: value for key, value in self.config.items()
                if (key[0] ^ inv["sid"]) & ~inv["sidmask"] & 0xFFFF
            }  # fmt: skip

    # ---- memory --------------------------------------------------------------------------------
    def _read_request(self, ready: int) -> None:
        dut = self.dut
        now = tuple(
            int(getattr(dut, f"ar_{n}_o").value)
            for n in ("id", "addr", "len", "size", "burst", "cache", "domain")
        )
        assert self.ar_held in (None, now), "AR changed while it waited"
        self.ar_held = None if ready else now
        if not ready:
            return
        slot, addr, length, size, burst, cache, domain = now
        self.trace.append((self.cycle, "AR", slot))
        beats, line = self._shape(addr, length, size, burst)
        base = min(beats)
        assert self.scene.owns(base, (length + 1) << size), f"read outside: 0x{base:x} len {length}"
        walk = self.open[slot]
        if line is not None:
            same = [r for r in self.pending if r.line == line]
            assert not same, f"line 0x{line:x} asked for twice at once (D4)"
        walk.reads.append(addr)
        if self.check_attributes:
            self._check_attributes(walk, beats[0], size, cache, domain)
        self.pending.append(Read(slot, beats, line, self.cycle + self.rng.randint(*self.latency)))

    def _shape(self, addr: int, length: int, size: int, burst: int) -> tuple[list[int], int | None]:
        """Beat addresses, and the line when it is a table line."""
        if size == 3:
            assert length == 0 and addr % 8 == 0 and burst == 1
            return [addr], None
        assert size == 4 and addr % 16 == 0
        total = 16 * (length + 1)
        if burst == 2:
            assert length in (1, 3)
            base = addr & -total
            return [base + (addr + 16 * i - base) % total for i in range(length + 1)], addr & -64
        assert burst == 1 and length in (0, 3)
        if length == 3:
            assert addr % 64 == 0
            return [addr + 16 * i for i in range(4)], None
        return [addr], addr & -64

    def _check_attributes(self, walk: Walk, first: int, size: int, cache: int, domain: int) -> None:
        """ARCACHE and ARDOMAIN are those of some read the model makes there (ATT-029)."""
        want = {
            (fetch.what, *bus_cache(fetch.attr, True))
            for fetch in self.scene.ref.predict(walk.txn).fetches
            if fetch.pa & -(1 << size) == first
        }
        assert (cache, domain) in {w[1:] for w in want}, (
            f"read 0x{first:x}: ARCACHE {cache:04b} ARDOMAIN {domain}, model {want}; {walk}"
        )

    def _drive_beat(self) -> Read | None:
        """Any burst whose time has come, but the oldest of its ID; beats interleave."""
        dut = self.dut
        heads: dict[int, Read] = {}
        for read in self.pending:
            heads.setdefault(read.slot, read)
        due = [r for r in heads.values() if r.due <= self.cycle]
        chosen = self.rng.choice(due) if due and self.rng.random() < self.ready["r"] else None
        dut.r_valid_i.value = int(chosen is not None)
        if chosen is None:
            return None
        memory, at = self.scene.memory, chosen.beats[chosen.done] & -16
        resp = {"OKAY": 0, "SLVERR": 2, "DECERR": 3}[memory.response_to(at, 16, False, "smmu")]
        # what an aborted beat carries looks right, so that using it would be seen
        data = int.from_bytes(memory.peek(at, 16), "little")
        dut.r_id_i.value = chosen.slot
        dut.r_data_i.value = data
        dut.r_resp_i.value = resp
        dut.r_last_i.value = int(chosen.done + 1 == len(chosen.beats))
        return chosen

    def _beat_taken(self, read: Read) -> None:
        if read.done == 0 or read.done + 1 == len(read.beats):
            self.trace.append((self.cycle, "R", read.slot))
        read.done += 1
        if read.done == len(read.beats):
            self.pending.remove(read)

    # ---- results -------------------------------------------------------------------------------
    def _end(self, tbu: int, up: int) -> Walk:
        fields = msg.unpack("UP", up)
        for slot, walk in self.open.items():
            if (walk.tag, walk.tbu) == (fields["slot"], tbu):
                assert up == self._message(walk), f"request came back changed: {fields}"
                assert int(self.dut.busy_o.value) >> slot & 1, f"slot {slot} is not busy"
                del self.open[slot]
                walk.ended = self.cycle
                self.finished.append(walk)
                return walk
        raise AssertionError(f"answer without a request: {fields}")

    def _ok(self) -> None:
        dut = self.dut
        walk = self._end(int(dut.ok_tbu_o.value), int(dut.ok_msg_o.value))
        walk.ent_bits = int(dut.ok_ent_o.value)
        walk.ent = msg.unpack("ENT", walk.ent_bits)
        walk.once = bool(dut.ok_once_o.value == 1)
        walk.canstall = bool(dut.ok_canstall_o.value == 1)

    def _flt(self) -> None:
        dut = self.dut
        walk = self._end(int(dut.flt_tbu_o.value), int(dut.flt_msg_o.value))
        walk.flt = msg.unpack("FLT", int(dut.flt_o.value))

    # ---- checks --------------------------------------------------------------------------------
    async def check(self, walks: list[Walk] | None = None, outcome: Outcome | None = None) -> None:
        """Compare results with the model as memory is now."""
        for walk in self.finished if walks is None else walks:
            want = outcome or self.scene.ref.predict(walk.txn)
            where = f"{walk}; model {want} {want.steps}"
            if walk.kind == CFG:
                assert walk.ent is not None, where
                assert walk.canstall == self._canstall(walk, want), where
            elif want.kind.value == "OK":
                assert walk.ent is not None, where
                await self._check_entry(walk, want, where)
            else:
                assert walk.flt is not None, where
                self._check_fault(walk, want, where)
        self.finished.clear()

    async def _check_entry(self, walk: Walk, want: Outcome, where: str) -> None:
        txn, ent, dut = walk.txn, walk.ent, self.dut
        shift = SHIFT_OF_SIZE[ent["size"]]
        low = (1 << shift) - 1
        assert shift == want.page_shift, f"size 2^{shift}: {where}"
        pa = txn.addr if ent["size"] == 7 else ent["ppn"] << 12 | txn.addr & low
        assert pa == want.pa, f"PA 0x{pa:x}: {where}"
        assert (ent["sid"], ent["ssv"], ent["ssid"]) == self._key(txn), where
        assert ent["vpn"] == txn.addr >> 12, where
        self._check_tags(walk, where)
        dut.use_ent_i.value = walk.ent_bits
        dut.use_cache_i.value = txn.cache
        dut.use_domain_i.value = txn.domain
        dut.use_prot_i.value = int(txn.inst) << 2 | int(txn.priv)
        dut.use_write_i.value = int(not txn.rnw)
        await Timer(100, unit="ps")
        got = tuple(int(p.value) for p in (dut.use_cache_o, dut.use_domain_o, dut.use_prot_o))
        attrs = want.attrs
        assert got == (attrs.cache, attrs.domain, attrs.prot), f"attributes {got}: {where} {ent}"
        self._check_permissions(walk, where)

    def _check_tags(self, walk: Walk, where: str) -> None:
        """TAG-001, TAG-002: which stages, under which VMID and ASID."""
        ent = walk.ent
        stream = next(s for s in self.scene.streams if s.sid == walk.txn.sid)
        stage = STAGES[ent["stage"]]
        assert ("2" in stage) == bool(stream.ste["config"] & 2), where
        if stage != "BYP":
            assert ent["vmid"] == stream.ste["s2vmid"], where
        if "S1" in stage:
            context = stream.contexts[walk.txn.ssid or 0]
            assert ent["asid"] == context.asid, where
            _, descriptor = context.tree.leaf_of(walk.txn.addr)
            assert ent["ng"] == descriptor >> 11 & 1, where
            assert ent["s1size"] >= ent["size"], where
        assert walk.canstall == bool(ent["canstall"]), where
        assert walk.canstall == self._canstall(walk, self.scene.ref.predict(walk.txn)), where

    def _check_permissions(self, walk: Walk, where: str) -> None:
        """Every kind of access the entry allows is one that the model allows (D13)."""
        ent, txn = walk.ent, walk.txn
        for code in range(6):
            priv, what = code >= 3, "rwx"[code % 3]
            if ent["privcfg"] & 2 and priv != (ent["privcfg"] == 3):
                continue
            if ent["instcfg"] & 2 and what != "w" and (what == "x") != (ent["instcfg"] == 3):
                continue
            other = Transaction(
                txn.sid, txn.addr, what != "w", txn.ssid, priv=priv, inst=what == "x"
            )
            allowed = self.scene.ref.predict(other).kind.value == "OK"
            bit = ent[("p" if priv else "u") + what]
            assert bool(bit) == allowed, f"{'p' if priv else 'u'}{what}={bit}: {where}"

    def _canstall(self, walk: Walk, want: Outcome) -> bool:
        """Whether the stream may stall, as far as the walk got to know it (D2)."""
        stream = next((s for s in self.scene.streams if s.sid == walk.txn.sid), None)
        known = [step.split()[0] for step in want.steps]
        if stream is None or "STE" not in known:
            return False
        context = stream.contexts.get(walk.txn.ssid or 0)
        cd_stalls = "CD" in known and context is not None and bool(context.cd.get("s"))
        return cd_stalls or bool(stream.ste["config"] & 2 and stream.ste.get("s2s"))

    def _check_fault(self, walk: Walk, want: Outcome, where: str) -> None:
        flt, record = walk.flt, want.record
        stalls, razwi = bool(flt["stall"]), bool(flt["razwi"])
        assert stalls == (want.kind.value == "STALL"), where
        if not stalls:
            assert razwi == (want.kind.value == "RAZWI"), where
            assert bool(flt["record"]) == (record is not None), where
        if record is None:
            return
        assert flt["evt"] == int(record["type"]), where
        got = {
            "s2": flt["s2"], "class": flt["class"], "ipa": flt["ipa"] << 12,
            "fetchaddr": flt["fetch"], "pnu": flt["privx"], "ind": flt["instx"],
        }  # fmt: skip
        for name, value in got.items():
            if name in record:
                expect = int(record[name])
                if name in ("ipa", "fetchaddr"):
                    keep = -4096 if name == "ipa" else -8
                    value, expect = value & keep, expect & keep & ((1 << 48) - 1)
                assert value == expect, f"{name} 0x{value:x}, model 0x{expect:x}: {where}"
