# SPDX-License-Identifier: Apache-2.0
"""Two VMs share the SMMU and the accelerator; the second one is hostile, and dies.

Each has a function of the accelerator, a StreamID, a VMID and a stage 2 of its own; processes of
both have the same PASIDs, ASIDs and virtual addresses.  The first VM does the same work three
times: alone, while the second one attacks, and while the second one dies with stalls outstanding.
Its data must be right each time, and its faults may take longer only by what sharing the host's
event thread, its command queue and the bus explains (:data:`EVENT_CYCLES`).
"""

from __future__ import annotations

from statistics import median

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.linux.accel import UserProcess
from tb.models.linux.mm import Vma
from tb.models.scenarios import defects
from tb.models.scenarios.attacks import Attacker
from tb.models.scenarios.base import Scenario
from tb.models.stack import Stack, StackConfig
from tb.models.timeline import Fault

VICTIM_VMID, HOSTILE_VMID = 5, 6
ROUND = 0x0100_0000  # distance of the destinations of two rounds
# One fault of the first VM may find as many events of the second in front of it as that VM's
# queues can cause at a time; each holds the host's event thread for about this long.
EVENT_CYCLES = 1_500


class TwoVms(Scenario):
    """One run of the scenario."""

    name = "two-vms"
    title = "two VMs"
    defects = {
        "mix-vmid": "the host gives both VMs the same VMID",
        "accept-any-response": "VFIO takes page responses for stalls of the other VM",
        "forget-stalls": "the host takes the dead VM's device back without ending its stalls",
        "wait-in-event-thread": "the host waits for the hostile VM inside its event thread",
        "drop-invalidation-relay": "QEMU keeps the first VM's TLB invalidations from the host",
    }

    async def run(self) -> None:
        await self.host.boot()
        self.hw.split_accelerator()
        vmid = VICTIM_VMID if self.defect == "mix-vmid" else HOSTILE_VMID
        self.victim = Stack(self.host, StackConfig(0, vmid=VICTIM_VMID, ram_pages=1024, name="vm1"))
        self.hostile = Stack(self.host, StackConfig(1, vmid=vmid, ram_pages=1024, name="vm2"))
        for stack in (self.victim, self.hostile):
            await stack.boot()
            self.reports[stack.config.name] = stack.guest_smmu.reported
        self._break()
        self.pages = self.pick(4, 32)
        count = self.pick(1, 2)
        workers = [self.victim.os.spawn_process(f"P{n}", n) for n in range(2)]
        for process in workers:
            await self._prepare(process)
        self.attacker = Attacker(self, self.hostile, self.victim)
        mine = await self.attacker.prepare(count)
        pairs = list(zip(workers, mine, strict=False))
        self.check(
            all((a.mm.asid, a.mm.pasid) == (b.mm.asid, b.mm.pasid) for a, b in pairs),
            "the VMs have different ASIDs or PASIDs",
        )
        alone = await self._round(workers, "alone", 0)
        attack = self.plat.spawn(self.attacker.run(), "attacker")
        attacked = await self._round(workers, "attacked", 1)
        self.attacker.stop()
        await attack.join()
        death = self.plat.spawn(self._death(), "death")
        survived = await self._round(workers, "survived", 2)
        await death.join()
        for rounds in (attacked, survived):
            self._compare(alone, rounds)
        for process in workers:
            await process.exit()
        forged, refused = (
            self.attacker.tried["forged page response"],
            self.plat.counters["page-responses-refused"],
        )
        self.check(0 < forged == refused, f"{forged} forged page responses, {refused} refused")
        left = [f for f in self.host.timeline.outstanding() if f.sid == self.hostile.slot.sid]
        self.check(not left, f"stalls outlive the VM: {left}")

    def _break(self) -> None:
        match self.defect:
            case "accept-any-response":
                defects.accept_any_response(self.host.smmu, self.hostile.domain)
            case "forget-stalls":
                defects.forget_stalls(self.host.smmu)
            case "wait-in-event-thread":
                defects.wait_in_event_thread(self.plat, self.hostile.domain)
            case "drop-invalidation-relay":
                defects.drop_invalidation_relay(self.victim.relay)

    # ---- the first VM -------------------------------------------------------------------
    async def _prepare(self, p: UserProcess) -> None:
        await p.open()
        p.mm.mmap(Vma(p.layout.source, self.pages))
        await p.store(p.layout.source, self.rng.randbytes(self.pages * PAGE))

    async def _round(self, workers: list[UserProcess], name: str, number: int) -> list[int]:
        """The work once; returns how long each fault took."""
        before = len(self.host.timeline.faults)
        start = self.plat.now
        tasks = [self.plat.spawn(self._work(p, name, number), f"{p.name}-{name}") for p in workers]
        for task in tasks:
            await task.join()
        sid = self.victim.slot.sid
        mine = [f for f in self.host.timeline.faults[before:] if f.sid == sid]
        took = [_latency(f) for f in mine if f.outcome == "resolved"]
        self.check(len(took) >= 2 * self.pages, f"{name}: only {len(took)} faults were resolved")
        took = took or [0]
        self.facts[name] = {
            "cycles": self.plat.now - start,
            "faults": len(took),
            "median": int(median(took)),
            "longest": max(took),
        }
        return took

    async def _work(self, p: UserProcess, name: str, number: int) -> None:
        """Copy to untouched pages, check, unmap, copy there again: refused."""
        lay, size = p.layout, self.pages * PAGE
        dest = lay.dest + number * ROUND
        p.mm.mmap(Vma(dest, self.pages))
        for index in range(self.pages):
            at = index * PAGE
            record = await p.wait(await p.post(lay.source + at, dest + at, PAGE, cookie=index))
            self.check(record.ok, f"{name} {p.name}: copy {index} ended with {record}")
            if not record.ok:
                await p.acknowledge()
        got, want = await p.load(dest, size), await p.load(lay.source, size)
        self.check(got == want, f"{name} {p.name}: wrong bytes")
        await p.mm.munmap(p.cpu, dest, self.pages)
        record = await p.wait(await p.post(lay.source, dest, PAGE, cookie=0xDEAD))
        self.check(
            record.status == accel.Status.WRITE and record.fault_addr == dest,
            f"{name} {p.name}: copy to unmapped pages ended with {record}",
        )
        await p.acknowledge()

    def _compare(self, alone: list[int], other: list[int]) -> None:
        """Bus and host are shared, nothing else: no fault may take longer by more than that."""
        bound = self.attacker.events_at_once * EVENT_CYCLES
        self.facts["bound"] = bound
        self.check(
            median(other) <= median(alone) + bound // 2 and max(other) <= max(alone) + bound,
            f"faults took {sorted(other)}, alone {sorted(alone)}, bound {bound}",
        )

    # ---- the second VM's end ------------------------------------------------------------
    async def _death(self) -> None:
        """It dies with stalls outstanding; the device function is usable by nobody after."""
        stalled = await self.attacker.leave_stalls()
        self.check(bool(stalled), "no stall was outstanding at the VM's death")
        await self.hostile.kill()
        self.facts["stalls_at_death"] = len(stalled)
        for _ in range(500):  # the event thread may have some of their records yet to read
            if all(f.outcome != "pending" for f in stalled):
                break
            await self.plat.delay(100)
        self.check(
            all(f.outcome == "aborted" for f in stalled), f"its stalls were not ended: {stalled}"
        )
        self.check(await self._refused(), "the dead VM's function still reaches memory")

    async def _refused(self) -> bool:
        """The host programs a queue of the dead VM's function: its fetch must be aborted."""
        slot, plat = self.hostile.slot, self.plat
        queue, lay = slot.first_queue, self.attacker.processes[0].layout
        for offset, value in accel.setup_writes(queue, ring=lay.ring, ring_log2=4, pasid=1):
            await plat.mmio_write32(slot.base + offset, value)
        bell = slot.base + accel.priv_reg(queue, accel.UserReg.DOORBELL)
        await plat.mmio_write32(bell, 1)
        at = slot.base + accel.priv_reg(queue, accel.UserReg.STATUS)
        for _ in range(1_000):
            status = accel.QueueStatus.decode(await plat.mmio_read32(at))
            if status.halted:
                return status.status == accel.Status.FETCH
            await plat.spend("host-sync-poll")
        return False


def _latency(fault: Fault) -> int:
    """Cycles from the record to the end of the retried transaction."""
    hops = list(fault.hops.values())
    return hops[-1] - hops[0]
