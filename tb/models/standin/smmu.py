# SPDX-License-Identifier: Apache-2.0
"""Stand-in of the physical SMMU: the reference model plus latency and a TLB.

Translation and the memory access it leads to happen in one instant, so a CMD_SYNC, which the
reference model completes at once, really has no older transaction behind it.  The TLB keeps
translations until a command removes them: a relay that loses an invalidation is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb.models.arm_smmu_v3 import CR2_PTM
from tb.models.fields import CD, REG, Op
from tb.models.layout import Record
from tb.models.maintenance import Message, SyncMessage
from tb.models.memory import Memory
from tb.models.platform import Platform
from tb.models.smmu_ref import Kind, Outcome, SmmuConfig, SmmuRef, Ticket, Transaction

PAGE = 4096
HIT_CYCLES, READ_CYCLES, DATA_CYCLES = 2, 40, 40
IRQ_LINES = {"evtq": "smmu-evtq", "gerr": "smmu-gerr", "cmd_sync": "smmu-cmd-sync"}


@dataclass(frozen=True)
class _Tag:
    """What TLB entries of a stream and SubstreamID carry; ``asid`` None: stage 2 only."""

    vmid: int
    asid: int | None


class SmmuStandin:
    """Register device and translation port."""

    def __init__(self, plat: Platform, memory: Memory, config: SmmuConfig | None = None) -> None:
        self.plat = plat
        self.memory = memory
        self.ref = SmmuRef(memory, config or SmmuConfig())
        self.ref.signals.on_irq.append(self._irq)
        self.ref.on_command.append(self._command)
        self._tags: dict[tuple[int, int | None], _Tag] = {}  # configuration cache
        self._tlb: dict[tuple[_Tag, int, bool], int] = {}  # tag, page, read -> physical page
        self.misses = 0

    # ---- registers ----------------------------------------------------------------------
    def read32(self, offset: int) -> int:
        return self.ref.read32(offset)

    def write32(self, offset: int, value: int) -> None:
        self.ref.write32(offset, value)

    def _irq(self, name: str) -> None:
        if name in IRQ_LINES:
            self.plat.irq_line(IRQ_LINES[name]).set()

    # ---- invalidation -------------------------------------------------------------------
    def _command(self, op: Op, cmd: Record) -> None:
        self.plat.counters[f"smmu-cmd-{op.name}"] += 1
        match op:
            case Op.TLBI_NH_VA | Op.TLBI_NH_VAA:
                pages = (cmd.num + 1) << cmd.scale if cmd.tg else 1
                first, asid = cmd.addr // PAGE, cmd.get("asid")
                self._drop(
                    lambda tag, page: (
                        tag.vmid == cmd.vmid
                        and tag.asid is not None
                        and asid in (None, tag.asid)
                        and first <= page < first + pages
                    )
                )
            case Op.TLBI_NH_ASID:
                self._drop(lambda tag, page: (tag.vmid, tag.asid) == (cmd.vmid, cmd.asid))
            case Op.TLBI_NH_ALL:
                self._drop(lambda tag, page: tag.vmid == cmd.vmid and tag.asid is not None)
            case Op.TLBI_S12_VMALL:
                self._drop(lambda tag, page: tag.vmid == cmd.vmid)
            case Op.TLBI_S2_IPA:  # combined entries need a TLBI of stage 1 as well (facts 5.3)
                self._drop(
                    lambda tag, page: tag == _Tag(cmd.vmid, None) and page == cmd.addr // PAGE
                )
            case Op.TLBI_NSNH_ALL:
                self._tlb.clear()
            case Op.CFGI_STE | Op.CFGI_CD_ALL:
                self._forget(lambda sid, ssid: sid == cmd.streamid)
            case Op.CFGI_STE_RANGE:
                self._tags.clear()
            case Op.CFGI_CD:
                self._forget(lambda sid, ssid: (sid, ssid) == (cmd.streamid, cmd.substreamid))

    def dvm(self, message: Message) -> None:
        """A broadcast of a CPU; ignored while CR2.PTM is set. A Sync has nothing to wait for."""
        if isinstance(message, SyncMessage) or self.ref.read32(REG.CR2.offset) & CR2_PTM:
            return
        only = None if message.addr is None or message.stage == 2 else message.addr // PAGE
        self._drop(
            lambda tag, page: (
                message.vmid in (None, tag.vmid)
                and message.asid in (None, tag.asid)
                and only in (None, page)
            )
        )

    def _drop(self, match: Callable[[_Tag, int], bool]) -> None:
        for key in [k for k in self._tlb if match(k[0], k[1])]:
            del self._tlb[key]

    def _forget(self, match: Callable[[int, int | None], bool]) -> None:
        for key in [k for k in self._tags if match(*k)]:
            del self._tags[key]

    # ---- traffic ------------------------------------------------------------------------
    async def access(self, txn: Transaction, who: str, data: bytes | None) -> tuple[Kind, bytes]:
        """One device transaction to its end; returns how it ended and the data read."""
        if self._look_up(txn) is None:
            self.misses += 1
            fetches = len(self.ref.predict(txn).fetches)
            await self.plat.delay(HIT_CYCLES + fetches * READ_CYCLES, "hardware")
        await self.plat.delay(HIT_CYCLES + DATA_CYCLES, "hardware")
        page = self._look_up(txn)  # it may have gone, or come, in the meantime
        if page is not None:
            return self._memory_access(page + txn.addr % PAGE, txn, who, data)
        finished = self.plat.event("txn")
        result: list[tuple[Kind, bytes]] = []

        def done(ticket: Ticket) -> None:
            outcome = ticket.outcome
            if outcome.kind is Kind.OK:
                assert outcome.pa is not None
                self._fill(txn, outcome)
                result.append(self._memory_access(outcome.pa, txn, who, data))
            else:
                result.append((outcome.kind, bytes(txn.length)))
            finished.set()

        self.ref.submit(txn, done)
        await finished.wait()
        return result[0]

    def _look_up(self, txn: Transaction) -> int | None:
        tag = self._tags.get((txn.sid, txn.ssid))
        return self._tlb.get((tag, txn.addr // PAGE, txn.rnw)) if tag else None

    def _fill(self, txn: Transaction, outcome: Outcome) -> None:
        vmid, asid = 0, None
        for fetch in outcome.fetches:
            if fetch.what == "CD":
                asid = CD.get(self.memory.peek(fetch.pa, 64), "asid")
            elif fetch.what == "STE":
                vmid = int.from_bytes(self.memory.peek(fetch.pa + 16, 2), "little")
        assert outcome.pa is not None
        tag = self._tags[txn.sid, txn.ssid] = _Tag(vmid, asid)
        self._tlb[tag, txn.addr // PAGE, txn.rnw] = outcome.pa & ~(PAGE - 1)

    def _memory_access(
        self, pa: int, txn: Transaction, who: str, data: bytes | None
    ) -> tuple[Kind, bytes]:
        if data is None:
            got, ok = self.memory.read(pa, txn.length, who=who)
            return (Kind.OK if ok else Kind.ABORT), got
        ok = self.memory.write(pa, data, who=who)
        return (Kind.OK if ok else Kind.ABORT), b""
