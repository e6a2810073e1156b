# SPDX-License-Identifier: Apache-2.0
"""Makes a replay case of what a test did (``transcript``).

A replay is sequential. A transaction that had ended before anything else was done to the device is
waited for at once, others where the test went on after their end. Of several reads of a status
register only the last before the next stimulus counts, as ``poll32``. Event records belong to the
first look at the queue after them; STAGs are compared by what RESUME does with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from tb.models.fields import COMMANDS, REG, EventRecord, Op
from tb.replay.format import FORMAT
from tb.replay.transcript import (
    LINE,
    Commands,
    Dma,
    Drain,
    Entry,
    Idle,
    Poke,
    Read,
    Record,
    Transcript,
    Write,
    joined,
)

CMDQ_CONS, EVENTQ_PROD = REG["CMDQ_CONS"].offset, REG["EVENTQ_PROD"].offset
EVENTQ_CONS = REG["EVENTQ_CONS"].offset
GERROR, GERRORN = REG["GERROR"].offset, REG["GERRORN"].offset
VOLATILE = {reg.offset for reg in REG if reg.volatile}
WIDE = {reg.offset for reg in REG if reg.width == 64}
FLAG = 1 << 31  # OVFLG of EVENTQ_PROD, OVACKFLG of EVENTQ_CONS
POLL_CYCLES = "20000"
MAX_IN_FLIGHT = 4  # rule 2 of the format


def document(
    script: Transcript, name: str, about: str = "", memory: dict[int, bytes] | None = None
) -> dict[str, Any]:
    """The case; ``memory`` is what bus masters left at the bytes of ``script.made``."""
    script.land()
    script.place()
    steps = list(_joined(_Steps(script).run()))
    steps += [
        {"op": "mem_read", "pa": hex(pa), "expect": data.hex()}
        for pa, data in sorted((memory or {}).items())
    ]
    return {
        "format": FORMAT,
        "name": name,
        "about": about,
        **({"partial": list(script.left_out)} if script.left_out else {}),
        **({"unchecked": list(script.unchecked)} if script.unchecked else {}),
        "features": {"err_outside_ram": 1} if script.error_above else {},
        "memory": list(script.images()),
        "steps": steps,
    }


def _joined(steps: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Writes of two halves of a register as one write64, writes of neighbouring memory as one."""
    last: dict[str, Any] | None = None
    for step in steps:
        if last is not None:
            if last["op"] == step["op"] == "write32":
                low = int(last["reg"], 0)
                if low in WIDE and int(step["reg"], 0) == low + 4:
                    value = int(step["value"], 0) << 32 | int(last["value"], 0)
                    yield {"op": "write64", "reg": hex(low), "value": hex(value)}
                    last = None
                    continue
            if last["op"] == step["op"] == "mem_write":
                if int(step["pa"], 0) == int(last["pa"], 0) + len(last["hex"]) // 2:
                    last["hex"] += step["hex"]
                    continue
            yield last
        last = step
    if last is not None:
        yield last


class _Steps:
    """Turns the log into steps."""

    def __init__(self, script: Transcript) -> None:
        self.script = script
        self.steps: list[dict[str, Any]] = []
        self.names: dict[int, str] = {}  # by id(): of transactions to be awaited, else empty
        self.constant: dict[int, int] = {}  # last value checked, since the last stimulus
        self.written: dict[int, int] = {}
        self.flag = 0  # OVFLG as last read
        self.stalls: list[Record] = []  # drained, not used up, as the interpreter keeps them

    def run(self) -> list[dict[str, Any]]:
        log = self.script.log
        ends: dict[int, list[Dma]] = {}
        for entry in log:
            if isinstance(entry, Dma) and entry.end is not None:
                ends.setdefault(entry.end, []).append(entry)
        for index, entry in enumerate(log):
            self._await(ends.get(index, ()))
            getattr(self, f"_{type(entry).__name__.lower()}")(entry, index)
            if entry.stimulus:
                self.constant.clear()
        self._await(ends.get(len(log), ()))
        self._events(len(log), last=True)
        if any(isinstance(e, Dma) and e.end is None for e in log):
            self.script.leave_out("transactions that had no answer at the end")
        return self.steps

    def _step(self, op: str, **args: Any) -> None:
        self.steps.append({"op": op, **args})

    # ---- registers and memory ------------------------------------------------------------
    def _write(self, entry: Write, index: int) -> None:
        self.written[entry.reg] = entry.value
        self._step("write32", reg=hex(entry.reg), value=hex(entry.value))

    def _read(self, entry: Read, index: int) -> None:
        reg, value = entry.reg, entry.value
        if reg == EVENTQ_CONS or self.constant.get(reg) == value:
            return
        if reg == EVENTQ_PROD:
            if (value ^ self.flag) & FLAG:
                self.flag = value & FLAG
                self._poll(reg, self.flag, FLAG)
            return
        if reg == CMDQ_CONS:
            err = REG["CMDQ_CONS"].get(value, "err")
            # where an error has stopped the queue; a moving index is no result
            if err and not self._read_again(index) and self._stopped(index):
                self._poll(reg, value, 0xFFFFFFFF)
            return
        if reg in VOLATILE:
            if not self._read_again(index) and not self._updating(reg, value):
                self._poll(reg, value, 0xFFFFFFFF)
            return
        self.constant[reg] = value
        self._step("read32", reg=hex(reg), expect=hex(value))

    def _poll(self, reg: int, value: int, mask: int) -> None:
        self.constant[reg] = value
        under = {} if mask == 0xFFFFFFFF else {"mask": hex(mask)}
        step = {"reg": hex(reg), "value": hex(value & mask), **under}
        self._step("poll32", **step, cycles=POLL_CYCLES)

    def _read_again(self, index: int) -> bool:
        """Is this register read once more before the next stimulus of the device?"""
        log = self.script.log
        reg = log[index].reg
        for later in log[index + 1 :]:
            if isinstance(later, Read) and later.reg == reg:
                return True
            if isinstance(later, Idle) and reg == CMDQ_CONS:
                return True
            if not _passive(later):
                return False
        return False

    def _stopped(self, index: int) -> bool:
        """Does a read of GERROR beside this entry say that CMDQ_ERR is active?"""
        log, acked = self.script.log, self.written.get(GERRORN, 0)
        beside = list(takewhile(_passive, log[index:]))
        beside += takewhile(_passive, reversed(log[:index]))
        return any(isinstance(e, Read) and e.reg == GERROR and (e.value ^ acked) & 1
                   for e in beside)  # fmt: skip

    def _updating(self, reg: int, value: int) -> bool:
        """Does this acknowledgement still have to follow what software wrote?"""
        if reg == REG["GBPA"].offset:
            return bool(REG["GBPA"].get(value, "update"))
        for name in ("CR0", "IRQ_CTRL"):
            if reg == REG[f"{name}ACK"].offset:
                return value != self.written.get(REG[name].offset, 0) & REG[name].write_mask
        return False

    def _poke(self, entry: Poke, index: int) -> None:
        pieces = []
        at = entry.pa
        while at < entry.pa + len(entry.data):
            line = at & -LINE
            end = min(line + LINE, entry.pa + len(entry.data))
            if line in self.script.used:
                pieces.append((at, entry.data[at - entry.pa : end - entry.pa]))
            at = end
        for pa, data in joined(pieces):
            self._step("mem_write", pa=hex(pa), hex=data.hex())

    # ---- queues --------------------------------------------------------------------------
    def _commands(self, entry: Commands, index: int) -> None:
        for data in entry.commands:
            if data[0] != Op.RESUME or not self._resume(entry, data):
                words = [hex(int.from_bytes(data[k : k + 8], "little")) for k in (0, 8)]
                self._step("command", words=words)

    def _resume(self, entry: Commands, data: bytes) -> bool:
        """A RESUME by the record it answers; False when there is none."""
        fields = COMMANDS[Op.RESUME].unpack(data)
        records = self.script.records
        for record in reversed(records):
            if record.before <= entry.before and record.stall and not record.resumed:
                if EventRecord.unpack(record.data).stag == fields.stag:
                    break
        else:
            self.script.leave_out("STAGs that name no stall (sent as the number they were)")
            return False
        if not record.told:
            self._events(entry.before)
        key, other = record.key, {}
        if next((r for r in self.stalls if r.key == key), None) is not record:
            self.script.leave_out("a RESUME of another stall than the oldest of its address")
            return False
        if fields.sid != key["sid"]:
            other = {"as_sid": hex(fields.sid)}
        else:
            record.resumed = True
            self.stalls.remove(record)
        action = "retry" if fields.ac else "abort" if fields.ab else "terminate"
        match = {name: None if value is None else hex(value) for name, value in key.items()}
        self._step("resume", match=match, action=action, **other)
        return True

    def _idle(self, entry: Idle, index: int) -> None:
        last = self.steps[-1] if self.steps else {"op": ""}
        if last["op"] == "command" and _is_plain_sync(last["words"]):
            self.steps[-1] = {"op": "sync"}
        elif last["op"] != "sync":
            self._poll(CMDQ_CONS, entry.prod, entry.mask)

    def _drain(self, entry: Drain, index: int) -> None:
        self._events(entry.before)
        if entry.flag is not None:
            self._step("write32", reg=hex(EVENTQ_CONS), value=hex(entry.flag))

    def _events(self, before: int, last: bool = False) -> None:
        """All records that are there by now: the step takes them all."""
        records = [r for r in self.script.records if not r.told and r.before <= before]
        if not records and not last:
            return
        records.sort(key=lambda record: record.before)
        for record in records:
            record.told = True
        self.stalls += [r for r in records if r.stall]
        expect = [
            {"hex": r.data.hex()} | ({"mask": r.mask.hex()} if r.stall else {}) for r in records
        ]
        # transactions that wait beside each other may fault in any order
        mixed = len(records) > 1 and any(r.stall for r in records)
        self._step("events", expect=expect, **({"order": "any"} if mixed else {}))

    # ---- transactions --------------------------------------------------------------------
    def _dma(self, entry: Dma, index: int) -> None:
        log = self.script.log
        after = (i for i, e in enumerate(log[index + 1 :], index + 1)
                 if e.stimulus and not isinstance(e, Dma))  # fmt: skip
        following = next(after, len(log))
        waits = entry.end is not None and entry.end <= following
        name = f"{'w' if entry.is_write else 'r'}{len(self.names)}"
        step: dict[str, Any] = {
            "id": name, "dir": "write" if entry.is_write else "read", "sid": hex(entry.sid),
            "ssid": None if entry.ssid is None else hex(entry.ssid), "addr": hex(entry.addr),
        }  # fmt: skip
        if entry.is_write:
            step["data"] = (entry.data or b"").hex()
        else:
            step["len"] = entry.length
        if entry.priv or entry.inst:
            step["prot"] = {"priv": int(entry.priv), "inst": int(entry.inst)}
        if not waits:
            step["wait"] = False
            self.names[id(entry)] = name
            flying = sum(
                isinstance(e, Dma) and (e.end is None or e.end > index) for e in log[: index + 1]
            )
            if flying > MAX_IN_FLIGHT:
                self.script.check_not(f"the rule of {MAX_IN_FLIGHT} transactions in flight")
        else:
            self.names[id(entry)] = ""
        if entry.resp is not None and entry.checked:
            step["expect"] = {"resp": entry.resp}
            if entry.resp == "OKAY":
                step["expect"]["pa"] = hex(entry.pa or 0)
                if entry.read is not None:
                    step["expect"]["data"] = entry.read.hex()
        self._step("dma", **step)

    def _await(self, ended: Iterable[Dma]) -> None:
        for dma in ended:
            if name := self.names.get(id(dma)):
                self._step("await", id=name)


def _passive(entry: Entry) -> bool:
    """The SMMU does not notice this at once."""
    return not entry.stimulus or isinstance(entry, Poke)


def _is_plain_sync(words: list[str]) -> bool:
    data = b"".join(int(word, 0).to_bytes(8, "little") for word in words)
    return data[0] == Op.SYNC and COMMANDS[Op.SYNC].unpack(data).cs == 0
