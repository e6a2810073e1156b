# SPDX-License-Identifier: Apache-2.0
"""A running SMMU for tests of registers, queues, commands and interrupts.

s = await Scene.start(dut)
s.two_faced(SID)  # reads b"A" or b"B", by the CD its STE or CD table names
index = await s.issue(Cmd.tlbi_nh_all(), Cmd.sync())
await s.consumed(index)

``log`` holds every burst of the walk port in order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import WRAP, AxiTxn
from tb.env.program import HangError, Layout, SmmuProgram, Stream
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import REG, Cmd, Gerror, SyncCs
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, slot_address
from tb.models.vmsa import PageTable

VA, PAGE, STEP = 0x10_0000, 0x4800_0000, 0x1000
PAGE_B = PAGE + 0x10_0000
HOLE = VA + 0x100_0000  # nothing is mapped here
MSI = 0x4900_0000  # where interrupts are sent
LIMIT = 20_000  # cycles in which anything ends
COMMAND_ID, DVM_ID, EVENT_ID, MSI_IDS = 0x40, 0x41, 0x42, (0x43, 0x44, 0x45)
EVENT_TYPES = {0x01, 0x02, 0x03, 0x04, 0x06, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13}
QUIET = 600  # cycles in which what must not happen would have happened


def told(addr: int, data: int = 1, attr: int = 15) -> bytes:
    """CMD_SYNC with the interrupt wire and an MSI, Normal Write-Back unless ``attr``."""
    return Cmd.sync(cs=SyncCs.IRQ, msiaddr=addr, msidata=data, msiattr=attr)


@dataclass
class Burst:
    """One burst on the walk port, at the cycle of its arrival."""

    cycle: int
    is_write: bool
    id: int
    addr: int
    beats: int
    ax: dict[str, int]

    @property
    def low(self) -> int:
        """Lowest address of the burst."""
        return self.addr & -self.nbytes if self.ax["burst"] == WRAP else self.addr

    @property
    def high(self) -> int:
        """End of the burst."""
        return self.low + self.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes of the burst."""
        return self.beats << self.ax["size"]

    @property
    def slots(self) -> list[int]:
        """Addresses of the commands a command read covers."""
        return [self.addr + COMMAND_SIZE * k for k in range(self.beats)]


class Scene:
    """Bench, driver, and what the walk port has seen."""

    def __init__(self, bench: SmmuBench, layout: Layout) -> None:
        self.bench, self.memory = bench, bench.memory
        self.prog = SmmuProgram(bench, bench.memory, layout)
        self.log: list[Burst] = []
        self.stray: list[Burst] = []  # event writes outside the queue
        self.types: set[int] = set()  # of event records written
        bench.ptw.observers.append(self._arrived)
        bench.monitor(bench.walk_probe, "ptw_axi", self._ended)

    @classmethod
    async def start(cls, dut: Any, *, run: bool = True, cfg: BenchConfig | None = None,
                    regs: dict[str, dict[str, int]] | None = None,
                    **layout: int) -> Scene:  # fmt: skip
        """After reset, or with both queues and SMMUEN on (``run``)."""
        bench = await SmmuBench.start(dut, cfg or BenchConfig(fast_registers=True))
        scene = cls(bench, Layout(regs=regs or {}, **layout))
        if run:
            await scene.prog.start()
        return scene

    def _arrived(self, request: MemRequest) -> None:
        burst = Burst(self.bench.cycle, request.is_write, request.id, request.addr,
                      request.shape.beats, request.ax)  # fmt: skip
        self.log.append(burst)
        if burst.is_write and burst.id == EVENT_ID:
            lay = self.prog.layout
            size = 32 << lay.eventq_log2
            base = lay.eventq & -size
            if burst.addr % 32 or burst.nbytes != 32 or not base <= burst.addr < base + size:
                self.stray.append(burst)

    def _ended(self, txn: AxiTxn) -> None:
        if txn.is_write and txn.id == EVENT_ID:
            self.types.add(txn.data[0])

    # ---- what the walk port saw ----------------------------------------------------------
    def command_reads(self, since: int = 0) -> list[Burst]:
        """Command fetches of ``log[since:]``."""
        return [b for b in self.log[since:] if not b.is_write and b.id == COMMAND_ID]

    def reads_of(self, base: int, size: int, since: int = 0) -> list[Burst]:
        """Reads that touch ``size`` bytes at ``base``, of ``log[since:]``."""
        return [
            b for b in self.log[since:] if not b.is_write and b.low < base + size and base < b.high
        ]

    def walk_reads(self, since: int = 0) -> list[Burst]:
        """Reads of structures and tables."""
        return [b for b in self.log[since:] if not b.is_write and b.id < COMMAND_ID]

    def msis(self, since: int = 0) -> list[Burst]:
        """Interrupt writes."""
        return [b for b in self.log[since:] if b.is_write and b.id in MSI_IDS]

    def event_writes(self, since: int = 0) -> list[Burst]:
        """Writes of event records."""
        return [b for b in self.log[since:] if b.is_write and b.id == EVENT_ID]

    # ---- time ----------------------------------------------------------------------------
    async def until(self, condition: Callable[[], bool], what: str, limit: int = LIMIT) -> int:
        """Wait for a condition, look every few cycles; cycles it took."""
        start = self.bench.cycle
        while not condition():
            if self.bench.cycle - start > limit:
                raise HangError(f"not in {limit} cycles: {what}")
            await self.bench.cycles(4)
        return self.bench.cycle - start

    async def quiet(self, cycles: int = QUIET) -> None:
        """Time in which nothing is expected to happen."""
        await self.bench.cycles(cycles)

    # ---- registers -----------------------------------------------------------------------
    async def get(self, name: str) -> int:
        """Value of a register."""
        reg = REG[name]
        read = self.bench.read64 if reg.width == 64 else self.bench.read32
        return await read(reg.offset)

    async def put(self, name: str, value: int) -> None:
        """Write a register."""
        reg = REG[name]
        write = self.bench.write64 if reg.width == 64 else self.bench.write32
        await write(reg.offset, value)

    async def expect(self, name: str, value: int, why: str = "") -> None:
        """A register reads as it should."""
        got = await self.get(name)
        assert got == value, f"{name} is 0x{got:x}, not 0x{value:x} {why}"

    async def active(self) -> Gerror:
        """Errors that are active."""
        return Gerror(await self.get("GERROR") ^ await self.get("GERRORN"))

    async def until_active(self, bit: Gerror) -> None:
        """An error becomes active in bounded time."""
        end = self.bench.cycle + LIMIT
        while not await self.active() & bit:
            if self.bench.cycle > end:
                raise HangError(f"{bit.name} does not become active")

    def event_error(self, index: int = 0) -> None:
        """The next write of event record ``index`` aborts."""
        lay = self.prog.layout
        at = slot_address(lay.eventq, lay.eventq_log2, index, RECORD_SIZE)
        self.memory.add_error(at, RECORD_SIZE, reads=False, count=1)

    async def acknowledge(self) -> None:
        """Acknowledge every error."""
        await self.put("GERRORN", await self.get("GERROR"))

    # ---- command queue ---------------------------------------------------------------------
    @property
    def prod(self) -> int:
        """CMDQ_PROD as last written."""
        return self.prog._prod

    @prod.setter
    def prod(self, index: int) -> None:
        self.prog._prod = index

    def slot(self, index: int) -> int:
        """Address of a command."""
        lay = self.prog.layout
        return slot_address(lay.cmdq, lay.cmdq_log2, index, COMMAND_SIZE)

    def after(self, index: int, count: int = 1) -> int:
        """Index ``count`` entries further."""
        return (index + count) & ((2 << self.prog.layout.cmdq_log2) - 1)

    def before(self, index: int, count: int = 1) -> int:
        """Index ``count`` entries back."""
        return self.after(index, -count)

    def place(self, *commands: bytes) -> list[int]:
        """Store commands from PROD on, without moving PROD; their indexes."""
        indexes = [self.after(self.prod, k) for k in range(len(commands))]
        for index, data in zip(indexes, commands, strict=True):
            self.memory.poke(self.slot(index), data)
        return indexes

    async def ring(self, index: int) -> None:
        """Write CMDQ_PROD."""
        self.prod = index
        await self.put("CMDQ_PROD", index)

    async def issue(self, *commands: bytes) -> int:
        """Append commands with one write of PROD; the index of the first."""
        (first, *_) = self.place(*commands)
        await self.ring(self.after(first, len(commands)))
        return first

    async def cons(self) -> int:
        """CMDQ_CONS.RD."""
        return (await self.prog.read("CMDQ_CONS")).rd

    async def consumed(self, index: int | None = None, limit: int = LIMIT) -> int:
        """Wait until CONS.RD is ``index`` (PROD if None); cycles it took."""
        mask = (2 << self.prog.layout.cmdq_log2) - 1
        return await self.prog.until(
            "CMDQ_CONS", mask, self.prod if index is None else index, limit
        )

    async def run(self, *commands: bytes) -> None:
        """Commands and a CMD_SYNC, waited for."""
        await self.issue(*commands, Cmd.sync())
        await self.consumed()

    async def fails_at(self, index: int, code: int) -> None:
        """The command queue stops with an error at ``index`` (GER-005)."""
        await self.until_active(Gerror.CMDQ_ERR)
        cons = await self.prog.read("CMDQ_CONS")
        assert (cons.rd, cons.err) == (index, code), f"CONS {cons}, not RD {index}, ERR {code}"

    async def repair(self, index: int, command: bytes | None = None) -> None:
        """Linux's recovery: CMD_SYNC (or ``command``) over the bad slot, then GERRORN."""
        self.memory.poke(self.slot(index), command or Cmd.sync())
        await self.acknowledge()

    # ---- streams and traffic ---------------------------------------------------------------
    def stream(self, sid: int, pages: int = 4, page: int = PAGE, **cd: int) -> PageTable:
        """A stage 1 stream with ``pages`` pages at VA; everything else faults and aborts."""
        space = self.prog.stream(sid).space(**cd)
        space.map(VA, page, pages * STEP)
        return space

    def two_faced(self, sid: int, **fields: int) -> TwoFaced:
        """A stream with two CDs for one address: memory tells which one was used."""
        return TwoFaced(self, sid, **fields)

    async def done(self, txn: AxiTxn, limit: int = LIMIT) -> AxiTxn:
        """A transaction ends in bounded time."""
        assert await self.bench.within(txn.done, limit), f"no answer to {txn}"
        return txn

    async def read(self, addr: int, sid: int, ssid: int | None = None, **options: Any) -> AxiTxn:
        """A finished read of 8 bytes."""
        return await self.done(self.bench.read(addr, 8, sid=sid, ssid=ssid, **options))

    async def faults(self, count: int, sid: int, first: int = HOLE) -> list[int]:
        """Reads of unmapped pages, all aborted; their addresses."""
        addresses = [first + STEP * k for k in range(count)]
        for addr in addresses:
            txn = await self.read(addr, sid)
            assert not txn.ok, f"not aborted: {txn}"
        return addresses

    async def finish(self) -> None:
        """End of test: everything answered, no rule of a bus, EVQ-018, EVQ-029, GER-003 broken."""
        await self.bench.finish()
        assert not self.stray, f"event writes outside the queue: {self.stray[:3]}"
        assert self.types <= EVENT_TYPES, f"event types {self.types - EVENT_TYPES}"
        assert not await self.get("GERROR") & Gerror.SFM_ERR


class TwoFaced:
    """One StreamID, two CD tables: ``A`` with ASID 2*sid, ``B`` with 2*sid+1."""

    def __init__(self, scene: Scene, sid: int, ssids: int = 0, **fields: int) -> None:
        prog = scene.prog
        self.scene, self.sid, self.ssids = scene, sid, ssids
        self.stream: Stream = prog.stream(sid, cdmax=ssids, **fields)
        self.images: dict[str, bytes] = {}
        self.size = 64 << ssids
        for face, page in (("A", PAGE), ("B", PAGE_B)):
            scene.memory.poke(page, face.encode() * 8)
            for ssid in range(1 << ssids):
                tree = self.stream.space(ssid, asid=2 * sid + (face == "B"))
                tree.map(VA, page, STEP)
            self.images[face] = scene.memory.peek(self.stream.cds, self.size)
        self.tables = {face: prog.alloc(self.size, self.size) for face in "AB"}
        for face, table in self.tables.items():
            scene.memory.poke(table, self.images[face])
        self.by_ste("A")

    @property
    def ste(self) -> int:
        """Address of the STE."""
        return self.scene.prog.layout.strtab + 64 * self.sid

    def by_ste(self, face: str) -> None:
        """The STE names the other CD table."""
        self.stream.write(s1contextptr=self.tables[face])

    def by_cd(self, face: str, ssid: int = 0, table: str = "A") -> None:
        """The CD of table ``table`` becomes that of ``face``."""
        cd = self.images[face][64 * ssid : 64 * ssid + 64]
        self.scene.memory.poke(self.tables[table] + 64 * ssid, cd)

    async def face(self, ssid: int | None = None, **options: Any) -> str:
        """Which CD a read uses."""
        txn = await self.scene.read(VA, self.sid, ssid, **options)
        assert txn.ok, txn
        return txn.data[:1].decode()
