# SPDX-License-Identifier: Apache-2.0
"""Drives smmu_msi and smmu_ptw_port: clients on one side, a memory with AXI manners on the other.

``step`` is one clock cycle. The pins are judged in every cycle: what is offered stays, every
address comes from a client and in its order, data follows addresses, responses reach their client
in the cycle in which they arrive.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

CLOCK_NS = 2
ID_CMDQ, ID_DVMC, ID_EVTQ, ID_MSI = 0x40, 0x41, 0x42, 0x43
PROT = 0b011  # privileged, Non-secure, data (MEM-005)
INCR, WRAP = 1, 2
DVM_COMPLETE = 0b1110
AR = "id addr len size burst cache domain snoop prot lock qos".split()
AW = "id addr len size burst cache domain sid prot lock qos".split()
MSI_DEVID = 0x1_0000  # no 16-bit StreamID
INPUTS = (
    "rst_ni",
    *(f"req_{n}_i" for n in "valid addr data attr sh".split()),
    *(f"walk_ar_{n}_i" for n in "valid id addr len size burst cache domain".split()),
    *(f"cmdq_ar_{n}_i" for n in "valid addr len cache domain".split()),
    *(f"dvmc_{n}_i" for n in "valid domain".split()),
    *(f"evtq_w_{n}_i" for n in "valid addr len data strb cache domain".split()),
    *(f"ptw_axi_{n}" for n in "awready wready bvalid bid bresp arready".split()),
    *(f"ptw_axi_{n}" for n in "rvalid rid rdata rresp rlast".split()),
)


@dataclass(frozen=True)
class Read:
    """One burst, as it must be on the pins."""

    id: int
    addr: int = 0
    len: int = 0
    size: int = 4
    burst: int = INCR
    cache: int = 0b0010
    domain: int = 0
    snoop: int = 0
    prot: int = PROT
    lock: int = 0
    qos: int = 0


@dataclass(frozen=True)
class Write:
    """One burst, as it must be on the pins."""

    id: int
    addr: int
    beats: tuple[tuple[int, int], ...]  # data and strobes of each
    size: int
    cache: int
    domain: int
    sid: int = 0

    def pins(self) -> tuple[int, ...]:
        """The AW pins, in the order of `AW`."""
        head = self.id, self.addr, len(self.beats) - 1, self.size, INCR
        return (*head, self.cache, self.domain, self.sid, PROT, 0, 0)


@dataclass(frozen=True)
class Msi:
    """One request of an MSI source."""

    src: int
    addr: int
    data: int
    attr: int = 0b1111
    sh: int = 0


class Bench:
    """The port with everything around it."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.cycle = 0
        self.reads: dict[str, deque[Read]] = {c: deque() for c in ("walk", "cmdq", "dvmc")}
        self.events: deque[Write] = deque()
        self.msis: list[deque[Msi]] = [deque() for _ in range(3)]
        # probabilities of ready and of a response, by channel
        self.ready = dict.fromkeys(("ar", "r", "aw", "w", "b"), 1.0)
        self.hold_b: set[int] = set()  # IDs whose responses are kept back
        self.abort = 0.0
        # what is known of the pins
        self.held: dict[str, tuple] = {}
        self.due: dict[str, deque[Read]] = {c: deque() for c in self.reads}  # taken, not at pins
        self.due_w: deque[Write] = deque()  # in the order taken
        self.due_msi: list[deque[Write]] = [deque() for _ in range(3)]
        self.open_r: dict[int, deque[list]] = defaultdict(deque)  # ID: [read, beats done]
        self.order_w: deque[Write] = deque()  # addresses whose data is not complete
        self.early_w: list[tuple[int, int]] = []  # beats of a write whose address is not out
        self.beats_w: list[tuple[int, int]] = []
        self.full_w: dict[int, int] = defaultdict(int)  # ID: writes without response
        self.turns: list[str] = []
        self.fresh = 0  # reads of queues taken in this cycle
        self.after = False  # one was at the pins in the cycle before: this is the walker's
        self.written: list[Write] = []
        self.answered: dict[str, int] = defaultdict(int)
        self.done = [0, 0, 0]
        self.err = [0, 0, 0]
        self.in_flight = [0, 0, 0]

    async def start(self) -> Bench:
        dut = self.dut
        for name in INPUTS:
            getattr(dut, name).value = 0
        Clock(dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(dut.clk_i)
        dut.rst_ni.value = 1
        return self

    # ---- requests -----------------------------------------------------------------------------
    def walk(self, slot: int | None = None) -> Read:
        rng = self.rng
        slot = rng.randrange(64) if slot is None else slot
        size, burst, length = rng.choice(((4, WRAP, 3), (4, INCR, 3), (4, INCR, 0), (3, INCR, 0)))
        read = Read(slot, rng.getrandbits(42) << 6, length, size, burst, rng.randrange(16),
                    rng.randrange(4))  # fmt: skip
        self.reads["walk"].append(read)
        return read

    def command(self) -> Read:
        rng = self.rng
        read = Read(ID_CMDQ, rng.getrandbits(42) << 6, rng.randrange(4), cache=rng.randrange(16),
                    domain=rng.randrange(4))  # fmt: skip
        self.reads["cmdq"].append(read)
        return read

    def complete(self) -> Read:
        read = Read(ID_DVMC, domain=self.rng.randrange(4), snoop=DVM_COMPLETE)
        self.reads["dvmc"].append(read)
        return read

    def event(self, beats: int = 2) -> Write:
        rng = self.rng
        payload = tuple((rng.getrandbits(128), rng.getrandbits(16)) for _ in range(beats))
        write = Write(ID_EVTQ, rng.getrandbits(43) << 5, payload, 4, rng.randrange(16),
                      rng.randrange(4))  # fmt: skip
        self.events.append(write)
        return write

    def msi(self, src: int, **fields: int) -> Msi:
        rng = self.rng
        fields = {"addr": rng.getrandbits(46) << 2, "data": rng.getrandbits(32)} | fields
        msi = Msi(src, **fields)
        self.msis[src].append(msi)
        return msi

    @property
    def quiet(self) -> bool:
        clients = [*self.reads.values(), self.events, *self.msis, *self.due.values(), self.due_w]
        waiting = any(clients) or any(self.due_msi) or self.held or self.order_w or self.early_w
        return not (waiting or any(self.open_r.values()) or any(self.full_w.values()))

    async def drained(self, limit: int = 3000) -> None:
        for _ in range(limit):
            if self.quiet:
                await self.step(2)
                return
            await self.step()
        raise AssertionError("something is never answered")

    # ---- one cycle ------------------------------------------------------------------------------
    async def step(self, count: int = 1) -> None:
        for _ in range(count):
            await self._step()

    async def _step(self) -> None:
        dut, rng = self.dut, self.rng
        ready = {n: int(p >= 1 or rng.random() < p) for n, p in self.ready.items()}
        for name in ("ar", "aw", "w"):
            getattr(dut, f"ptw_axi_{name}ready").value = ready[name]
        self._drive_clients()
        beat = self._drive_r(ready["r"])
        response = self._drive_b(ready["b"])
        await ReadOnly()
        self._sample_clients()
        self._sample_ar(ready["ar"])
        self._sample_aw(ready["aw"])
        self._sample_w(ready["w"])
        self._sample_r(beat)
        self._sample_b(response)
        await FallingEdge(dut.clk_i)
        self.cycle += 1

    def _drive_clients(self) -> None:
        dut = self.dut
        for client, queue in self.reads.items():
            name = "dvmc" if client == "dvmc" else f"{client}_ar"
            getattr(dut, f"{name}_valid_i").value = int(bool(queue))
            if not queue:
                continue
            fields = {"walk": AR[:7], "cmdq": ["addr", "len", "cache", "domain"]}.get(client)
            for field in fields or ["domain"]:
                getattr(dut, f"{name}_{field}_i").value = getattr(queue[0], field)
        dut.evtq_w_valid_i.value = int(bool(self.events))
        if self.events:
            write = self.events[0]
            dut.evtq_w_addr_i.value, dut.evtq_w_len_i.value = write.addr, len(write.beats) - 1
            dut.evtq_w_data_i.value = sum(d << 128 * i for i, (d, _) in enumerate(write.beats))
            dut.evtq_w_strb_i.value = sum(s << 16 * i for i, (_, s) in enumerate(write.beats))
            dut.evtq_w_cache_i.value, dut.evtq_w_domain_i.value = write.cache, write.domain
        heads = [queue[0] if queue else None for queue in self.msis]
        dut.req_valid_i.value = sum(1 << i for i, head in enumerate(heads) if head)
        for name, width in (("addr", 48), ("data", 32), ("attr", 4), ("sh", 2)):
            values = [getattr(head, name) if head else 0 for head in heads]
            packed = sum(v << width * i for i, v in enumerate(values))
            getattr(dut, f"req_{name}_i").value = packed

    def _sample_clients(self) -> None:
        dut = self.dut
        self.fresh = 0
        for client, queue in self.reads.items():
            name = "dvmc" if client == "dvmc" else f"{client}_ar"
            if queue and getattr(dut, f"{name}_ready_o").value == 1:
                self.fresh += client != "walk"
                self.due[client].append(queue.popleft())
                self.turns.append(client)
        if self.events and dut.evtq_w_ready_o.value == 1:
            self.due_w.append(self.events.popleft())
            self.turns.append("event")
        taken = int(dut.req_ready_o.value)
        for src, queue in enumerate(self.msis):
            if queue and taken >> src & 1:
                assert self.in_flight[src] == 0, f"source {src}: second MSI in flight"
                self.in_flight[src] += 1
                self.due_msi[src].append(self.pins_of(queue.popleft()))
                self.turns.append(f"msi{src}")

    @staticmethod
    def pins_of(msi: Msi) -> Write:
        """The write an MSI is to become, attributes left to the test (IRQ-005)."""
        addr = msi.addr & ~3
        lane = addr >> 2 & 3
        word = msi.data << 32 * lane, 0xF << 4 * lane
        return Write(ID_MSI + msi.src, addr, (word,), 2, -1, -1, MSI_DEVID)

    def _pins(self, channel: str, names: list[str], ready: int) -> tuple[int, ...] | None:
        """The pins of a channel that is valid; a message offered stays until taken."""
        dut = self.dut
        if getattr(dut, f"ptw_axi_{channel}valid").value == 0:
            assert channel not in self.held, f"{channel.upper()} withdrawn"
            return None
        value = tuple(int(getattr(dut, f"ptw_axi_{channel}{name}").value) for name in names)
        assert self.held.get(channel, value) == value, f"{channel.upper()} changed while it waited"
        if ready:
            self.held.pop(channel, None)
        else:
            self.held[channel] = value
        return value

    def _sample_ar(self, ready: int) -> None:
        value = self._pins("ar", AR, ready)
        # a read of a queue waits in a register first; the pins are the walker's every other cycle
        queue_reads = len(self.due["cmdq"]) + len(self.due["dvmc"])
        assert len(self.due["walk"]) <= 1 and queue_reads <= 2
        if value is None:
            late = queue_reads > self.fresh and not self.after
            assert not self.due["walk"] and not late, "a read taken is not at the pins"
            self.after = False
            return
        client = {ID_CMDQ: "cmdq", ID_DVMC: "dvmc"}.get(value[0], "walk")
        self.after = client != "walk"
        # the walker was taken in this cycle, or its read waits in the hold register
        read = self.due[client][0]
        assert value == tuple(getattr(read, name) for name in AR), f"{value} for {read}"
        if ready:
            self.due[client].popleft()
            self.open_r[read.id].append([read, 0])

    def _sample_aw(self, ready: int) -> None:
        value = self._pins("aw", AW, ready)
        if value is None or not ready:
            return
        write = self._identify(value)
        self.order_w.append(write)
        self._match_beats()

    def _identify(self, value: tuple[int, ...]) -> Write:
        """The write a client handed over that these AW pins are."""
        if value[0] == ID_EVTQ:
            write = self.due_w.popleft()
        else:
            write = self.due_msi[value[0] - ID_MSI].popleft()
            write = Write(write.id, write.addr, write.beats, 2, value[5], value[6], write.sid)
        assert value == write.pins(), f"{value} for {write}"
        return write

    def _sample_w(self, ready: int) -> None:
        value = self._pins("w", ["data", "strb", "last"], ready)
        if value is None or not ready:
            return
        data, strb, last = value
        self.beats_w.append((data, strb))
        if last:
            self.early_w.append(tuple(self.beats_w))
            self.beats_w = []
            self._match_beats()

    def _match_beats(self) -> None:
        """Data bursts belong to addresses in their order; either may be first."""
        while self.order_w and self.early_w:
            write, beats = self.order_w.popleft(), self.early_w.pop(0)
            assert len(beats) == len(write.beats)
            for (data, strb), (want, want_strb) in zip(beats, write.beats, strict=True):
                lanes = sum(0xFF << 8 * i for i in range(16) if want_strb >> i & 1)
                assert strb == want_strb and (data ^ want) & lanes == 0, f"data of {write}"
            self.written.append(write)
            self.full_w[write.id] += 1

    # ---- responses ------------------------------------------------------------------------------
    def _drive_r(self, go: int) -> tuple | None:
        dut = self.dut
        ids = [i for i, queue in self.open_r.items() if queue]
        if not (ids and go):
            dut.ptw_axi_rvalid.value = 0
            return None
        rid = self.rng.choice(ids)
        read, beats = self.open_r[rid][0]
        last = beats == read.len
        data, resp = self.rng.getrandbits(128), self.rng.randrange(4)
        dut.ptw_axi_rvalid.value, dut.ptw_axi_rid.value = 1, rid
        dut.ptw_axi_rdata.value, dut.ptw_axi_rresp.value = data, resp
        dut.ptw_axi_rlast.value = int(last)
        self.open_r[rid][0][1] += 1
        if last:
            self.open_r[rid].popleft()
        return rid, data, resp, last

    def _sample_r(self, beat: tuple | None) -> None:
        dut = self.dut
        assert dut.ptw_axi_rready.value == 1, "R refused"
        got = dut.walk_r_valid_o.value == 1, dut.cmdq_r_valid_o.value == 1
        done = dut.dvmc_done_o.value == 1
        if beat is None:
            assert got == (False, False) and not done
            return
        rid, data, resp, last = beat
        assert got == (rid < 64, rid == ID_CMDQ) and done == (rid == ID_DVMC)
        if rid < 64:
            assert int(dut.walk_r_id_o.value) == rid
        want = data, resp, int(last)
        assert (int(dut.r_data_o.value), int(dut.r_resp_o.value), int(dut.r_last_o.value)) == want
        self.answered["r"] += 1

    def _drive_b(self, go: int) -> tuple[int, int] | None:
        dut, rng = self.dut, self.rng
        ids = [i for i, count in self.full_w.items() if count and i not in self.hold_b]
        dut.ptw_axi_bvalid.value = int(bool(ids and go))
        if not (ids and go):
            return None
        bid = rng.choice(ids)
        resp = rng.choice((2, 3)) if rng.random() < self.abort else 0
        dut.ptw_axi_bid.value, dut.ptw_axi_bresp.value = bid, resp
        self.full_w[bid] -= 1
        return bid, resp

    def _sample_b(self, response: tuple[int, int] | None) -> None:
        dut = self.dut
        assert dut.ptw_axi_bready.value == 1, "B refused"
        event = dut.evtq_b_valid_o.value == 1
        done, err = int(dut.done_o.value), int(dut.err_o.value)
        if response is None:
            assert not event and done == 0 and err == 0
            return
        bid, resp = response
        assert event == (bid == ID_EVTQ) and int(dut.b_resp_o.value) == resp
        want = 0 if event else 1 << (bid - ID_MSI)
        assert done == want and err == (want if resp else 0)
        if event:
            self.answered["event"] += 1
            return
        self.in_flight[bid - ID_MSI] -= 1
        self.done[bid - ID_MSI] += 1
        self.err[bid - ID_MSI] += int(bool(resp))
