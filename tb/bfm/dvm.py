# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_dvm: send broadcast maintenance messages on AC, wait for CR.

Parts of a message (facts section 10) are built by :func:`tlbi`, :func:`sync`, :func:`other`; the
DVM Complete that ends a Sync is seen by the walk port's ``AxiMemory`` (``dvm_complete``).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cocotb.triggers import Event

from tb.bfm.mailbox import Unit, drain, percent
from tb.models.maintenance import Message as Broadcast
from tb.models.maintenance import SyncMessage

SNOOP_DVM = 0xF
TYPE_TLBI, TYPE_BPI, TYPE_PICI, TYPE_VICI, TYPE_SYNC, TYPE_HINT = 0, 1, 2, 3, 4, 6
EXC_HYP_AND_GUEST, EXC_EL3, EXC_GUEST, EXC_HYP = 0, 1, 2, 3
SEC_NON_SECURE = 3
DEPTH = 64


@dataclass(frozen=True)
class Part:
    """One AC beat."""

    addr: int
    vmidext: int = 0
    snoop: int = SNOOP_DVM
    prot: int = 0


@dataclass(eq=False)
class Message:
    """A posted message; ``await message.wait()`` until every part has its CR."""

    parts: list[Part]
    resps: list[int] = field(default_factory=list)
    t_last: int = -1
    done: Event = field(default_factory=Event, repr=False)

    async def wait(self) -> Message:
        """Wait for the CR of the last part."""
        if not self.done.is_set():
            await self.done.wait()
        return self


def tlbi(*, exception: int = EXC_GUEST, security: int = SEC_NON_SECURE, vmid: int | None = None,
         asid: int | None = None, addr: int | None = None, stage: int = 0, leaf: bool = False,
         tg: int = 0, ttl: int = 0, scale: int = 0,
         num: int | None = None) -> list[Part]:  # fmt: skip
    """Parts of a TLBI. ``addr`` (VA, or IPA with stage 2) makes it two parts, ``num`` a range."""
    v, a, va = vmid or 0, asid or 0, addr or 0
    first = (
        (v >> 12 & 0xF) << 40 if addr is None else (va >> 53 & 0xF) << 44 | (va >> 45 & 0xF) << 40
    )
    first |= (a >> 8 & 0xFF) << 32 | (v & 0xFF) << 24 | (a & 0xFF) << 16
    first |= TYPE_TLBI << 12 | exception << 10 | security << 8
    first |= (vmid is not None) << 6 | (asid is not None) << 5 | stage << 2
    if addr is None:
        return [Part(first, v >> 8 & 0xF)]
    first |= (num is not None) << 7 | leaf << 4 | 1
    second = (va >> 49 & 0xF) << 44 | (va >> 41 & 0xF) << 40 | va & 0xFF_FFFF_F000
    second |= tg << 10 | ttl << 8 | (va >> 40 & 1) << 3
    if num is not None:
        # VA[40] sits between Num[4:3] and Num[2:0]
        second |= scale << 6 | (num >> 3 & 3) << 4 | num & 7
    return [Part(first, v >> 8 & 0xF), Part(second, v >> 12 & 0xF)]


def sync() -> list[Part]:
    """The part of a Sync."""
    return [Part(1 << 15 | TYPE_SYNC << 12)]


def parts_of(message: Broadcast) -> list[Part]:
    """What the interconnect puts on AC for a broadcast of a CPU."""
    if isinstance(message, SyncMessage):
        return sync()
    return tlbi(vmid=message.vmid, asid=message.asid, addr=message.addr, stage=message.stage,
                leaf=message.leaf)  # fmt: skip


def other(kind: int, addr: int = 0) -> list[Part]:
    """A message the SMMU only acknowledges (branch predictor, instruction cache, hint)."""
    return [Part(addr | kind << 12)]


class DvmMaster:
    """Driver of one ``bfm_dvm`` instance."""

    def __init__(self, handle: Any, name: str = "dvm") -> None:
        self.name = name
        self.log = logging.getLogger(f"cocotb.{name}")
        self.unit = Unit(handle)
        self._posted = self.unit.reg("post_cnt").get()
        self._waiting: deque[Message] = deque()  # parts on their way, in order
        self._backlog: deque[tuple[Part, Message]] = deque()
        self.observers: list[Callable[[Sequence[Part]], None]] = []  # see every message posted
        self.configure(seed=4, ac=100, cr=100, ack=True)
        self.hold_cr(False)
        drain(self.unit.reg("cr_cnt_q"), self._answered)

    def configure(self, seed: int | None = None, ac: float | None = None,
                  cr: float | None = None, ack: bool | None = None) -> None:  # fmt: skip
        """Seed; chance in percent to offer AC and accept CR; whether SYSCOREQ is answered."""
        given = {"cfg_seed": seed, "cfg_ack": ack,
                 "cfg_ac_level": None if ac is None else percent(ac),
                 "cfg_cr_level": None if cr is None else percent(cr)}  # fmt: skip
        for register, value in given.items():
            if value is not None:
                self.unit.reg(register).set(int(value))

    def hold_cr(self, on: bool = True) -> None:
        """Accept no CR."""
        self.unit.reg("cfg_hold_cr").set(int(on))

    def post(self, parts: Sequence[Part]) -> Message:
        """Queue a message and return it at once; its parts leave back to back."""
        message = Message(list(parts))
        for observer in self.observers:
            observer(message.parts)
        for part in message.parts:
            self._backlog.append((part, message))
        self._push()
        return message

    async def send(self, parts: Sequence[Part]) -> list[int]:
        """Send a message and wait for its CR responses."""
        return (await self.post(parts).wait()).resps

    def reset(self) -> None:
        """Forget what is on its way; call while in reset."""
        for message in (*self._waiting, *(m for _, m in self._backlog)):
            message.done.set()
        self._waiting.clear()
        self._backlog.clear()

    def _push(self) -> None:
        while self._backlog and len(self._waiting) < DEPTH:
            part, message = self._backlog.popleft()
            word = part.prot << 56 | part.snoop << 52 | part.vmidext << 48 | part.addr
            self.unit.words("part_mem").set(self._posted % DEPTH, word)
            self._posted = (self._posted + 1) & 0xFFFFFFFF
            self._waiting.append(message)
        self.unit.reg("post_cnt").set(self._posted)

    def _answered(self, number: int) -> None:
        word = self.unit.words("cr_mem").get(number % DEPTH)
        if not self._waiting:
            self.log.error("%s: CR %d without a message part", self.name, number)
            return
        message = self._waiting.popleft()
        message.resps.append(word & 0x1F)
        message.t_last = word >> 5
        if len(message.resps) == len(message.parts):
            message.done.set()
        self._push()
