# SPDX-License-Identifier: Apache-2.0
"""What a hostile guest kernel, its processes and its VMM try against another VM.

Nothing here goes around the architecture: guest code uses the registers, queues and tables that
it was given, the VMM its VFIO files.  How often each was tried is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.cpu import ADDR_MASK
from tb.models.fields import L1CD, REG, Cmd, Gerror
from tb.models.host import uapi
from tb.models.linux.accel import UserProcess
from tb.models.linux.cd_table import LEAF_BITS, sva_cd
from tb.models.linux.mm import SH_INNER, USER_PAGE, Vma
from tb.models.qemu import machine as mach
from tb.models.stack import Stack
from tb.models.timeline import Fault

if TYPE_CHECKING:
    from tb.models.scenarios.base import Scenario

BAD_PASIDS = (0x200, 0x201, 0x202)
BAD_ASID = 0x77  # of none of its processes, whose translations would serve
FAR_LEAF = 5  # first-level CD entry that will point outside of the VM
SPARE_QUEUE = 3
BURST = 16  # refused fetches in a row, each with an event


class Attacker:
    """The second VM of the scenario; ``prepare`` first, then ``run`` until ``stop``."""

    def __init__(self, scenario: Scenario, stack: Stack, other: Stack) -> None:
        self.scenario = scenario
        self.plat = stack.plat
        self.stack = stack
        self.other = other
        self.processes: list[UserProcess] = []
        self.tried: Counter[str] = Counter()
        self._stop = False

    @property
    def events_at_once(self) -> int:
        """Records it can have in front of one of the other VM: a burst, and two for each queue."""
        return BURST + 2 * (len(self.processes) + 1)

    async def prepare(self, count: int) -> list[UserProcess]:
        """Processes with a queue each, whose PASIDs and addresses are the other VM's too.

        The last one probes, the ``count`` before it flood.
        """
        for number in range(count + 1):
            process = self.stack.os.spawn_process(f"H{number}", number)
            await process.open()
            process.mm.mmap(Vma(process.layout.source, 1))
            await process.store(process.layout.source, b"hostile " * (PAGE // 8))
            self.processes.append(process)
        return self.processes

    def stop(self) -> None:
        """Let every attack end after its present turn."""
        self._stop = True

    async def run(self) -> None:
        """All attacks side by side until :meth:`stop`, each at least once."""
        tasks = [self._repeat(lambda p=p: self._flood(p)) for p in self.processes[:-1]]
        turns = (
            self._bad_commands, self._bad_descriptors, self._foreign_pages,
            self._foreign_registers, self._forged_response,
        )  # fmt: skip
        tasks += [self._repeat(turn) for turn in turns]
        for task in [self.plat.spawn(t, "attack") for t in tasks]:
            await task.join()
        self.scenario.facts["attacks"] = dict(sorted(self.tried.items()))

    async def _repeat(self, attack: Callable[[], Awaitable[None]]) -> None:
        while True:
            await attack()
            if self._stop:
                return

    # ---- processes ----------------------------------------------------------------------
    async def _flood(self, p: UserProcess) -> None:
        """A fault that nobody can serve, at an address where the other VM has a page."""
        self.tried["fault that cannot be served"] += 1
        record = await p.wait(await p.post(p.layout.source, p.layout.dest, 64, cookie=1))
        self.scenario.check(not record.ok, f"hostile {p.name}: wrote to 0x{p.layout.dest:x}")
        await p.acknowledge()

    async def leave_stalls(self, limit: int = 5_000) -> list[Fault]:
        """Hang the kernel's fault handling and start copies; returns what is stalled by then."""
        self.stack.guest_smmu.stall_handler = None
        for p in self.processes:
            p.mm.mmap(Vma(p.layout.dest, 4))
            await p.post(p.layout.source, p.layout.dest, PAGE, cookie=2)
        sid, timeline = self.stack.slot.sid, self.scenario.host.timeline
        for _ in range(limit):
            stalled = [f for f in timeline.outstanding() if f.sid == sid]
            if len(stalled) >= len(self.processes) and "guest_event" in stalled[0].hops:
                return stalled
            await self.plat.delay(20)
        return []

    # ---- kernel -------------------------------------------------------------------------
    async def _bad_commands(self) -> None:
        """Illegal opcodes, and legal commands that name what is not its own."""
        smmu, io = self.stack.guest_smmu, self.stack.guest_smmu.io
        for raw in (Cmd.raw(0xFF), Cmd.tlbi_el2_all(), Cmd.tlbi_s12_vmall(vmid=5)):
            self.tried["illegal command"] += 1
            await smmu.issue([raw], sync=False)
            error = await io.read32(REG.GERROR.offset)
            active = error ^ await io.read32(REG.GERRORN.offset)
            self.scenario.check(bool(active & Gerror.CMDQ_ERR), "the vSMMU took an illegal command")
            cons = await io.read32(REG.CMDQ_CONS.offset) & ((2 << smmu.cmdq.log2) - 1)
            io.store(smmu.cmdq.slot(cons), Cmd.sync(cs=2))
            await io.write32(REG.GERRORN.offset, error)
        slot = self.other.slot
        foreign = [
            Cmd.tlbi_nh_asid(vmid=5, asid=1),
            Cmd.tlbi_nsnh_all(),
            Cmd.cfgi_ste(sid=slot.sid, leaf=1),
            Cmd.stall_term(sid=slot.sid),
        ]
        for fault in self.scenario.host.timeline.outstanding():
            foreign += [
                Cmd.resume(sid=sid, stag=fault.stag, ac=0, ab=1)
                for sid in (slot.sid, self.stack.config.vsid)
                if fault.sid == slot.sid
            ]
        self.tried["command on the other VM"] += len(foreign)
        await smmu.issue(foreign, sync=True)

    async def _bad_descriptors(self) -> None:
        """Illegal CDs, a CD table and page tables at physical addresses of the other VM."""
        smmu, vsid, cpu = self.stack.guest_smmu, self.stack.config.vsid, self.stack.kernel.cpus[1]
        io, victim = smmu.io_on(cpu), self.other.machine.pa(mach.RAM_GPA)
        bad = (
            sva_cd(0, BAD_ASID) | {"aa64": 0},
            sva_cd(0, BAD_ASID) | {"t0sz": 63},
            sva_cd(victim, BAD_ASID),  # a page table that stage 2 does not map
        )
        for pasid, fields in zip(BAD_PASIDS, bad, strict=True):
            await smmu.write_cd(vsid, pasid, io, **fields)
            await self._use(pasid)
        at = smmu.tables.root(vsid) + 8 * FAR_LEAF
        io.store(at, L1CD.pack(v=1, l2ptr=victim))
        pasid = FAR_LEAF << LEAF_BITS
        await smmu.issue([Cmd.cfgi_cd(sid=vsid, ssid=pasid, leaf=0)], sync=True, io=io)
        await self._use(pasid)

    async def _use(self, pasid: int) -> None:
        """Let the device use a PASID: the fetch of its first descriptor fails, again and again."""
        self.tried["bad context descriptor"] += BURST
        driver, cpu = self.stack.driver, self.stack.kernel.cpus[1]
        ring = self.processes[0].layout.ring
        await driver.open_queue(cpu, SPARE_QUEUE, ring, pasid)
        await self._register(accel.UserReg.DOORBELL)
        for turn in range(BURST):
            if turn:
                await self._register(accel.UserReg.ACK)
            for _ in range(2_000):
                status = await driver.status(cpu, SPARE_QUEUE)
                if status.halted:
                    break
                await self.plat.delay(20)
            self.scenario.check(
                status.halted and status.status == accel.Status.FETCH,
                f"hostile: PASID 0x{pasid:x} was not refused: {status}",
            )
        await driver.close_queue(cpu, SPARE_QUEUE)

    async def _register(self, reg: accel.UserReg) -> None:
        at = self.stack.driver.base + accel.priv_reg(SPARE_QUEUE, reg)
        await self.stack.kernel.cpus[1].mmio_write32(at, 1)

    async def _foreign_pages(self) -> None:
        """Descriptors of its own table that name pages of the other VM, by every number."""
        p, cpu = self.processes[-1], self.stack.kernel.cpus[1]
        victim = next(iter(self.other.os.processes))
        page = victim.mm.pte(victim.cpu, victim.layout.source) & ADDR_MASK
        targets = (self.other.machine.pa(page), self.other.domain.stage2.root)
        for index, target in enumerate(targets):
            self.tried["foreign page in a table"] += 1
            va = 0x3000_0000 + index * PAGE
            slot = p.mm._slot(cpu, va, True)
            assert slot is not None
            cpu.kwrite(slot, (target | USER_PAGE | SH_INNER).to_bytes(8, "little"))
            record = await p.wait(await p.post(va, p.layout.source, 64, cookie=3))
            self.scenario.check(not record.ok, f"hostile: read physical 0x{target:x}")
            await p.acknowledge()

    async def _foreign_registers(self) -> None:
        """Doorbells and resets of the other VM's queues, and of the whole device."""
        await self.plat.delay(5_000)
        cpu, base = self.stack.kernel.cpus[1], self.stack.driver.base
        half = self.stack.slot.queues
        for queue in range(half, 2 * half):
            self.tried["foreign register"] += 2
            await cpu.mmio_write32(base + accel.user_reg(queue, accel.UserReg.DOORBELL), 1)
            for offset, value in accel.reset_writes(queue):
                await cpu.mmio_write32(base + offset, value)
        await cpu.mmio_write32(base + accel.global_reg(accel.GlobalReg.LIMIT), 0)

    # ---- VMM ----------------------------------------------------------------------------
    async def _forged_response(self) -> None:
        """The VMM itself answers stalls of the other VM through its own VFIO ring."""
        stack = self.stack
        sid = self.other.slot.sid
        for fault in self.scenario.host.timeline.outstanding():
            if fault.sid != sid:
                continue
            self.tried["forged page response"] += 1
            async with stack.machine.bql:
                forged = uapi.PageResponse(fault.pasid, fault.stag, uapi.RESP_INVALID)
                await stack.relay.put_response(forged)
        await self.plat.delay(500)
