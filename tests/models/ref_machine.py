# SPDX-License-Identifier: Apache-2.0
"""A small machine around the reference SMMU: tables, structures and queues by name."""

from __future__ import annotations

from typing import Any

from tb.models.fields import CD, REG, STE, Cmd, EventRecord
from tb.models.layout import Record
from tb.models.memory import Memory
from tb.models.smmu_ref import Outcome, SmmuConfig, SmmuRef, Transaction
from tb.models.vmsa import GRANULE_4K, Granule, PageTable, Stage1Leaf

SID = 0x12
STRTAB, CMDQ, EVENTQ = 0x4010_0000, 0x4000_0000, 0x4002_0000
CD_AT, TABLES_AT, PAGE = 0x4100_0000, 0x4200_0000, 0x4800_0000
VA = 0x12_3456_7000
MAIR_WB = 0xFF


class Machine:
    """SMMU with a linear stream table, both queues enabled, and one stage 1 stream."""

    def __init__(self, *, queue_log2: int = 6, enable: bool = True, **config: Any) -> None:
        self.memory = Memory()
        self.smmu = SmmuRef(self.memory, SmmuConfig(**config))
        self.next_table = TABLES_AT
        write = self.smmu.write64
        write(REG["STRTAB_BASE"].offset, STRTAB)
        self.write("STRTAB_BASE_CFG", log2size=8)
        self.write("CR2", recinvsid=1, ptm=1)
        write(REG["CMDQ_BASE"].offset, CMDQ | queue_log2)
        write(REG["EVENTQ_BASE"].offset, EVENTQ | queue_log2)
        if enable:
            self.write("CR0", smmuen=1, cmdqen=1, eventqen=1)

    # ---- registers -----------------------------------------------------------------------
    def write(self, name: str, **fields: int) -> None:
        self.smmu.write32(REG[name].offset, REG[name].value(**fields))

    def read(self, name: str) -> Record:
        return REG[name].unpack(self.smmu.read32(REG[name].offset))

    def command(self, data: bytes) -> None:
        log2 = self.smmu.regs.cmdq_log2
        wr = self.read("CMDQ_PROD").wr
        self.memory.poke(CMDQ + 16 * (wr & ((1 << log2) - 1)), data)
        self.write("CMDQ_PROD", wr=(wr + 1) & ((2 << log2) - 1))

    def events(self, *, keep: bool = False) -> list[Record]:
        """Records between CONS and PROD, taken out unless ``keep``."""
        log2 = self.smmu.regs.eventq_log2
        wr, cons = self.read("EVENTQ_PROD").wr, self.read("EVENTQ_CONS")
        rd, found = cons.rd, []
        while rd != wr:
            at = EVENTQ + 32 * (rd & ((1 << log2) - 1))
            found.append(EventRecord.unpack(self.memory.peek(at, 32)))
            rd = (rd + 1) & ((2 << log2) - 1)
        if not keep:
            self.write("EVENTQ_CONS", rd=rd, ovackflg=cons.ovackflg)
        return found

    # ---- structures ----------------------------------------------------------------------
    def alloc(self, size: int, alignment: int) -> int:
        at = -(-self.next_table // alignment) * alignment
        self.next_table = at + size
        return at

    def ste(self, sid: int = SID, **fields: int) -> bytes:
        data = STE.pack(**{"v": 1, "config": 5, "s1contextptr": CD_AT, "shcfg": 1, **fields})
        self.memory.poke(STRTAB + 64 * sid, data)
        return data

    def cd(self, at: int = CD_AT, **fields: int) -> bytes:
        plain = {"v": 1, "aa64": 1, "ips": 5, "epd1": 1, "r": 1, "a": 1, "mair0": MAIR_WB}
        data = CD.pack(**{**plain, **fields})
        self.memory.poke(at, data)
        return data

    def tree(self, granule: Granule = GRANULE_4K, *, stage: int = 1, **options: Any) -> PageTable:
        options.setdefault("input_bits", 48)
        return PageTable(self.memory, granule, stage=stage, alloc=self.alloc, **options)

    def stage1(self, leaf: Stage1Leaf | None = None, **cd: int) -> PageTable:
        """A stage 1 stream that maps VA to PAGE."""
        tree = self.tree()
        tree.map(VA, PAGE, 0x1000, leaf)
        self.ste()
        self.cd(t0sz=16, ttb0=tree.base, **cd)
        return tree

    def stage2(self, tree: PageTable, **fields: int) -> dict[str, int]:
        """STE fields of a stage 2 tree."""
        plain = {
            "s2t0sz": tree.tsz,
            "s2sl0": tree.sl0,
            "s2tg": tree.granule.tg0,
            "s2ttb": tree.base,
            "s2ps": 5,
            "s2aa64": 1,
            "s2r": 1,
        }
        return {**plain, **fields}

    def access(self, addr: int = VA, rnw: bool = True, sid: int = SID, **fields: Any) -> Outcome:
        return self.smmu.translate(Transaction(sid=sid, addr=addr, rnw=rnw, **fields))

    def sync(self) -> None:
        self.command(Cmd.sync(cs=0))
