# SPDX-License-Identifier: Apache-2.0
"""Bench of smmu_front: TBUs and a walker of a few lines of Python around it.

One loop runs once per clock cycle, at the falling edge: it sets every input, lets the design settle
and decides which handshakes the next rising edge makes. Every answer is checked on its way.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from sim import runner
from tests.unit import messages as msg
from tests.unit.front_world import BYP, Context, Leaf, World

CLOCK_NS = 2
XLAT, CFG, SYNC, UUT = (msg.constant(f"UP_K_{k}") for k in ("XLAT", "CFG", "SYNC", "UUT"))
DN = {
    msg.constant(f"DN_K_{k}"): k
    for k in ("OK", "ONCE", "ABORT", "RAZWI", "STALL", "PARK", "RETRY", "TABORT", "TRAZWI",
              "CFG", "INV", "SYNC", "MODE")
}  # fmt: skip
DN_KIND = {name: code for code, name in DN.items()}
UP_W = sum(width for _, width in msg.fields("UP").values())
DN_W = sum(width for _, width in msg.fields("DN").values())
INV_W = sum(width for _, width in msg.fields("INV").values())
LATENCY_LIMIT = 4000  # cycles; nothing waits longer than this for its answer


@dataclass
class Request:
    """One request of a TBU and its answer."""

    kind: int
    tbu: int
    slot: int
    sid: int
    va: int
    ssid: int | None = None
    rnw: bool = True
    priv: bool = False
    inst: bool = False
    sent: int | None = None  # cycle of the UP handshake
    answered: int | None = None  # cycle in which dn_valid is up
    how: str = ""  # DN kind
    ent: dict[str, int] = field(default_factory=dict)
    walks: int = 0

    @property
    def up(self) -> int:
        """UP message."""
        return msg.pack(
            "UP", kind=self.kind, slot=self.slot, sid=self.sid, ssv=int(self.ssid is not None),
            ssid=self.ssid or 0, va=self.va, rnw=int(self.rnw), priv=int(self.priv),
            inst=int(self.inst),
        )  # fmt: skip

    def allowed(self, ctx: Context, perm: int) -> bool:
        """Permission set {px, pw, pr, ux, uw, ur} against this access, overridden (ATT-015)."""
        priv, inst = int(self.priv), int(self.inst)
        privcfg = ctx.overrides[-1].get("privcfg", 0)
        instcfg = ctx.overrides[-1].get("instcfg", 0)
        priv = privcfg & 1 if privcfg & 2 else priv
        inst = instcfg & 1 if instcfg & 2 else inst
        bit = 1 if not self.rnw else 2 if inst else 0
        return bool(perm >> bit + 3 * priv & 1)

    def __str__(self) -> str:
        return (
            f"tbu{self.tbu}.{self.slot} kind={self.kind} sid={self.sid} ssid={self.ssid} "
            f"va=0x{self.va:x} rnw={self.rnw} priv={self.priv} inst={self.inst} {self.how}"
        )


@dataclass
class Walk:
    """A busy slot of the stub walker."""

    req: Request
    cfg: int | None  # configuration that came with the request
    look: int  # cycle in which memory is read
    end: int
    looked: bool = False
    over: bool = False  # overtaken
    ent: dict[str, int] | None = None  # None: fault
    canstall: bool = False
    once_floor: int = 0


@dataclass
class Inval:
    """One invalidation."""

    fields: dict[str, int]
    floors: list[tuple[Context | Leaf, int]]
    source: int
    offered: int | None = None
    sent: int | None = None  # cycle of DN_K_INV
    done: int | None = None

    @property
    def bits(self) -> int:
        """INV message."""
        return msg.pack("INV", **self.fields)


class Bench:
    """smmu_front with everything around it."""

    def __init__(self, dut) -> None:
        params = runner.current_params()
        self.dut, self.world = dut, World()
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.tbus, self.slots = params["NUM_TBU"], params["TBU_SLOTS"]
        self.walk_slots, self.configs = params["WALK_SLOTS"], params["CFG_ENTRIES"]
        self.sets, self.ways = params["TLB_SETS"], params["TLB_WAYS"]
        self.cycle = 0
        self.queues: list[deque[Request | int]] = [deque() for _ in range(self.tbus)]
        self.open: dict[tuple[int, int], Request] = {}
        self.done: list[Request] = []
        self.dn: list[tuple[int, int, str]] = []  # (cycle, TBU mask, kind)
        self.sdone: list[tuple[int, int, int]] = []  # (cycle, TBU, tag)
        # walker
        self.walks: dict[int, Walk] = {}
        self.overtaken = [False] * self.walk_slots
        self.tell: deque[int] = deque()  # slots released, not told
        self.started: list[Request] = []
        self.cf: deque[tuple[int, Walk, Context, int]] = deque()  # due cycle, found version
        self.ok: int | None = None  # slot whose result is offered
        self.hold = False  # walks do not end
        self.latency = (4, 20)
        self.p_ready, self.p_tell = 1.0, 0.7
        # invalidations, control messages
        self.invals: list[deque[Inval]] = [deque(), deque()]
        self.ended: list[Inval] = []
        self.serial = 0
        self.ctl: list[deque[tuple[int, int]]] = [deque() for _ in range(3)]
        self.p_up = 1.0
        self.offered = [False] * self.tbus
        self.telling = False

    # ---- use -------------------------------------------------------------------------------
    async def start(self) -> Bench:
        """Drive every input, reset, wait for the sweep of the TLB."""
        dut = self.dut
        for name in ("rst_ni", "up_valid_i", "up_msg_i", "wreq_ready_i", "wreq_widx_i",
                     "walk_overtaken_i", "wfree_valid_i", "wfree_idx_i", "ok_valid_i", "ok_tbu_i",
                     "ok_msg_i", "ok_ent_i", "ok_once_i", "ok_canstall_i", "cf_valid_i", "cf_sid_i",
                     "cf_ssv_i", "cf_ssid_i", "cf_cfg_i", "inv_valid_i", "inv_msg_i", "ctl_valid_i",
                     "ctl_mask_i", "ctl_msg_i"):  # fmt: skip
            getattr(dut, name).value = 0
        Clock(dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(3):
            await FallingEdge(dut.clk_i)
        dut.rst_ni.value = 1
        cocotb.start_soon(self._loop())
        began = self.cycle
        while not int(dut.tcu_ready_o.value):
            await FallingEdge(dut.clk_i)
        swept = self.cycle - began
        assert self.sets - 2 <= swept <= self.sets + 2, f"reset sweep took {swept} cycles"
        return self

    async def wait(self, cycles: int) -> None:
        """Some cycles."""
        for _ in range(cycles):
            await FallingEdge(self.dut.clk_i)

    def send(self, ctx: Context, va: int, tbu: int = 0, slot: int | None = None, kind: int = XLAT,
             **how: bool) -> Request:  # fmt: skip
        """Queue a request in a free slot."""
        if slot is None:
            slots = [s for s in range(self.slots) if (tbu, s) not in self.open]
            assert slots, f"no slot of TBU {tbu} is free"
            slot = self.rng.choice(slots)
        req = Request(kind, tbu, slot, ctx.sid, va, ctx.ssid, **how)
        assert (tbu, slot) not in self.open
        self.open[tbu, slot] = req
        self.queues[tbu].append(req)
        return req

    def send_sync(self, tbu: int, tag: int) -> None:
        """Queue the answer to a SYNC."""
        self.queues[tbu].append(msg.pack("UP", kind=SYNC, slot=tag))

    async def idle(self, limit: int = LATENCY_LIMIT) -> None:
        """Until everything is answered and every invalidation is done."""
        end = self.cycle + limit
        while self.open or any(self.invals) or self.walks or self.tell or any(self.ctl):
            await FallingEdge(self.dut.clk_i)
            left = "; ".join(map(str, self.open.values()))
            assert self.cycle < end, f"no end in sight: {left} walks {list(self.walks)}"
        await self.wait(2)

    async def ask(self, ctx: Context, va: int, **how) -> Request:
        """One request alone."""
        req = self.send(ctx, va, **how)
        await self.idle()
        return req

    async def walks_for(self, ctx: Context, va: int, **how) -> int:
        """Walks a request needs now."""
        req = await self.ask(ctx, va, **how)
        assert req.how in ("OK", "ONCE"), f"{req}"
        return req.walks

    def post_inv(self, source: int = 0, **fields: int) -> Inval:
        """Queue an invalidation; what it reaches may not show older versions afterwards."""
        floors = [
            (x, len(x.frames if isinstance(x, Leaf) else x.overrides) - 1)
            for x in self.world.reached(fields)
        ]
        self.serial += 1  # in a field that nothing here looks at: tells equal ones apart
        spare = "vpn" if fields.get("cfg") else "ssid"
        inval = Inval(fields | {spare: self.serial % (1 << 20)}, floors, source)
        self.invals[source].append(inval)
        return inval

    async def inv(self, source: int = 0, **fields: int) -> Inval:
        """One invalidation, until it is done."""
        inval = self.post_inv(source, **fields)
        while inval.done is None:
            await FallingEdge(self.dut.clk_i)
        return inval

    # ---- the cycle ---------------------------------------------------------------------------
    async def _loop(self) -> None:
        while True:
            await FallingEdge(self.dut.clk_i)
            self.cycle += 1
            self._drive_up()
            free = self._drive_walker()
            self._drive_inv()
            self._drive_ctl()
            await ReadOnly()
            self._take_dn()
            self._take_up()
            self._take_walker(free)
            self._take_inv()
            self._take_ctl()
            if self.dut.sdone_valid_o.value == 1:
                tbu, tag = int(self.dut.sdone_tbu_o.value), int(self.dut.sdone_tag_o.value)
                self.sdone.append((self.cycle, tbu, tag))

    def _drive_up(self) -> None:
        valid = bits = 0
        for tbu, queue in enumerate(self.queues):
            # valid does not fall before its handshake
            if queue and (self.offered[tbu] or self.rng.random() < self.p_up):
                head = queue[0]
                valid |= 1 << tbu
                bits |= (head.up if isinstance(head, Request) else head) << tbu * UP_W
        self.offered = [bool(valid >> t & 1) for t in range(self.tbus)]
        self.dut.up_valid_i.value = valid
        self.dut.up_msg_i.value = bits

    def _take_up(self) -> None:
        ready = int(self.dut.up_ready_o.value)
        for tbu, queue in enumerate(self.queues):
            if self.offered[tbu] and ready >> tbu & 1:
                head = queue.popleft()
                self.offered[tbu] = False
                if isinstance(head, Request):
                    head.sent = self.cycle

    # ---- walker ------------------------------------------------------------------------------
    def _drive_walker(self) -> int | None:
        dut = self.dut
        free = [s for s in range(self.walk_slots) if s not in self.walks and s not in self.tell]
        slot = self.rng.choice(free) if free and self.rng.random() < self.p_ready else None
        dut.wreq_ready_i.value = int(slot is not None)
        dut.wreq_widx_i.value = slot or 0
        dut.walk_overtaken_i.value = sum(o << i for i, o in enumerate(self.overtaken))
        self.telling = bool(self.tell) and self.rng.random() < self.p_tell
        dut.wfree_valid_i.value = int(self.telling)
        dut.wfree_idx_i.value = self.tell[0] if self.telling else self.rng.randrange(64)
        for walk in self.walks.values():
            if not walk.looked and walk.look <= self.cycle:
                self._look(walk)
        while self.cf and self.cf[0][1].over:  # an overtaken walk installs nothing
            self.cf.popleft()
        found = bool(self.cf) and self.cf[0][0] <= self.cycle
        dut.cf_valid_i.value = int(found)
        if found:
            _, _, ctx, version = self.cf.popleft()
            dut.cf_sid_i.value = ctx.sid
            dut.cf_ssv_i.value = int(ctx.ssid is not None)
            dut.cf_ssid_i.value = ctx.ssid or 0
            dut.cf_cfg_i.value = ctx.cfg(version)
        if self.ok is None and not self.hold:
            self._finish()
        dut.ok_valid_i.value = int(self.ok is not None)
        if self.ok is not None:
            walk = self.walks[self.ok]
            dut.ok_tbu_i.value = walk.req.tbu
            dut.ok_msg_i.value = walk.req.up
            dut.ok_ent_i.value = msg.pack("ENT", **walk.ent)
            dut.ok_once_i.value = int(walk.over)
            dut.ok_canstall_i.value = int(walk.canstall)
        return slot

    def _look(self, walk: Walk) -> None:
        """Read memory: all of it in one instant, some time between start and end."""
        walk.looked = True
        req, world = walk.req, self.world
        ctx = world.contexts.get((req.sid, req.ssid))
        if req.kind == UUT or ctx is None:
            return
        if walk.cfg is None and not walk.over:
            due = self.cycle + self.rng.randrange(8)
            self.cf.append((due, walk, ctx, len(ctx.overrides) - 1))
        walk.canstall = ctx.canstall
        if ctx.abort:
            walk.canstall = False
        elif req.kind == CFG:
            walk.ent = {}
        elif ctx.in_range(req.va):
            leaf = world.find(ctx, req.va) if ctx.stage != BYP else None
            if ctx.stage == BYP or (leaf and req.allowed(ctx, leaf.perm)):
                walk.ent = world.entry(ctx, req.va, leaf, -1, -1)

    def _finish(self) -> None:
        """Faults are answered through the fault unit; the first translation is offered."""
        late = {id(entry[1]) for entry in self.cf}
        ends = [
            s
            for s, w in self.walks.items()
            if w.looked and w.end <= self.cycle and id(w) not in late
        ]
        self.rng.shuffle(ends)
        for slot in ends:
            walk = self.walks[slot]
            if walk.ent is None and walk.req.kind == CFG:
                walk.ent, walk.canstall = {}, False
            if walk.ent is None:
                answer = msg.pack("DN", kind=DN_KIND["ABORT"], slot=walk.req.slot)
                self.ctl[2].append((1 << walk.req.tbu, answer))
                self._release(slot)
            elif self.ok is None:
                self.ok = slot

    def _release(self, slot: int) -> None:
        del self.walks[slot]
        self.tell.append(slot)

    def _take_walker(self, free: int | None) -> None:
        dut = self.dut
        winv = int(dut.winv_valid_o.value)
        if self.telling:
            self.tell.popleft()
        if self.ok is not None and int(dut.ok_ready_o.value):
            assert not winv, "a result is taken in the cycle of an invalidation"
            self._release(self.ok)
            self.ok = None
        if int(dut.wreq_valid_o.value) and free is not None:
            assert not winv, "a walk starts in the cycle of an invalidation"
            self._start(free)
        if winv:
            self._overtake(msg.unpack("INV", int(dut.winv_msg_o.value)))

    def _start(self, slot: int) -> None:
        dut = self.dut
        tbu, up = int(dut.wreq_tbu_o.value), msg.unpack("UP", int(dut.wreq_msg_o.value))
        req = self.open[tbu, up["slot"]]
        assert req.up == int(dut.wreq_msg_o.value), f"{req}: changed on its way: {up}"
        cfg = int(dut.wreq_cfg_o.value) if int(dut.wreq_cfg_hit_o.value) else None
        ctx = self.world.contexts.get((req.sid, req.ssid))
        if cfg is not None and req.kind != UUT:
            fresh = range(ctx.floor, len(ctx.overrides))
            assert cfg in [ctx.cfg(v) for v in fresh], f"{req}: wrong configuration"
        same = [
            w.req for w in self.walks.values()
            if not w.over and req.kind == w.req.kind == XLAT
            and (w.req.sid, w.req.ssid, w.req.va >> 12) == (req.sid, req.ssid, req.va >> 12)
        ]  # fmt: skip
        assert not same, f"{req} walks beside {same[0]}"
        time = self.rng.randint(*self.latency)
        look = self.cycle + self.rng.randint(1, time)
        self.walks[slot] = Walk(req, cfg, look, self.cycle + time)
        self.overtaken[slot] = False
        req.walks += 1
        self.started.append(req)

    def _overtake(self, inv: dict[str, int]) -> None:
        for slot, walk in self.walks.items():
            ctx = self.world.contexts.get((walk.req.sid, walk.req.ssid))
            if inv["cfg"]:
                hit = (walk.req.sid ^ inv["sid"]) & ~inv["sidmask"] == 0
            else:
                hit = ctx is not None and not (
                    inv["vmidv"] and (ctx.vmid ^ inv["vmid"]) >> inv["vmw"]
                )
            if hit:
                walk.over = self.overtaken[slot] = True

    # ---- invalidation, control -----------------------------------------------------------------
    def _drive_inv(self) -> None:
        valid = bits = 0
        for source, queue in enumerate(self.invals):
            if queue:
                valid |= 1 << source
                bits |= queue[0].bits << source * INV_W
                if queue[0].offered is None:
                    queue[0].offered = self.cycle
        self.dut.inv_valid_i.value = valid
        self.dut.inv_msg_i.value = bits

    def _take_inv(self) -> None:
        ready = int(self.dut.inv_ready_o.value)
        for source, queue in enumerate(self.invals):
            if ready >> source & 1:
                inval = queue.popleft()
                inval.done = self.cycle
                assert inval.sent is not None, "an invalidation ends before its broadcast"
                self.ended.append(inval)

    def _drive_ctl(self) -> None:
        valid = mask = bits = 0
        for n, queue in enumerate(self.ctl):
            if queue:
                valid |= 1 << n
                mask |= queue[0][0] << n * self.tbus
                bits |= queue[0][1] << n * DN_W
        self.dut.ctl_valid_i.value = valid
        self.dut.ctl_mask_i.value = mask
        self.dut.ctl_msg_i.value = bits

    def _take_ctl(self) -> None:
        ready = int(self.dut.ctl_ready_o.value)
        for n, queue in enumerate(self.ctl):
            if queue and ready >> n & 1:
                queue.popleft()

    # ---- answers -------------------------------------------------------------------------------
    def _take_dn(self) -> None:
        mask = int(self.dut.dn_valid_o.value)
        if not mask:
            return
        bits = int(self.dut.dn_msg_o.value)
        dn = msg.unpack("DN", bits)
        kind = DN[dn["kind"]]
        self.dn.append((self.cycle, mask, kind))
        if kind == "INV":
            assert mask == (1 << self.tbus) - 1, "INV goes to all TBUs"
            self._inv_passes(dn["body"])
        elif kind in ("OK", "ONCE", "ABORT", "CFG"):
            assert mask & mask - 1 == 0, "an answer has one TBU"
            self._answer(mask.bit_length() - 1, dn, kind)

    def _inv_passes(self, body: int) -> None:
        match = [q[0] for q in self.invals if q and q[0].bits == body and q[0].sent is None]
        assert match, "INV that nobody sent"
        match[0].sent = self.cycle
        for thing, version in match[0].floors:
            thing.floor = max(thing.floor, version)

    def _answer(self, tbu: int, dn: dict[str, int], kind: str) -> None:
        req = self.open.pop((tbu, dn["slot"]), None)
        assert req is not None, f"answer {kind} for TBU {tbu} slot {dn['slot']}: nobody asked"
        assert req.sent is not None and req.sent < self.cycle
        req.answered, req.how = self.cycle, kind
        self.done.append(req)
        ctx = self.world.contexts.get((req.sid, req.ssid))
        if kind == "CFG":
            assert req.kind == CFG, f"{req}"
            want = ctx is not None and ctx.canstall and not ctx.abort
            assert dn["canstall"] == int(want), f"{req}: CANSTALL {dn['canstall']}"
        if kind in ("OK", "ONCE"):
            req.ent = msg.unpack("ENT", dn["body"])
            assert dn["canstall"] == int(ctx.canstall), f"{req}"
            self._check_entry(req, ctx, kind == "ONCE")

    def _check_entry(self, req: Request, ctx: Context, once: bool) -> None:
        assert req.kind == XLAT and not ctx.abort and ctx.in_range(req.va), f"{req}"
        leaf = self.world.find(ctx, req.va) if ctx.stage != BYP else None
        assert leaf or ctx.stage == BYP, f"{req}: nothing is mapped there"
        frames: Iterable[int] = range(0 if once else leaf.floor, len(leaf.frames)) if leaf else (0,)
        versions = range(0 if once else ctx.floor, len(ctx.overrides))
        good = []
        for frame in frames:
            for version in versions:
                want = self.world.entry(ctx, req.va, leaf, frame, version)
                if leaf and not leaf.ng:
                    want["asid"] = req.ent["asid"]  # of whoever walked
                good.append(msg.unpack("ENT", msg.pack("ENT", **want)))
        if req.ent not in good:
            diff = {k: (v, good[-1][k]) for k, v in req.ent.items() if v != good[-1][k]}
            raise AssertionError(f"{req}: got, newest: {diff}; floor {leaf and leaf.floor}")
        if leaf:
            assert req.allowed(ctx, leaf.perm), f"{req}: not permitted"
