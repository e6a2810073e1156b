# SPDX-License-Identifier: Apache-2.0
"""Writes down as a replay case what a test does to the SMMU (``make test TEST=.. RECORD=file``).

``attach`` is called by ``SmmuBench.start`` when RECORD is set, and puts itself between the bench
and its transactors: register port, device ports, memory, DVM. Python runs once per access, as the
transactors do; without RECORD nothing of this is imported. The file is written when the test ends,
however it ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Event

from tb.bfm.axi_mem import AxiMemory, MemRequest
from tb.bfm.burst import DECERR, INCR, OKAY, SLVERR, AxiTxn
from tb.models.fields import REG
from tb.models.memory import PAGE_SIZE, ErrorRange
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, advance, slot_address
from tb.replay import lowering, transcript
from tb.replay.format import MAX_REGISTER, dump
from tb.replay.format import PAGE_SIZE as LONGEST
from tb.replay.transcript import Commands, Dma, Drain, Idle, Poke, Read, Transcript, Write

VARIABLE = "RECORD"
ERROR_BASE = 0x9000_0000  # of features.err_outside_ram
CMDQ_PROD, CMDQ_CONS = REG["CMDQ_PROD"].offset, REG["CMDQ_CONS"].offset
EVENTQ_PROD, EVENTQ_CONS = REG["EVENTQ_PROD"].offset, REG["EVENTQ_CONS"].offset
ACK = 1 << 31
# AxPROT is privileged and instruction, non-secure; what else may be on the pins changes what the
# SMMU does, or only travels with the burst.
DECIDING = {"lock": 0, "secsid": 0, "flow": 0, "atop": 0}
TRAVELLING = {"cache": 0b0010, "domain": 0b11, "qos": 0}


class _Watched:
    """Counters that a case has no word for: looking at them is noted."""

    def __init__(self, inner: Any, note: Callable[[], None]) -> None:
        self._inner, self._note = inner, note

    def __getitem__(self, name: str) -> int:
        self._note()
        return self._inner[name]

    def __getattr__(self, name: str) -> Any:
        if name in ("changed", "last", "total", "all"):
            self._note()
        return getattr(self._inner, name)


class Recorder:
    """Fills a ``Transcript`` from one bench."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.script = Transcript()
        self.memory = bench.memory
        self.regs: dict[int, int] = {}  # as software wrote them
        self.commands = 0  # issued since the last reset
        self.waited = 0  # of these, known to be consumed in the script
        self.blind = False  # software moved an index: the count of commands tells nothing
        self.consumed = bench.pmu
        self.first = self.consumed["command"]
        self.by_bus = False
        self.sent: list[tuple[int, int, MemRequest]] = []  # cycle, TBU, burst downstream
        self.posted: list[tuple[Dma, int, AxiTxn]] = []
        self.since: dict[int, int] = {}  # cycle in which the test posted a Dma, by its id()
        self.errors: list[tuple[ErrorRange, list[bool]]] = []
        if bench.cfg.nostall:
            self.script.leave_out("the nostall straps of the ports")
        self._wrap()

    # ---- between the bench and its transactors -----------------------------------------------
    def _wrap(self) -> None:
        bench, memory = self.bench, self.memory
        self._around_registers(bench.axil)
        for tbu, master in enumerate(bench.masters):
            self._around_device(tbu, master)
            self._noting(master, "generate", "the traffic generator")
            self._noting(master, "hold", "channels held by the test")
        for tbu, port in enumerate(bench.mems):
            port.observers.append(lambda request, n=tbu: self._downstream(n, request))
        for port in bench.ports:
            port.observers.append(lambda request, p=port: self._forced(p))
            self._noting(port, "hold", "channels held by the test")
        self._around_memory(memory)
        self._noting(bench.dvm, "post", "DVM messages")
        look = self.script.check_not
        bench.irqs = _Watched(bench.irqs, lambda: look("interrupt wires"))
        bench.pmu = _Watched(bench.pmu, lambda: look("PMU event pulses"))
        reset = bench.reset

        async def after_reset(*args: Any, **options: Any) -> None:
            await reset(*args, **options)
            self._clear()

        bench.reset = after_reset

    def _clear(self) -> None:
        self.script.clear()
        self.script.leave_out("what came before the last reset")
        for store in (self.regs, self.sent, self.posted, self.since):
            store.clear()
        self.commands, self.waited, self.blind = 0, 0, False
        self.first = self.consumed["command"]

    def _noting(self, owner: Any, method: str, what: str) -> None:
        inner = getattr(owner, method)

        def noted(*args: Any, **options: Any) -> Any:
            self.script.leave_out(what)
            return inner(*args, **options)

        setattr(owner, method, noted)

    def _around_registers(self, port: Any) -> None:
        read, write = port.read32, port.write32

        async def read32(addr: int) -> int:
            value = await read(addr)
            if _is_register(addr):
                self._read(addr, value)
            return value

        async def write32(addr: int, value: int, *strobe: Any, **options: Any) -> None:
            strb = strobe[0] if strobe else options.get("strb")
            if strb in (None, 0xF) and _is_register(addr):
                self._write(addr, value & 0xFFFFFFFF)
            else:
                self.script.leave_out("register accesses that are no aligned words")
            await write(addr, value, *strobe, **options)

        port.read32, port.write32 = read32, write32

    def _around_device(self, tbu: int, master: Any) -> None:
        read, write = master.read, master.write

        def posted(txn: AxiTxn) -> AxiTxn:
            self._post(tbu, txn)
            return txn

        master.read = lambda *args, **options: (
            read(*args, **options)
            if options.get("no_ax")
            else posted(read(*args, **options))
        )  # fmt: skip
        master.write = lambda *args, **options: posted(write(*args, **options))

    def _around_memory(self, memory: Any) -> None:
        read, write, poke = memory.read, memory.write, memory.poke
        masters = {"smmu", *(f"tbu{n}" for n in range(len(self.bench.mems)))}

        def bus_read(pa: int, n: int, who: str = "") -> tuple[bytes, bool]:
            if who in masters:
                self._use(pa, n)
                self._hit(pa, n, False, who)
            return read(pa, n, who)

        def bus_write(pa: int, data: bytes, strb: Any = None, who: str = "") -> bool:
            if who not in masters:
                return write(pa, data, strb, who)
            self._hit(pa, len(data), True, who)
            self.by_bus = True
            try:
                ok = write(pa, data, strb, who)
            finally:
                self.by_bus = False
            if ok:
                self._written(pa, data, who)
            return ok

        def test_poke(pa: int, data: bytes) -> None:
            if not self.by_bus and self.script.started and memory.peek(pa, len(data)) != data:
                self._poke(pa, bytes(data))
            poke(pa, data)

        memory.read, memory.write, memory.poke = bus_read, bus_write, test_poke
        add_error = memory.add_error

        def added(base: int, length: int, **options: Any) -> ErrorRange:
            error = add_error(base, length, **options)
            self.errors.append((error, []))
            return error

        memory.add_error = added

    # ---- stimuli --------------------------------------------------------------------------
    def _start(self) -> None:
        """Before the first stimulus: memory as it is now is the image of the case."""
        if not self.script.started:
            peek = self.memory.peek
            self.script.image = {pa: peek(pa, PAGE_SIZE) for pa in self.memory.touched()}

    def _settled(self) -> None:
        """Note that the command queue had run empty before what comes now."""
        if self.waited < self.commands == self.consumed["command"] - self.first and not self.blind:
            self.waited = self.commands
            self.script.add(Idle(self.regs.get(CMDQ_PROD, 0), self._ring("CMDQ")[1]))

    def _write(self, reg: int, value: int) -> None:
        self._start()
        before = self.regs.get(reg, 0)
        self.regs[reg] = value
        if reg == CMDQ_PROD and (commands := self._new_commands(before, value)):
            self.commands += len(commands)
            self.script.add(Commands(commands))
            return
        if reg == EVENTQ_CONS and (value ^ before) & ~ACK:
            self._taken(before, value)
            return
        self._settled()
        self.blind |= reg in (CMDQ_PROD, CMDQ_CONS)
        self.script.add(Write(reg, value))

    def _ring(self, name: str) -> tuple[int, int, int]:
        """(log2 of entries, mask of an index, base address) of a queue as it is set up now."""
        reg = REG[f"{name}_BASE"]
        whole = self.regs.get(reg.offset, 0) | self.regs.get(reg.offset + 4, 0) << 32
        fields = reg.unpack(whole)
        log2 = min(fields.log2size, self.bench.params.get(f"{name}S", 8))
        return log2, (2 << log2) - 1, fields.addr

    def _new_commands(self, before: int, after: int) -> list[bytes]:
        """The commands PROD has moved over; none when a case could not append them."""
        log2, mask, base = self._ring("CMDQ")
        count = (after - before) & mask
        open_ones = self.commands - (self.consumed["command"] - self.first)
        if after & ~mask or before & ~mask or not 0 < count <= (1 << log2) - max(open_ones, 0):
            return []
        places = [
            slot_address(base, log2, _next_index(log2, before, k), COMMAND_SIZE)
            for k in range(count)
        ]
        self.script.queues.add((base, base + (COMMAND_SIZE << log2)))
        self._forget(places)
        return [self.memory.peek(at, COMMAND_SIZE) for at in places]

    def _forget(self, places: list[int]) -> None:
        """The step writes these slots itself."""
        slots = {at & -COMMAND_SIZE for at in places}
        log = self.script.log
        for entry in reversed(log):
            if isinstance(entry, Poke):
                if len(entry.data) <= COMMAND_SIZE and entry.pa & -COMMAND_SIZE in slots:
                    entry.data = b""
            elif entry.stimulus:
                break

    def _taken(self, before: int, after: int) -> None:
        """EVENTQ_CONS moved: over records, or not as a case could do it."""
        _, mask, _ = self._ring("EVENTQ")
        moved = (after - before) & mask
        there = sum(not r.taken for r in self.script.records)
        if after & ~(mask | ACK) or moved > there:
            self.script.add(Write(EVENTQ_CONS, after))
            if there:
                self.script.leave_out("EVENTQ_CONS moved over records that are not there")
            return
        waiting = [r for r in self.script.records if not r.taken]
        for record in waiting[:moved]:
            record.taken = True
        self.script.add(Drain(after if (after ^ before) & ACK else None))

    def _read(self, reg: int, value: int) -> None:
        if reg == CMDQ_CONS:
            _, mask, _ = self._ring("CMDQ")
            prod = self.regs.get(CMDQ_PROD, 0)
            if self.commands and (value ^ prod) & mask == 0:
                if self.waited < self.commands:
                    self.waited = self.commands
                    self.script.add(Idle(prod, mask))
                self.blind = False
                self.first = self.consumed["command"] - self.commands
                return
        self.script.add(Read(reg, value))

    def _poke(self, pa: int, data: bytes) -> None:
        log2, _, base = self._ring("CMDQ")
        if not base <= pa < base + (COMMAND_SIZE << log2):
            self._settled()
        self.script.made.difference_update(range(pa, pa + len(data)))
        self.script.add(Poke(pa, data))

    def _post(self, tbu: int, txn: AxiTxn) -> None:
        self._start()
        self._settled()
        ax, length = txn.ax, txn.length or txn.shape.nbytes
        strange = [name for name, usual in DECIDING.items() if ax.get(name, usual) != usual]
        if txn.shape.burst != INCR:
            strange.append("burst type")
        if length > LONGEST:
            strange.append(f"more than {LONGEST} bytes")
        if txn.is_write and txn.byte_mask != (1 << length) - 1:
            strange.append("partial strobes")
        if not ax["prot"] & 2:
            strange.append("secure")
        if strange:
            self.script.leave_out(f"transactions with {', '.join(strange)}")
            return
        if any(ax.get(name, usual) != usual for name, usual in TRAVELLING.items()):
            self.script.check_not("attributes of transactions")
        if tbu:
            self.script.leave_out("the number of the TBU")
        dma = Dma(
            is_write=txn.is_write, sid=ax["sid"], ssid=ax["ssid"] if ax["ssidv"] else None,
            addr=txn.addr, length=length, data=txn.data if txn.is_write else None,
            priv=bool(ax["prot"] & 1), inst=bool(ax["prot"] & 4),
        )  # fmt: skip
        self.posted.append((dma, tbu, txn))
        self.since[id(dma)] = self.bench.cycle
        self.script.fly(dma, txn)

    # ---- what the SMMU does -----------------------------------------------------------------
    def _use(self, pa: int, n: int) -> None:
        first, last = pa & -transcript.LINE, (pa + max(n, 1) - 1) & -transcript.LINE
        self.script.used.update(range(first, last + 1, transcript.LINE))

    def _written(self, pa: int, data: bytes, who: str) -> None:
        log2, _, base = self._ring("EVENTQ")
        queue = range(base, base + (RECORD_SIZE << log2))
        if who == "smmu" and pa in queue and len(data) == RECORD_SIZE:
            self.script.record(bytes(data))
            self.script.queues.add((queue.start, queue.stop))
            if sum(not r.taken for r in self.script.records) == 1 << log2:
                self.script.leave_out("an event queue that is full")
            return
        self._use(pa, len(data))
        self.script.made.update(range(pa, pa + len(data)))

    def _downstream(self, tbu: int, request: MemRequest) -> None:
        self.sent.append((self.bench.cycle, tbu, request))

    def _forced(self, port: AxiMemory) -> None:
        if port.filters:
            self.script.leave_out("answers of memory held or forced by the test")

    def _hit(self, pa: int, n: int, is_write: bool, who: str) -> None:
        for error, hits in self.errors:
            if error.hits(pa, n, is_write, who):
                hits.append(True)

    # ---- the end --------------------------------------------------------------------------
    def _answers(self) -> None:
        """Join what devices were told and what left downstream for it."""
        free = list(self.sent)
        for dma, tbu, txn in self.posted:
            if not txn.finished or txn.error:
                continue
            down = next(
                (item for item in free if item[1] == tbu and self._same(txn, *item[::2])), None
            )
            if down is not None:
                free.remove(down)
            if txn.resp in (SLVERR, DECERR):
                dma.resp = "SLVERR"
                if down is not None:
                    dma.checked = False
                    self.script.leave_out("answers that are errors of the memory bus")
            elif txn.resp == OKAY:
                dma.resp = "OKAY" if down is not None else "RAZWI"
                dma.pa = down[2].addr if down is not None else None
                dma.read = None if txn.is_write else txn.data[: dma.length]
        self._races()

    def _races(self) -> None:
        """Bytes written by one transaction while another moved them have no certain value."""
        pages: dict[int, list[tuple[Dma, AxiTxn]]] = {}
        for dma, _, txn in self.posted:
            if txn.finished and dma.pa is not None:
                pages.setdefault(dma.pa // PAGE_SIZE, []).append((dma, txn))
        for page in pages.values():
            for writer, txn in (item for item in page if item[0].is_write):
                for other, beside in page:
                    if other is writer or not self._overlap(writer, txn, other, beside):
                        continue
                    if other.is_write:
                        self.script.made.difference_update(range(other.pa, other.pa + other.length))
                    else:
                        other.read = None

    def _overlap(self, a: Dma, a_txn: AxiTxn, b: Dma, b_txn: AxiTxn) -> bool:
        return (
            a.pa < b.pa + b.length
            and b.pa < a.pa + a.length
            and self.since[id(a)] <= b_txn.t_last
            and self.since[id(b)] <= a_txn.t_last
        )

    @staticmethod
    def _same(txn: AxiTxn, cycle: int, request: MemRequest) -> bool:
        return (
            request.is_write == txn.is_write
            and request.id == txn.id
            and request.shape.beats == txn.beats
            and (request.addr ^ txn.addr) % PAGE_SIZE == 0
            and txn.t_addr <= cycle <= txn.t_last
        )

    def _injected(self) -> None:
        """Injected errors: all of an address range that a case can ask for, or left out."""
        hit = [error for error, hits in self.errors if hits]
        if not hit:
            return
        above = all(e.base >= ERROR_BASE and e.reads and e.writes and not e.who and e.count is None
                    for e in hit)  # fmt: skip
        beside = any(pa >= ERROR_BASE and not any(e.base <= pa < e.base + e.length for e in hit)
                     for pa in self.script.used)  # fmt: skip
        if above and not beside:
            self.script.error_above = True
        else:
            where = sorted({hex(e.base) for e in hit})
            self.script.leave_out(f"bus errors injected at {', '.join(where)}")

    def document(self, name: str, about: str) -> dict[str, Any]:
        """The case of what has been seen so far."""
        self._settled()
        self._answers()
        self._injected()
        peek = self.memory.peek
        made = sorted(b for b in self.script.made if not self.script.in_queue(b))
        left = dict(transcript.joined((at, peek(at, 1)) for at in made))
        return lowering.document(self.script, name, about, left)


def _next_index(log2: int, index: int, steps: int) -> int:
    """Index and wrap bit ``steps`` entries further."""
    for _ in range(steps):
        index = advance(log2, index)
    return index


def _is_register(offset: int) -> bool:
    return offset % 4 == 0 and offset < MAX_REGISTER


def attach(bench: Any) -> None:
    """Record everything from here to the end of the test into the file of RECORD."""
    recorder = Recorder(bench)
    path = Path(os.environ[VARIABLE])
    test = os.environ.get("RECORD_TEST") or path.stem
    how = " ".join(f"{n}={os.environ[n]}" for n in ("TEST", "SEED", "SIM", "CONFIG")
                   if os.environ.get(n))  # fmt: skip

    async def until_the_end() -> None:
        try:
            await Event().wait()
        finally:  # cocotb cancels what is still running when a test ends
            try:
                path.write_text(dump(recorder.document(test, f"recorded by make test {how}")))
            except Exception:  # a test must not fail because it is recorded
                cocotb.log.exception("%s: nothing recorded", path.name)

    cocotb.start_soon(until_the_end())
