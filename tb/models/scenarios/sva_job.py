# SPDX-License-Identifier: Apache-2.0
"""The job that all SVA schemes do: processes share the accelerator while their memory moves.

The scheme (host, nested, with or without broadcast, which uapi) is the subclass's; the job is the
same everywhere, so that the figures of the schemes can be compared.

1. processes with a PASID each and the same virtual addresses copy pages, at the same time;
   the destination is untouched but for one page written by the CPU and one copy-on-write page;
2. every process forks, changes its source and copies again while pages migrate and kswapd writes
   pages out; the child must still see the old contents, and exits;
3. the first process unmaps the upper half of its destination and copies there again: aborted; the
   second exits with a stall outstanding: terminated, its PASID gone, nothing left to reach; the
   others exit.  At full size a second generation of processes follows, with other PASIDs.

Everything that can be checked is checked here and ends up in the result.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.fields import Event
from tb.models.hardware import Hardware
from tb.models.linux.accel import UserProcess
from tb.models.linux.cd_table import LEAF_BITS
from tb.models.linux.kernel import PidAllocator
from tb.models.linux.mm import Vma
from tb.models.linux.os import LinuxWithSva
from tb.models.linux.reclaim import Reclaimer
from tb.models.scenarios.base import Scenario

LEAF_CDS = 1 << LEAF_BITS
CHUNKS = 4  # descriptors per process
PROBE_QUEUE_LIMIT = 2_000


@dataclass
class Expectation:
    """What one process must find in its destination."""

    process: UserProcess
    source: bytes


class SvaJob(Scenario):
    """One run of the job on the Linux that :meth:`boot_os` brings up."""

    os: LinuxWithSva
    stalled_hop = "smmu_event"  # passed by a stall that is the kernel's of the process to answer

    def __init__(self, hw: Hardware, size: str = "small", defect: str = "") -> None:
        super().__init__(hw, size, defect)
        self.pages = self.pick(8, 16)  # of each process's source and destination
        self.half = self.pages // 2

    @abstractmethod
    async def boot_os(self) -> LinuxWithSva:
        """Everything from the booted host up to the Linux whose processes use the device."""

    async def run(self) -> None:
        await self.host.boot()
        self.os = os = await self.boot_os()
        self.reports[os.kernel.name] = os.sva.smmu.reported
        self.facts["booted"] = self.plat.now
        self.file_data = self.rng.randbytes(PAGE)
        self.file = os.kernel.page_cache(self.file_data)
        await self._generation("first")
        if self.size == "full":  # PASIDs of both sides of a leaf of the CD table
            os.sva.pasids = PidAllocator(LEAF_CDS - 2, LEAF_CDS + 5)
            await self._generation("second")
        self._check_page_cache()
        self._check_leaks()
        self.facts["finished"] = self.plat.now
        self._check_counts()

    async def _generation(self, name: str) -> None:
        """Processes from their start to their exit."""
        os, spawn = self.os, self.plat.spawn
        facts = self.facts[name] = {}
        names = "ABCDEF"[: self.pick(2, 6)]
        queues = self.rng.sample(range(8), len(names))
        processes = [os.spawn_process(*pair) for pair in zip(names, queues, strict=True)]
        facts["queues"] = dict(zip(names, queues, strict=True))
        facts["pasids"] = {p.name: p.mm.pasid for p in processes}
        expect = await self._all([spawn(self._copy(p), p.name) for p in processes])
        facts["copied"] = self.plat.now
        await self._under_pressure(expect)
        facts["moved"] = self.plat.now
        a, b = processes[:2]
        ends = [spawn(self._unmap_and_fault(expect[0]), "A-unmap")]
        ends += [spawn(self._exit_with_stall(b), "B-exit")]
        ends += [spawn(p.exit(), f"{p.name}-exit") for p in processes[2:]]
        await self._all(ends)
        await self._nothing_reachable(b)
        await a.exit()
        facts["exited"] = self.plat.now

    @staticmethod
    async def _all(tasks: list) -> list:
        return [await task.join() for task in tasks]

    # ---- 1: copies ----------------------------------------------------------------------
    async def _copy(self, p: UserProcess) -> Expectation:
        await p.open()
        lay, rng = p.layout, self.rng
        # the copy-on-write page splits the destination; the upper half stays one mapping
        cow = rng.randrange(1, self.half - 1)
        written = rng.choice([n for n in range(self.pages) if n != cow])
        p.mm.mmap(Vma(lay.source, self.pages))
        p.mm.mmap(Vma(lay.dest, cow))
        p.mm.mmap(Vma(lay.dest + cow * PAGE, 1, backing=self.file))
        p.mm.mmap(Vma(lay.dest + (cow + 1) * PAGE, self.pages - cow - 1))
        source = rng.randbytes(self.pages * PAGE)
        await p.store(lay.source, source)
        await p.store(lay.dest + written * PAGE, b"before the device came " * 40)
        seen = await p.load(lay.dest + cow * PAGE, PAGE)
        self.check(seen == self.file_data, f"{p.name}: file page read wrong by the CPU")
        await self._wait_copies(p, await self._post_copies(p), "copy")
        await self._compare(p, source, "after its copy")
        return Expectation(p, source)

    async def _post_copies(self, p: UserProcess) -> list[int]:
        """The whole source to the destination, in pieces."""
        lay, step = p.layout, self.pages * PAGE // CHUNKS
        return [
            await p.post(lay.source + i * step, lay.dest + i * step, step, cookie=i + 1)
            for i in range(CHUNKS)
        ]

    async def _wait_copies(self, p: UserProcess, posted: list[int], what: str) -> None:
        for index, at in enumerate(posted):
            record = await p.wait(at)
            self.check(record.ok, f"{p.name}: {what} {index} ended with {record}")
            self.check(record.cookie == index + 1, f"{p.name}: {what} {index} lost its cookie")

    async def _compare(self, p: UserProcess, want: bytes, when: str) -> None:
        got = await p.load(p.layout.dest, self.pages * PAGE)
        wrong = [n for n in range(self.pages) if got[n * PAGE :][:PAGE] != want[n * PAGE :][:PAGE]]
        self.check(not wrong, f"{p.name}: wrong bytes in destination pages {wrong} {when}")

    # ---- 2: fork, migration, memory pressure ---------------------------------------------
    async def _under_pressure(self, expect: list[Expectation]) -> None:
        kernel = self.os.kernel
        kswapd = Reclaimer(kernel, kernel.cpus[-1], len(kernel.anon_refs) * 5 // 4)
        for exp in expect:
            kswapd.add(exp.process.mm)
        tasks = [self.plat.spawn(self._change(exp), exp.process.name) for exp in expect]
        await self._all(tasks)
        kswapd.stop()

    async def _change(self, exp: Expectation) -> None:
        """Fork, write a new source, copy again while pages move; both see what is theirs."""
        p, lay = exp.process, exp.process.layout
        child = await self.os.fork(p, f"{p.name}-child")
        before, exp.source = exp.source, self.rng.randbytes(self.pages * PAGE)
        await p.store(lay.source, exp.source)
        posted = await self._post_copies(p)
        mover = self.plat.spawn(self._compact(p), f"{p.name}-compaction")
        await self._wait_copies(p, posted, "second copy")
        await mover.join()
        await self._compare(p, exp.source, "after its second copy")
        seen = await child.load(lay.dest, self.pages * PAGE)
        self.check(seen == before, f"{child.name}: the parent's device wrote into its pages")
        await child.store(lay.dest, b"the child writes " * 200)
        await self._compare(p, exp.source, "after the child's write")
        await child.exit()

    async def _compact(self, p: UserProcess) -> None:
        """Move pages of the process while the device uses them."""
        for _ in range(self.pick(4, 16)):
            pages = p.mm.anonymous_pages(p.cpu)
            if pages:
                await p.mm.migrate(p.cpu, self.rng.choice(list(pages)))
            await self.plat.delay(self.rng.randint(1_000, 8_000))

    # ---- 3: unmap -----------------------------------------------------------------------
    async def _unmap_and_fault(self, exp: Expectation) -> None:
        p, lay = exp.process, exp.process.layout
        gone = lay.dest + self.half * PAGE
        await p.mm.munmap(p.cpu, gone, self.half)
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
        low = await p.load(lay.dest, self.half * PAGE)
        self.check(low == exp.source[: self.half * PAGE], "A: lower half changed")

    # ---- 3: exit ------------------------------------------------------------------------
    async def _exit_with_stall(self, p: UserProcess) -> None:
        fresh = p.layout.dest + 0x100_0000
        p.mm.mmap(Vma(fresh, 4))
        await p.post(p.layout.source, fresh, 4 * PAGE, cookie=0xB0B)
        stalled = []
        for _ in range(PROBE_QUEUE_LIMIT):
            waiting = self.host.timeline.outstanding(p.mm.pasid)
            stalled = [f for f in waiting if self.stalled_hop in f.hops]
            if stalled:
                break
            await self.plat.delay(20)
        self.check(bool(stalled), "B: no stall was outstanding at its exit")
        await p.exit()
        self.check(
            bool(stalled) and stalled[0].outcome == "aborted",
            f"B: its stall was not terminated: {stalled}",
        )
        left = self.host.timeline.outstanding(p.mm.pasid)
        self.check(not left, f"B: stalls outlive the process: {left}")

    async def _nothing_reachable(self, p: UserProcess) -> None:
        """The queue with the dead PASID: its first fetch must be refused and reported."""
        os = self.os
        cpu, driver, smmu = os.kernel.cpus[0], os.driver, os.sva.smmu
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
        data = self.os.kernel.cpus[0].kread(self.file[0], PAGE)
        self.check(data == self.file_data, "the shared file page was written to")

    def _check_leaks(self) -> None:
        kernel = self.os.kernel
        left = len(kernel.anon_refs), len(kernel.swap)
        self.check(left == (0, 0), f"pages and swap slots left over after all exits: {left}")

    def _check_counts(self) -> None:
        """Everything the job is about has happened."""
        faults, counters = self.host.timeline.faults, self.plat.counters
        self.check(sum(f.outcome == "resolved" for f in faults) >= 24, "fewer than 24 stalls")
        self.check(any(f.outcome == "aborted" for f in faults), "no stall was aborted")
        for what in ("forks", "cow-breaks", "migrated", "reclaimed", "swapped-in"):
            self.check(counters[f"mm-{what}"] > 0, f"mm: nothing {what}")

    def check_broadcast_only(self, at_reset: int) -> None:
        """TLB maintenance went over the interconnect alone, but for ``at_reset`` commands."""
        commands = self.plat.counters["host-smmu-tlbi"]
        self.check(self.plat.counters["dvm-messages"] > 0, "no broadcast")
        self.check(commands <= at_reset, f"{commands} TLB invalidation commands")
