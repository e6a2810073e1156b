# SPDX-License-Identifier: Apache-2.0
"""The main job: two guest processes share the accelerator through SVA (architecture section 5).

What it does

1. two processes (two PASIDs, the same virtual addresses) copy 16 pages each, at the same time;
   the destination is untouched but for one page written by the CPU and one copy-on-write page;
2. process A unmaps the upper half of its destination and copies there again: aborted;
3. process B exits with a stall outstanding: terminated, its PASID gone, nothing left to reach.

Everything that can be checked is checked here and ends up in the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.fields import Event
from tb.models.linux.accel import UserProcess
from tb.models.linux.mm import Vma
from tb.models.scenarios import defects
from tb.models.scenarios.base import Scenario
from tb.models.stack import Stack

PAGES = 16
HALF = PAGES // 2
CHUNKS = 4  # descriptors per process
PROBE_QUEUE_LIMIT = 2_000


@dataclass
class Expectation:
    """What one process must find in its destination."""

    process: UserProcess
    source: bytes
    written_page: int
    cow_page: int


class VsvaNested(Scenario):
    """One run of the scenario."""

    name = "vsva-nested"
    title = "main job"
    defects = {
        "drop-invalidation-relay": "QEMU keeps the guest's TLB invalidations from the host",
        "lose-page-response": "QEMU loses one page response",
        "mix-pasid": "the second process's CD points at the first one's page table",
    }

    async def run(self) -> None:
        await self.host.boot()
        self.stack = stack = Stack(self.host)
        await stack.boot()
        self.reports["guest"] = stack.guest_smmu.reported
        self._break(stack)
        facts = self.facts
        facts["booted"] = self.plat.now
        self.file_data = self.rng.randbytes(PAGE)
        self.file = stack.kernel.page_cache(self.file_data)
        queues = self.rng.sample(range(8), 2)
        a, b = stack.os.spawn_process("A", queues[0]), stack.os.spawn_process("B", queues[1])
        facts["queues"] = {"A": queues[0], "B": queues[1]}
        facts["pasids"] = {"A": a.mm.pasid, "B": b.mm.pasid}
        copies = [self.plat.spawn(self._copy(p), p.name) for p in (a, b)]
        expect = [await task.join() for task in copies]
        facts["copied"] = self.plat.now
        ends = [
            self.plat.spawn(self._unmap_and_fault(expect[0]), "A-unmap"),
            self.plat.spawn(self._exit_with_stall(b), "B-exit"),
        ]
        for task in ends:
            await task.join()
        await self._nothing_reachable(b)
        self._check_page_cache()
        facts["finished"] = self.plat.now
        faults = self.host.timeline.faults
        self.check(sum(f.outcome == "resolved" for f in faults) >= 24, "fewer than 24 stalls")
        self.check(any(f.outcome == "aborted" for f in faults), "no stall was aborted")

    def _break(self, stack: Stack) -> None:
        match self.defect:
            case "drop-invalidation-relay":
                defects.drop_invalidation_relay(stack.relay)
            case "lose-page-response":
                defects.lose_page_response(stack.relay)
            case "mix-pasid":
                defects.mix_pasid(stack.sva)

    # ---- 1: copies ----------------------------------------------------------------------
    async def _copy(self, p: UserProcess) -> Expectation:
        await p.open()
        lay, rng = p.layout, self.rng
        # the copy-on-write page splits the destination; the upper half stays one mapping
        cow = rng.randrange(1, HALF - 1)
        written = rng.choice([n for n in range(PAGES) if n != cow])
        p.mm.mmap(Vma(lay.source, PAGES))
        p.mm.mmap(Vma(lay.dest, cow))
        p.mm.mmap(Vma(lay.dest + cow * PAGE, 1, backing=self.file))
        p.mm.mmap(Vma(lay.dest + (cow + 1) * PAGE, PAGES - cow - 1))
        source = rng.randbytes(PAGES * PAGE)
        await p.store(lay.source, source)
        await p.store(lay.dest + written * PAGE, b"before the device came " * 40)
        seen = await p.load(lay.dest + cow * PAGE, PAGE)
        self.check(seen == self.file_data, f"{p.name}: file page read wrong by the CPU")
        step = PAGES * PAGE // CHUNKS
        posted = [
            await p.post(lay.source + i * step, lay.dest + i * step, step, cookie=i + 1)
            for i in range(CHUNKS)
        ]
        for index, at in enumerate(posted):
            record = await p.wait(at)
            self.check(record.ok, f"{p.name}: copy {index} ended with {record}")
            self.check(record.cookie == index + 1, f"{p.name}: copy {index} lost its cookie")
        got = await p.load(lay.dest, PAGES * PAGE)
        wrong = [n for n in range(PAGES) if got[n * PAGE :][:PAGE] != source[n * PAGE :][:PAGE]]
        self.check(not wrong, f"{p.name}: wrong bytes in destination pages {wrong}")
        return Expectation(p, source, written, cow)

    # ---- 2: unmap -----------------------------------------------------------------------
    async def _unmap_and_fault(self, exp: Expectation) -> None:
        p, lay = exp.process, exp.process.layout
        gone = lay.dest + HALF * PAGE
        await p.mm.munmap(p.cpu, gone, HALF)
        self.facts["unmapped"] = self.plat.now
        at = await p.post(lay.source, gone + 2 * PAGE, PAGE, cookie=0xDEAD)
        record = await p.wait(at)
        self.check(
            record.status == accel.Status.WRITE and record.fault_addr == gone + 2 * PAGE,
            f"A: copy to the unmapped half ended with {record}",
        )
        await p.acknowledge()
        # the lower half is still there and still right
        at = await p.post(lay.source, lay.dest, PAGE, cookie=0xA11)
        record = await p.wait(at)
        self.check(record.ok, f"A: copy after the fault ended with {record}")
        low = await p.load(lay.dest, HALF * PAGE)
        self.check(low == exp.source[: HALF * PAGE], "A: lower half changed")

    # ---- 3: exit ------------------------------------------------------------------------
    async def _exit_with_stall(self, p: UserProcess) -> None:
        fresh = p.layout.dest + 0x100_0000
        p.mm.mmap(Vma(fresh, 4))
        await p.post(p.layout.source, fresh, 4 * PAGE, cookie=0xB0B)
        stalled = []
        for _ in range(PROBE_QUEUE_LIMIT):
            stalled = self.host.timeline.outstanding(p.mm.pasid)
            if stalled:
                break
            await self.plat.delay(20)
        self.check(bool(stalled), "B: no stall was outstanding at its exit")
        self.facts["exit_begins"] = self.plat.now
        await p.exit()
        self.facts["exit_ends"] = self.plat.now
        self.check(
            bool(stalled) and stalled[0].outcome == "aborted",
            f"B: its stall was not terminated: {stalled}",
        )
        left = self.host.timeline.outstanding(p.mm.pasid)
        self.check(not left, f"B: stalls outlive the process: {left}")

    async def _nothing_reachable(self, p: UserProcess) -> None:
        """The queue with the dead PASID: its first fetch must be refused and reported."""
        cpu, driver, smmu = self.stack.kernel.cpus[0], self.stack.driver, self.stack.guest_smmu
        before = len(smmu.reported)
        await driver.open_queue(cpu, p.queue, p.layout.ring, p.mm.pasid)
        bell = driver.base + accel.priv_reg(p.queue, accel.UserReg.DOORBELL)
        await cpu.mmio_write32(bell, 1)
        status = await driver.status(cpu, p.queue)
        for _ in range(PROBE_QUEUE_LIMIT):
            if status.halted and len(smmu.reported) > before:
                break
            await cpu.run("user-poll")
            status = await driver.status(cpu, p.queue)
        self.check(
            status.halted and status.status == accel.Status.FETCH,
            f"B: the dead PASID was not refused: {status}",
        )
        reports = smmu.reported[before:]
        self.check(
            any(Event.C_BAD_CD.name in line for line in reports),
            f"B: use of the dead PASID was not reported: {reports}",
        )
        bell = driver.base + accel.priv_reg(p.queue, accel.UserReg.ACK)
        await cpu.mmio_write32(bell, 1)
        await driver.close_queue(cpu, p.queue)

    # ---- afterwards ---------------------------------------------------------------------
    def _check_page_cache(self) -> None:
        data = self.stack.kernel.cpus[0].kread(self.file[0], PAGE)
        self.check(data == self.file_data, "the shared file page was written to")
