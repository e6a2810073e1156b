# SPDX-License-Identifier: Apache-2.0
"""What tests do to an SMMU the way a driver would: structures, tables, queues, commands.

prog = SmmuProgram(io, memory)
await prog.start()
space = prog.stream(SID).space()
space.map(VA, PAGE, 0x1000)
await prog.command(Cmd.tlbi_nh_all()), await prog.sync()

``io`` carries register accesses and time: a bench, or the register sequencer of the UVM env.
Everything lies in RAM below the layout's addresses; a stream with stage 2 sees its tables and
pages at intermediate addresses ``IPA_OFFSET`` higher.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from tb.models.fields import CD, L1CD, L1STD, REG, STE, Cmd, EventRecord, S1Fmt
from tb.models.layout import Record
from tb.models.memory import Memory
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, advance, slot_address, used
from tb.models.vmsa import GRANULE_4K, Granule, PageTable, Stage2Leaf

IPA_OFFSET = 0x8_0000_0000
MAIR_WB = 0xFF
TABLES_SIZE = 16 << 20  # bytes of Layout.tables that streams with both stages can reach
POLL_CYCLES = 20
CDMAX_LIMIT = 8  # log2 of the CDs a test stream may have
CD_SPLIT = {S1Fmt.L2_4K: 6, S1Fmt.L2_64K: 10}  # log2 of the CDs in a second level
SECOND_LEVEL = 0x1_0000  # from Layout.strtab to its second level


class RegisterIo(Protocol):
    """Register accesses and the passing of clock cycles."""

    @property
    def cycle(self) -> int:
        """Clock cycles since the start of the run."""
        ...

    async def read32(self, offset: int) -> int: ...

    async def write32(self, offset: int, value: int) -> None: ...

    async def cycles(self, count: int) -> None: ...


@dataclass
class Layout:
    """Where things lie, and log2 of the queues' entries."""

    strtab: int = 0x4010_0000
    cmdq: int = 0x4000_0000
    eventq: int = 0x4002_0000
    tables: int = 0x4200_0000
    cmdq_log2: int = 6
    eventq_log2: int = 6
    sid_log2: int = 8
    strtab_split: int = 0  # 6, 8, 10: stream table of two levels, this many bits in the second
    regs: dict[str, dict[str, int]] = field(default_factory=dict)  # further registers to write


class HangError(AssertionError):
    """Something that must end in bounded time has not ended."""


class Stream:
    """One StreamID: its STE, its CDs and its trees."""

    def __init__(self, prog: SmmuProgram, sid: int, cdmax: int, s1: bool,
                 s2: bool | PageTable, fields: dict[str, int]) -> None:  # fmt: skip
        self.prog, self.sid, self.s1 = prog, sid, s1
        self.stage2: PageTable | None = None
        self.spaces: dict[int, PageTable] = {}  # stage 1 by SubstreamID
        # CD n is at cds + 64 * n whatever the format; cd_table is what S1ContextPtr points at
        split = CD_SPLIT.get(fields.get("s1fmt", 0), 0) if s1 and cdmax else 0
        self.cds = prog.alloc(64 << max(cdmax, split), 64 << (split or cdmax))
        self.cd_table = prog.alloc(64, 64) if split else self.cds
        ste = {"v": 1, "config": 4 | int(s1) | bool(s2) << 1, "shcfg": 1, **fields}
        if s2:
            given = isinstance(s2, PageTable)
            self.stage2 = tree = s2 if given else prog.tree(stage=2, input_bits=40)
            ste |= {
                "s2t0sz": tree.tsz, "s2sl0": tree.sl0, "s2tg": tree.granule.tg0,
                "s2ttb": tree.base, "s2ps": 5, "s2aa64": 1, "s2r": 1, **fields,
            }  # fmt: skip
        if s1:
            self.lend(prog.layout.tables, TABLES_SIZE)
            ste |= {"s1contextptr": self.ipa(self.cd_table), "s1cdmax": cdmax, **fields}
        for n in range(1 << max(0, cdmax - split) if split else 0):
            entry = L1CD.pack(v=1, l2ptr=self.ipa(self.cds + (n * 64 << split)))
            prog.memory.poke(self.cd_table + 8 * n, entry)
        self.fields = ste
        self._cd_fields: dict[int, dict[str, int]] = {}
        self.write()

    def ipa(self, pa: int) -> int:
        """Address of ``pa`` as stage 1 of this stream knows it."""
        return pa + IPA_OFFSET if self.stage2 else pa

    def lend(self, pa: int, size: int, leaf: Stage2Leaf | None = None) -> None:
        """Map ``pa`` in stage 2 (no effect without one)."""
        if self.stage2:
            self.stage2.map(self.ipa(pa), pa, size, leaf)

    def write(self, **changes: int) -> None:
        """Store the STE, with some fields changed."""
        self.fields |= changes
        self.prog.memory.poke(self.prog.ste_address(self.sid), STE.pack(**self.fields))

    def space(self, ssid: int = 0, *, granule: Granule = GRANULE_4K, input_bits: int = 48,
              asid: int = 0, **cd: int) -> PageTable:  # fmt: skip
        """A stage 1 address space (TTB0) and its CD; ``cd`` overrides fields of the CD."""
        tree = self.prog.tree(granule, input_bits=input_bits, to_ipa=self.ipa)
        values = {
            "v": 1, "aa64": 1, "ips": 5, "epd1": 1, "r": 1, "a": 1, "mair0": MAIR_WB,
            "t0sz": tree.tsz, "tg0": granule.tg0, "ttb0": tree.base, "asid": asid, **cd,
        }  # fmt: skip
        self._cd_fields[ssid] = values
        self.spaces[ssid] = tree
        self.rewrite_cd(ssid)
        return tree

    def rewrite_cd(self, ssid: int = 0, **changes: int) -> None:
        """Store the CD of an address space, with some fields changed."""
        self._cd_fields[ssid] |= changes
        self.prog.memory.poke(self.cds + 64 * ssid, CD.pack(**self._cd_fields[ssid]))


class SmmuProgram:
    """A driver without an operating system."""

    def __init__(self, io: RegisterIo, memory: Memory, layout: Layout | None = None) -> None:
        self.io, self.memory = io, memory
        self.layout = layout or Layout()
        self._next = self.layout.tables
        self._prod = 0

    # ---- registers -----------------------------------------------------------------------
    async def write(self, name: str, **values: int) -> None:
        """Write a register; fields not named are zero."""
        reg = REG[name]
        value = reg.value(**values)
        await self.io.write32(reg.offset, value & 0xFFFFFFFF)
        if reg.width == 64:
            await self.io.write32(reg.offset + 4, value >> 32)

    async def read(self, name: str) -> Record:
        """Fields of a 32-bit register."""
        return REG[name].unpack(await self.io.read32(REG[name].offset))

    async def until(self, name: str, mask: int, value: int, limit: int = 20_000) -> int:
        """Poll a register; cycles it took."""
        start = self.io.cycle
        while (got := await self.io.read32(REG[name].offset)) & mask != value:
            if self.io.cycle - start > limit:
                raise HangError(f"{name} is 0x{got:x}, not 0x{value:x} under 0x{mask:x}")
            await self.io.cycles(POLL_CYCLES)
        return self.io.cycle - start

    async def start(self, **cr0: int) -> None:
        """Bring the SMMU up with both queues, as a driver does after reset."""
        lay = self.layout
        self._first_levels()
        await self.write("STRTAB_BASE", addr=lay.strtab)
        fmt, split = int(lay.strtab_split > 0), lay.strtab_split
        await self.write("STRTAB_BASE_CFG", fmt=fmt, split=split, log2size=lay.sid_log2)
        await self.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2)
        await self.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2)
        await self.write("CR2", recinvsid=1, ptm=1)
        await self.write("IRQ_CTRL", gerror_irqen=1, eventq_irqen=1)
        for name, values in lay.regs.items():
            await self.write(name, **values)
        self.rewind()
        await self.enable(cmdqen=1, eventqen=1)
        await self.enable(**{"smmuen": 1, "cmdqen": 1, "eventqen": 1} | cr0)

    async def enable(self, limit: int = 20_000, **cr0: int) -> int:
        """Write CR0 and wait for CR0ACK (INI-008); cycles it took."""
        value = REG["CR0"].value(**cr0)
        await self.io.write32(REG["CR0"].offset, value)
        return await self.until("CR0ACK", 0xFFFFFFFF, value, limit)

    # ---- queues --------------------------------------------------------------------------
    async def command(self, *commands: bytes) -> None:
        """Append commands, write PROD for each."""
        for data in commands:
            await self._room(1)
            await self._append(data)

    async def command_burst(self, *commands: bytes) -> None:
        """Append commands, as many as the ring may have, with one write of PROD."""
        if len(commands) > 1 << self.layout.cmdq_log2:
            raise ValueError(f"{len(commands)} commands do not fit the ring")
        await self._room(len(commands))
        await self._append(*commands)

    async def _room(self, count: int) -> None:
        """Wait until the ring has room; nothing may be awaited between this and the append."""
        log2, limit = self.layout.cmdq_log2, self.io.cycle + 100_000
        while True:
            prod, cons = self._prod, await self._consumed()
            if prod != self._prod:
                continue  # another task has appended meanwhile
            taken = used(log2, prod, cons)
            if taken is None or taken + count <= 1 << log2:
                return
            if self.io.cycle > limit:
                raise HangError("the command queue stays full")
            await self.io.cycles(POLL_CYCLES)

    async def _append(self, *commands: bytes) -> int:
        """Store commands and write PROD; the index behind them."""
        log2 = self.layout.cmdq_log2
        for data in commands:
            at = slot_address(self.layout.cmdq, log2, self._prod, COMMAND_SIZE)
            self.memory.poke(at, data)
            self._prod = advance(log2, self._prod)
        behind = self._prod
        await self.io.write32(REG["CMDQ_PROD"].offset, behind)
        return behind

    def rewind(self) -> None:
        """CMDQ_PROD was written with 0."""
        self._prod = 0

    async def _consumed(self) -> int:
        return (await self.read("CMDQ_CONS")).rd

    async def sync(self, limit: int = 20_000) -> int:
        """CMD_SYNC, waited for; cycles it took. HangError after ``limit`` cycles."""
        start, size = self.io.cycle, 1 << self.layout.cmdq_log2
        await self._room(1)
        behind = await self._append(Cmd.sync(cs=0))
        # another task may append meanwhile: CONS at or beyond the CMD_SYNC, not exactly there
        while 0 < (behind - (cons := await self._consumed())) % (2 * size) <= size:
            if self.io.cycle - start > limit:
                raise HangError(f"CMDQ_CONS is 0x{cons:x}, the CMD_SYNC ends at 0x{behind:x}")
            await self.io.cycles(POLL_CYCLES)
        return self.io.cycle - start

    async def events(self, at_least: int = 0, limit: int = 20_000, keep: bool = False,
                     at_most: int | None = None) -> list[Record]:  # fmt: skip
        """Records in the event queue, taken out unless ``keep``; waits for ``at_least``, leaves
        what is beyond ``at_most``."""
        records = await self.records(at_least, limit, keep, at_most)
        return [EventRecord.unpack(raw) for raw in records]

    async def records(self, at_least: int = 0, limit: int = 20_000, keep: bool = False,
                      at_most: int | None = None) -> list[bytes]:  # fmt: skip
        """The same as raw bytes, reserved bits included."""
        log2, found, start = self.layout.eventq_log2, [], self.io.cycle
        while True:
            wr = (await self.read("EVENTQ_PROD")).wr
            cons = await self.read("EVENTQ_CONS")
            rd = cons.rd
            new = []
            while rd != wr and len(new) != at_most:
                at = slot_address(self.layout.eventq, log2, rd, RECORD_SIZE)
                new.append(self.memory.peek(at, RECORD_SIZE))
                rd = advance(log2, rd)
            if new and not keep:
                await self.write("EVENTQ_CONS", rd=rd, ovackflg=cons.ovackflg)
            found = new if keep else found + new
            if len(found) >= at_least:
                return found
            if self.io.cycle - start > limit:
                raise HangError(f"{len(found)} event records, {at_least} expected")
            await self.io.cycles(POLL_CYCLES)

    # ---- structures ----------------------------------------------------------------------
    def clear_structures(self) -> None:
        """Forget all streams, tables and structures: their memory is zero and free again."""
        self.memory.fill(self.ste_address(0), 64 << self.layout.sid_log2)
        self._first_levels()
        self.memory.fill(self.layout.tables, self._next - self.layout.tables)
        self._next = self.layout.tables

    def ste_address(self, sid: int) -> int:
        """Where the STE of a StreamID lies, in one level or two."""
        lay = self.layout
        return lay.strtab + (SECOND_LEVEL if lay.strtab_split else 0) + 64 * sid

    def first_level(self, index: int, span: int | None = None) -> None:
        """Store a descriptor of the first level of a stream table that has two.

        ``span``: as L1STD.Span, 0 to split + 1 (default: all of its second level).
        """
        split = self.layout.strtab_split
        entry = L1STD.pack(
            span=split + 1 if span is None else span, l2ptr=self.ste_address(index << split)
        )
        self.memory.poke(self.layout.strtab + 8 * index, entry)

    def _first_levels(self) -> None:
        """Store them all, where there are two levels."""
        if split := self.layout.strtab_split:
            for index in range(1 << max(0, self.layout.sid_log2 - split)):
                self.first_level(index)

    def alloc(self, size: int, alignment: int) -> int:
        """Physical memory for a structure."""
        at = -(-self._next // alignment) * alignment
        self._next = at + size
        return at

    def tree(self, granule: Granule = GRANULE_4K, *, stage: int = 1, input_bits: int = 48,
             to_ipa: Any = None, **options: Any) -> PageTable:  # fmt: skip
        """An empty tree; ``to_ipa`` gives the addresses its tables are known by."""
        if to_ipa is None or to_ipa(0) == 0:
            alloc = self.alloc
        else:
            offset = to_ipa(0)
            options["to_pa"] = lambda ipa: ipa - offset

            def alloc(size: int, alignment: int) -> int:
                return self.alloc(size, alignment) + offset

        return PageTable(
            self.memory, granule, stage=stage, input_bits=input_bits, alloc=alloc, **options
        )

    def stream(self, sid: int, *, cdmax: int = 0, s1: bool = True,
               s2: bool | PageTable = False, **fields: int) -> Stream:  # fmt: skip
        """Write an STE with the stages asked for; ``fields`` override those of the STE.

        ``s2`` may be a tree that exists already, shared by streams of one VMID.
        """
        if cdmax > CDMAX_LIMIT:
            raise ValueError(f"cdmax {cdmax}")
        return Stream(self, sid, cdmax, s1, s2, fields)
