# SPDX-License-Identifier: Apache-2.0
"""Stand-in of the physical SMMU: the reference model plus latency and a TLB.

Translation and the memory access it leads to happen in one instant, so a CMD_SYNC, which the
reference model completes at once, really has no older transaction behind it.  The TLB keeps
translations until a command removes them: a relay that loses an invalidation is found out.
"""

from __future__ import annotations

from collections.abc import Callable

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


class _TlbEntry:
    """One cached translation with what invalidation needs to know."""

    def __init__(self, page: int, asid: int, vmid: int, stage1: bool) -> None:
        self.page, self.asid, self.vmid, self.stage1 = page, asid, vmid, stage1


class SmmuStandin:
    """Register device and translation port."""

    def __init__(self, plat: Platform, memory: Memory, config: SmmuConfig | None = None) -> None:
        self.plat = plat
        self.memory = memory
        self.ref = SmmuRef(memory, config or SmmuConfig())
        self.ref.signals.on_irq.append(self._irq)
        self.ref.on_command.append(self._command)
        self._tlb: dict[tuple[int, int | None, int, bool], _TlbEntry] = {}
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
            case Op.TLBI_NH_VA:
                pages = (cmd.num + 1) << cmd.scale if cmd.tg else 1
                last = cmd.addr + pages * PAGE
                self._drop(
                    lambda k, e: (
                        (e.vmid, e.asid) == (cmd.vmid, cmd.asid) and cmd.addr <= k[2] * PAGE < last
                    )
                )
            case Op.TLBI_NH_ASID:
                self._drop(lambda k, e: (e.vmid, e.asid) == (cmd.vmid, cmd.asid))
            case Op.TLBI_NH_ALL | Op.TLBI_S12_VMALL:
                self._drop(lambda k, e: e.vmid == cmd.vmid)
            case Op.TLBI_S2_IPA:
                self._drop(
                    lambda k, e: not e.stage1 and e.vmid == cmd.vmid and k[2] == cmd.addr // PAGE
                )
            case Op.TLBI_NSNH_ALL:
                self._tlb.clear()
            case Op.CFGI_STE:
                self._drop(lambda k, e: k[0] == cmd.streamid)
            case Op.CFGI_STE_RANGE:
                self._tlb.clear()
            case Op.CFGI_CD:
                self._drop(lambda k, e: k[0] == cmd.streamid and k[1] == cmd.substreamid)

    def dvm(self, message: Message) -> None:
        """A broadcast of a CPU; ignored while CR2.PTM is set. A Sync has nothing to wait for."""
        if isinstance(message, SyncMessage) or self.ref.read32(REG.CR2.offset) & CR2_PTM:
            return
        page = None if message.addr is None or message.stage == 2 else message.addr // PAGE

        def hit(key: tuple, entry: _TlbEntry) -> bool:
            return (
                message.vmid in (None, entry.vmid)
                and message.asid in (None, entry.asid)
                and page in (None, key[2])
            )

        self._drop(hit)

    def _drop(self, match: Callable[[tuple, _TlbEntry], bool]) -> None:
        for key in [k for k, e in self._tlb.items() if match(k, e)]:
            del self._tlb[key]

    # ---- traffic ------------------------------------------------------------------------
    async def access(self, txn: Transaction, who: str, data: bytes | None) -> tuple[Kind, bytes]:
        """One device transaction to its end; returns how it ended and the data read."""
        key = (txn.sid, txn.ssid, txn.addr // PAGE, txn.rnw)
        entry = self._tlb.get(key)
        if entry is None:
            self.misses += 1
            fetches = len(self.ref.predict(txn).fetches)
            await self.plat.delay(HIT_CYCLES + fetches * READ_CYCLES, "hardware")
        await self.plat.delay(HIT_CYCLES + DATA_CYCLES, "hardware")
        entry = self._tlb.get(key)  # it may have gone, or come, in the meantime
        if entry is not None:
            return self._memory_access(entry.page + txn.addr % PAGE, txn, who, data)
        finished = self.plat.event("txn")
        result: list[tuple[Kind, bytes]] = []

        def done(ticket: Ticket) -> None:
            outcome = ticket.outcome
            if outcome.kind is Kind.OK:
                assert outcome.pa is not None
                self._tlb[key] = self._entry(outcome)
                result.append(self._memory_access(outcome.pa, txn, who, data))
            else:
                result.append((outcome.kind, bytes(txn.length)))
            finished.set()

        self.ref.submit(txn, done)
        await finished.wait()
        return result[0]

    def _entry(self, outcome: Outcome) -> _TlbEntry:
        asid = vmid = 0
        stage1 = False
        for fetch in outcome.fetches:
            if fetch.what == "CD":
                stage1 = True
                asid = CD.get(self.memory.peek(fetch.pa, 64), "asid")
            elif fetch.what == "STE":
                vmid = int.from_bytes(self.memory.peek(fetch.pa + 16, 2), "little")
        assert outcome.pa is not None
        return _TlbEntry(outcome.pa & ~(PAGE - 1), asid, vmid, stage1)

    def _memory_access(
        self, pa: int, txn: Transaction, who: str, data: bytes | None
    ) -> tuple[Kind, bytes]:
        if data is None:
            got, ok = self.memory.read(pa, txn.length, who=who)
            return (Kind.OK if ok else Kind.ABORT), got
        ok = self.memory.write(pa, data, who=who)
        return (Kind.OK if ok else Kind.ABORT), b""
