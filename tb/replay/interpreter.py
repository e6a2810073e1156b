# SPDX-License-Identifier: Apache-2.0
"""Executes the steps of a replay case on a target (architecture section 5).

The same interpreter serves the reference model and the RTL; a step that would wait for ever
fails its case after ``WATCHDOG`` cycles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tb.models.fields import REG, Cmd, EventRecord
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, advance, slot_address, used
from tb.replay.format import Case, DmaExpect, Record, Step
from tb.replay.target import DmaHandle, DmaRequest, DmaResult, ReplayTarget

WATCHDOG = 100_000
POLL_STEP = 40
CMDQ_BASE, CMDQ_PROD, CMDQ_CONS = (REG[n].offset for n in ("CMDQ_BASE", "CMDQ_PROD", "CMDQ_CONS"))
EVENTQ_BASE = REG["EVENTQ_BASE"].offset
EVENTQ_PROD, EVENTQ_CONS = REG["EVENTQ_PROD"].offset, REG["EVENTQ_CONS"].offset

_ACK_BIT = 1 << 31


@dataclass(frozen=True)
class CaseResult:
    """``status`` is PASS, FAIL or SKIPPED; ``detail`` is what follows the name on its line."""

    name: str
    status: str
    detail: str = ""

    @property
    def line(self) -> str:
        """The line to print."""
        return f"{self.status} {self.name}{' ' + self.detail if self.detail else ''}"


class Mismatch(Exception):
    """A step saw something else than it wanted."""

    def __init__(self, name: str, got: object, want: object) -> None:
        super().__init__(f"field={name} got={_text(got)} want={_text(want)}")


class Skip(Exception):
    """The device lacks a feature the case needs."""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex() or "empty"
    return f"0x{value:x}" if isinstance(value, int) else str(value)


@dataclass
class Interpreter:
    """State of one run of one case."""

    case: Case
    target: ReplayTarget
    flights: dict[str, tuple[Step, DmaHandle]] = field(default_factory=dict)
    stalls: list[bytes] = field(default_factory=list)
    idr1: int = 0
    consumed: int | None = None  # CMDQ_CONS as last read; later ones leave at least as much room
    watchdog: int = WATCHDOG

    async def run(self) -> CaseResult:
        """Run the whole case."""
        index = 0
        try:
            await self._prepare()
            for index, step in enumerate(self.case.steps):  # noqa: B007
                await getattr(self, f"_do_{step.op}")(step)
        except Mismatch as error:
            return CaseResult(self.case.name, "FAIL", f"step={index} {error}")
        except Skip as reason:
            return CaseResult(self.case.name, "SKIPPED", str(reason))
        return CaseResult(self.case.name, "PASS")

    async def _prepare(self) -> None:
        features = self.case.features
        await self.target.reset(err_outside_ram=bool(features.get("err_outside_ram")))
        await self._check_features(features)
        for image in self.case.memory:
            if image.data is None:
                self.target.mem_fill(image.pa, image.length, image.fill)
            else:
                self.target.mem_write(image.pa, image.data)

    async def _check_features(self, features: dict[str, int]) -> None:
        read = self.target.read32
        idr0 = REG["IDR0"].unpack(await read(REG["IDR0"].offset))
        idr5 = REG["IDR5"].unpack(await read(REG["IDR5"].offset))
        self.idr1 = await read(REG["IDR1"].offset)
        sizes = (32, 36, 40, 42, 44, 48, 52, 56)
        have = {
            "oas": sizes[idr5.oas],
            "ssidsize": REG["IDR1"].get(self.idr1, "ssidsize"),
            "term_model": idr0.term_model,
            "httu": idr0.httu,
        }
        for name, value in have.items():
            if features.get(name, value) != value:
                raise Skip(f"needs {name}={features[name]}, this device has {value}")

    # ---- registers and memory ------------------------------------------------------------
    async def _do_write32(self, step: Step) -> None:
        self.consumed = None
        await self.target.write32(step.reg, step.value)

    async def _do_write64(self, step: Step) -> None:
        self.consumed = None
        await self.target.write32(step.reg, step.value & 0xFFFFFFFF)
        await self.target.write32(step.reg + 4, step.value >> 32)

    async def _do_read32(self, step: Step) -> None:
        mask = step.args.get("mask", 0xFFFFFFFF)
        got = await self.target.read32(step.reg) & mask
        if got != step.expect & mask:
            raise Mismatch(f"reg:0x{step.reg:x}", got, step.expect & mask)

    async def _do_poll32(self, step: Step) -> None:
        mask = step.args.get("mask", 0xFFFFFFFF)
        limit = min(step.args.get("cycles", self.watchdog), self.watchdog)
        got = await self.target.poll32(step.reg, step.value & mask, mask, limit) & mask
        if got != step.value & mask:
            raise Mismatch(f"reg:0x{step.reg:x}", got, step.value & mask)

    async def _do_mem_write(self, step: Step) -> None:
        self.target.mem_write(step.pa, step.hex)

    async def _do_mem_read(self, step: Step) -> None:
        got = self.target.mem_read(step.pa, len(step.expect))
        if got != step.expect:
            raise Mismatch(f"mem:0x{step.pa:x}", got, step.expect)

    # ---- command queue -------------------------------------------------------------------
    async def _read64(self, offset: int) -> int:
        low = await self.target.read32(offset)
        return low | await self.target.read32(offset + 4) << 32

    async def _append(self, command: bytes) -> tuple[int, int]:
        """Put a command into the next slot; returns the queue's log2 size and the new PROD."""
        base = REG["CMDQ_BASE"].unpack(await self._read64(CMDQ_BASE))
        log2 = min(base.log2size, REG["IDR1"].get(self.idr1, "cmdqs"))
        mask = (2 << log2) - 1
        wr = await self.target.read32(CMDQ_PROD) & mask
        if self.consumed is None or used(log2, wr, self.consumed) == 1 << log2:
            await self._room(log2, wr)
        self.target.mem_write(slot_address(base.addr, log2, wr, COMMAND_SIZE), command)
        prod = advance(log2, wr)
        await self.target.write32(CMDQ_PROD, prod)
        return log2, prod

    async def _room(self, log2: int, wr: int) -> None:
        """Wait until the command queue is not full."""
        full, mask = wr ^ 1 << log2, (2 << log2) - 1
        self.consumed = await self.target.poll32(CMDQ_CONS, full, mask, self.watchdog, differs=True)
        if self.consumed & mask == full:
            raise Mismatch("command_queue", "full", "room for a command")

    async def _do_command(self, step: Step) -> None:
        await self._append(step.words)

    async def _do_sync(self, step: Step) -> None:
        log2, prod = await self._append(Cmd.sync(cs=0))
        mask = (2 << log2) - 1
        self.consumed = await self.target.poll32(CMDQ_CONS, prod, mask, self.watchdog)
        if self.consumed & mask != prod:
            raise Mismatch("CMDQ_CONS.RD", self.consumed & mask, prod)

    # ---- transactions --------------------------------------------------------------------
    async def _do_dma(self, step: Step) -> None:
        prot = step.args.get("prot", {})
        request = DmaRequest(
            sid=step.sid,
            ssid=step.args.get("ssid"),
            addr=step.addr,
            length=step.len,
            data=step.args.get("data"),
            priv=prot.get("priv", False),
            inst=prot.get("inst", False),
        )
        handle = await self.target.start_dma(request)
        if step.args.get("wait", True):
            await self._conclude(step, handle)
        else:
            self.flights[step.id] = (step, handle)

    async def _do_await(self, step: Step) -> None:
        await self._conclude(*self.flights.pop(step.id))

    async def _conclude(self, step: Step, handle: DmaHandle) -> None:
        limit = self.target.now + self.watchdog
        while handle.result is None:
            if self.target.now >= limit:
                raise Mismatch("resp", "none", "an answer")
            await self.target.wait(POLL_STEP)
        expect = step.args.get("expect")
        if expect is not None:
            _check_dma(step, expect, handle.result)

    # ---- events and stalls ---------------------------------------------------------------
    async def _event_queue(self) -> tuple[int, int]:
        """(address, log2 size) of the event queue."""
        base = REG["EVENTQ_BASE"].unpack(await self._read64(EVENTQ_BASE))
        return base.addr, min(base.log2size, REG["IDR1"].get(self.idr1, "eventqs"))

    async def _drain(self) -> list[bytes]:
        """Take every record that is in the event queue once no more arrive."""
        addr, log2 = await self._event_queue()
        records: list[bytes] = []
        limit = self.target.now + self.watchdog
        while True:
            if self.target.settle:
                await self.target.wait(self.target.settle)
            wr = await self.target.read32(EVENTQ_PROD) & ((2 << log2) - 1)
            cons = await self.target.read32(EVENTQ_CONS)
            rd = cons & ((2 << log2) - 1)
            count = used(log2, wr, rd) or 0
            for _ in range(count):
                pa = slot_address(addr, log2, rd, RECORD_SIZE)
                records.append(self.target.mem_read(pa, RECORD_SIZE))
                rd = advance(log2, rd)
            if count:
                await self.target.write32(EVENTQ_CONS, cons & _ACK_BIT | rd)
            if count < 1 << log2 or self.target.now >= limit:
                break  # a full queue may have kept others out, which come now
        for record in records:
            if EventRecord.unpack(record).get("stall"):
                self.stalls.append(record)
        return records

    async def _do_events(self, step: Step) -> None:
        want: tuple[Record, ...] = step.expect
        got = await self._drain()
        limit = self.target.now + self.watchdog
        while len(got) < len(want) and (left := limit - self.target.now) > 0:
            _, log2 = await self._event_queue()
            mask = (2 << log2) - 1
            seen = await self.target.read32(EVENTQ_CONS) & mask  # all of them were taken
            await self.target.poll32(EVENTQ_PROD, seen, mask, left, differs=True)
            got += await self._drain()
        if len(got) != len(want):
            names = [EventRecord.name(record[0]) for record in got]
            raise Mismatch("events", f"{len(got)}:{','.join(names)}", f"{len(want)}")
        if step.args.get("order", "exact") == "any":
            _match_any(got, list(want))
        else:
            for index, (record, wanted) in enumerate(zip(got, want, strict=True)):
                _check_record(index, record, wanted)

    async def _do_resume(self, step: Step) -> None:
        wanted = step.args.get("match", {})
        for record in self.stalls:
            fields = EventRecord.unpack(record)
            ssid = fields.substreamid if fields.ssv else None
            have = {"sid": fields.streamid, "ssid": ssid, "addr": fields.inputaddr}
            if all(have[name] == value for name, value in wanted.items()):
                break
        else:
            raise Mismatch("resume", "no drained stall record", wanted)
        sid = step.args.get("as_sid")
        if sid is None:
            self.stalls.remove(record)
            sid = fields.streamid
        retry, abort = int(step.action == "retry"), int(step.action == "abort")
        await self._append(Cmd.resume(sid=sid, stag=fields.stag, ac=retry, ab=abort))


def _check_dma(step: Step, expect: DmaExpect, result: DmaResult) -> None:
    resp = result.resp
    if resp == "OKAY" and result.pa is None:
        resp = "RAZWI"
    if resp != expect.resp:
        raise Mismatch("resp", resp, expect.resp)
    if expect.resp == "SLVERR":
        if result.pa is not None:
            raise Mismatch("pa", result.pa, "nothing sent downstream")
        return
    if expect.resp == "OKAY":
        if expect.pa is not None and result.pa != expect.pa:
            raise Mismatch("pa", result.pa, expect.pa)
        if step.dir == "write" and result.written != step.data:
            raise Mismatch("written", result.written, step.data)
    if step.dir == "read":
        want = bytes(step.len) if expect.resp == "RAZWI" else expect.data
        if want is not None and result.data != want:
            raise Mismatch("data", result.data, want)


def _equal(record: bytes, wanted: Record) -> bool:
    return all(
        (got ^ want) & mask == 0
        for got, want, mask in zip(record, wanted.value, wanted.mask, strict=True)
    )


def _check_record(index: int, record: bytes, wanted: Record) -> None:
    if not _equal(record, wanted):
        masked = bytes(a & b for a, b in zip(record, wanted.mask, strict=True))
        want = bytes(a & b for a, b in zip(wanted.value, wanted.mask, strict=True))
        raise Mismatch(f"event[{index}]", masked, want)


def _match_any(got: list[bytes], want: list[Record]) -> None:
    """Multiset comparison: a perfect matching, as masks may overlap."""
    partner: dict[int, int] = {}

    def place(index: int, seen: set[int]) -> bool:
        for other, wanted in enumerate(want):
            if other in seen or not _equal(got[index], wanted):
                continue
            seen.add(other)
            if other not in partner or place(partner[other], seen):
                partner[other] = index
                return True
        return False

    for index in range(len(got)):
        if not place(index, set()):
            free = [w.value for i, w in enumerate(want) if i not in partner]
            raise Mismatch(f"event[{index}]", got[index], free[0] if free else "no such record")


async def run_case(case: Case, target: ReplayTarget, watchdog: int = WATCHDOG) -> CaseResult:
    """Run one case on a target; a step fails after ``watchdog`` cycles."""
    return await Interpreter(case, target, watchdog=watchdog).run()
