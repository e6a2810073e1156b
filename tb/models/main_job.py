# SPDX-License-Identifier: Apache-2.0
"""The main job: two guest processes share the accelerator through SVA (architecture section 5).

Neutral to what lies below: ``run_job`` gets a booted :class:`~tb.models.stack.Stack` on any
platform.  What it does

1. two processes (two PASIDs, the same virtual addresses) copy 16 pages each, at the same time;
   the destination is untouched but for one page written by the CPU and one copy-on-write page;
2. process A unmaps the upper half of its destination and copies there again: aborted;
3. process B exits with a stall outstanding: terminated, its PASID gone, nothing left to reach.

Everything that can be checked is checked here and ends up in the result.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.fields import Event
from tb.models.guest.accel import UserProcess
from tb.models.guest.mm import Vma
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


@dataclass
class JobResult:
    """Findings of the scenario; ``errors`` is empty when all is well."""

    errors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def check(self, ok: bool, message: str) -> None:
        """Note ``message`` unless ``ok``."""
        if not ok:
            self.errors.append(message)


class MainJob:
    """One run of the scenario."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack = stack
        self.plat = stack.plat
        self.rng = random.Random(seed)
        self.result = JobResult()
        self.file: list[int] = []
        self.file_data = b""

    async def run(self) -> JobResult:
        """Boot must be done; returns the findings."""
        stack, facts = self.stack, self.result.facts
        facts["booted"] = self.plat.now
        self.file_data = self.rng.randbytes(PAGE)
        self.file = stack.page_cache(self.file_data)
        queues = self.rng.sample(range(8), 2)
        a, b = stack.spawn_process("A", queues[0]), stack.spawn_process("B", queues[1])
        facts["queues"] = {"A": queues[0], "B": queues[1]}
        facts["pasids"] = {"A": a.mm.space, "B": b.mm.space}
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
        return self.result

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
        self.result.check(seen == self.file_data, f"{p.name}: file page read wrong by the CPU")
        step = PAGES * PAGE // CHUNKS
        posted = [
            await p.post(lay.source + i * step, lay.dest + i * step, step, cookie=i + 1)
            for i in range(CHUNKS)
        ]
        for index, at in enumerate(posted):
            record = await p.wait(at)
            self.result.check(record.ok, f"{p.name}: copy {index} ended with {record}")
            self.result.check(record.cookie == index + 1, f"{p.name}: copy {index} lost its cookie")
        got = await p.load(lay.dest, PAGES * PAGE)
        wrong = [n for n in range(PAGES) if got[n * PAGE :][:PAGE] != source[n * PAGE :][:PAGE]]
        self.result.check(not wrong, f"{p.name}: wrong bytes in destination pages {wrong}")
        return Expectation(p, source, written, cow)

    # ---- 2: unmap -----------------------------------------------------------------------
    async def _unmap_and_fault(self, exp: Expectation) -> None:
        p, lay = exp.process, exp.process.layout
        gone = lay.dest + HALF * PAGE
        await p.mm.munmap(p.cpu, gone, HALF)
        self.result.facts["unmapped"] = self.plat.now
        at = await p.post(lay.source, gone + 2 * PAGE, PAGE, cookie=0xDEAD)
        record = await p.wait(at)
        self.result.check(
            record.status == accel.Status.WRITE and record.fault_addr == gone + 2 * PAGE,
            f"A: copy to the unmapped half ended with {record}",
        )
        await p.acknowledge()
        # the lower half is still there and still right
        at = await p.post(lay.source, lay.dest, PAGE, cookie=0xA11)
        record = await p.wait(at)
        self.result.check(record.ok, f"A: copy after the fault ended with {record}")
        low = await p.load(lay.dest, HALF * PAGE)
        self.result.check(low == exp.source[: HALF * PAGE], "A: lower half changed")

    # ---- 3: exit ------------------------------------------------------------------------
    async def _exit_with_stall(self, p: UserProcess) -> None:
        fresh = p.layout.dest + 0x100_0000
        p.mm.mmap(Vma(fresh, 4))
        await p.post(p.layout.source, fresh, 4 * PAGE, cookie=0xB0B)
        stalled = []
        for _ in range(PROBE_QUEUE_LIMIT):
            stalled = self.stack.timeline.outstanding(p.mm.space)
            if stalled:
                break
            await self.plat.delay(20)
        self.result.check(bool(stalled), "B: no stall was outstanding at its exit")
        self.result.facts["exit_begins"] = self.plat.now
        await p.exit()
        self.result.facts["exit_ends"] = self.plat.now
        self.result.check(
            bool(stalled) and stalled[0].outcome == "aborted",
            f"B: its stall was not terminated: {stalled}",
        )
        left = self.stack.timeline.outstanding(p.mm.space)
        self.result.check(not left, f"B: stalls outlive the process: {left}")

    async def _nothing_reachable(self, p: UserProcess) -> None:
        """The queue with the dead PASID: its first fetch must be refused and reported."""
        cpu, driver, smmu = self.stack.kernel.vcpus[0], self.stack.driver, self.stack.guest_smmu
        before = len(smmu.reported)
        await driver.open_queue(cpu, p.queue, p.layout.ring, p.mm.space)
        bell = driver.base + accel.priv_reg(p.queue, accel.UserReg.DOORBELL)
        await cpu.mmio_write32(bell, 1)
        status = await driver.status(cpu, p.queue)
        for _ in range(PROBE_QUEUE_LIMIT):
            if status.halted and len(smmu.reported) > before:
                break
            await cpu.run("user-poll")
            status = await driver.status(cpu, p.queue)
        self.result.check(
            status.halted and status.status == accel.Status.FETCH,
            f"B: the dead PASID was not refused: {status}",
        )
        reports = smmu.reported[before:]
        self.result.check(
            any(Event.C_BAD_CD.name in line for line in reports),
            f"B: use of the dead PASID was not reported: {reports}",
        )
        bell = driver.base + accel.priv_reg(p.queue, accel.UserReg.ACK)
        await cpu.mmio_write32(bell, 1)
        await driver.close_queue(cpu, p.queue)

    # ---- afterwards ---------------------------------------------------------------------
    def _check_page_cache(self) -> None:
        data = self.stack.kernel.vcpus[0].kread(self.file[0], PAGE)
        self.result.check(data == self.file_data, "the shared file page was written to")


def collect(stack: Stack, job: JobResult, seed: int) -> dict[str, Any]:
    """The result of a run as plain data: only cycles, counts and names."""
    timeline, audit, plat = stack.timeline, stack.audit, stack.plat
    resolved = sum(f.outcome == "resolved" for f in timeline.faults)
    aborted = sum(f.outcome == "aborted" for f in timeline.faults)
    pending = len(timeline.faults) - resolved - aborted
    job.check(pending == 0, f"{pending} stalls were never answered")
    isolation, stale = audit.count("isolation"), audit.count("stale")
    for violation in audit.violations[:10]:
        job.errors.append(str(violation))
    counters = plat.counters
    busy = {layer: plat.ledger[layer] for layer in plat.costs.layers if plat.ledger[layer]}
    return {
        "seed": seed,
        "clock_mhz": plat.costs.clock_mhz,
        "cycles": plat.now,
        "stalls_resolved": resolved,
        "stalls_aborted": aborted,
        "isolation_violations": isolation,
        "stale_accesses": stale,
        "overlapped_transactions": stack.probe.overlapped,
        "phases": job.facts,
        "faults": [fault.as_dict() for fault in timeline.faults],
        "legs": timeline.leg_table(),
        "totals": {
            "commands": counters["host-smmu-commands"],
            "guest_commands": counters["vsmmu-commands"],
            "events": counters["host-smmu-events"],
            "guest_events": counters["vsmmu-events"],
            "exits": counters["kvm-exit-mmio"],
            "stage2_cpu_faults": counters["kvm-stage2-fault"],
            "vfio_ioctls": counters["vfio-ioctl"],
            "vfio_faults": counters["vfio-faults"],
            "page_responses": counters["vfio-responses"],
            "guest_interrupts": counters["kvm-irq-injected"],
            "demand_pages": counters["guest-demand-pages"],
            "cow_breaks": counters["guest-cow-breaks"],
            "walks": counters["smmu-walks"],
            "smmu_reads": stack.probe.walks["smmu-reads"],
            "smmu_writes": stack.probe.walks["smmu-writes"],
            "dma_reads": counters["dma-reads"],
            "dma_writes": counters["dma-writes"],
            "mmio": counters["mmio-read"] + counters["mmio-write"],
        },
        "fault_time_share_percent": timeline.shares(),
        "software_busy_cycles": busy,
        "accesses_by_owner": audit.by_owner(),
        "guest_reports": list(stack.guest_smmu.reported),
        "host_reports": list(stack.host_smmu.host_faults),
        "errors": job.errors,
    }
