# SPDX-License-Identifier: Apache-2.0
"""TLBI ..IS, ..OS, ..NXS and DSB of a CPU, as they reach the SMMU (DVM-017, DVM-021, TAG-015).

The messages have no bit for the domain or for nXS (facts section 10), so every form of an
instruction arrives as the same message and must have the same effect; a Sync of either kind waits
for all of them.
"""

from __future__ import annotations

import random
from itertools import cycle, product
from typing import Any

import cocotb

from tb.bfm.dvm import parts_of
from tb.models.maintenance import DOMAINS, Maintenance, Message, SyncMessage
from tests.smmu.scope_scene import ALL, ASID, OTHER_VMID, VMID, Population
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.walk_scene import LIMIT, WalkScene

FORMS = tuple("".join(form) for form in product(DOMAINS, ("", "NXS")))
BARRIERS = ("ISH", "OSH", "SY", "ISHNXS", "OSHNXS", "SYNXS")
QUIET = 600  # cycles in which a Sync that waits for nothing has long been completed
VA = 0x12_3456_7000
STAGE1 = set("abkghnu")
# operation, address and scope; ASET=1 opts out of what names an ASID (TAG-009)
SCOPES = [
    ("ALLE1", None, ALL),
    ("VMALLS12E1", None, STAGE1 | {"s"}),
    ("VMALLE1", None, STAGE1),
    ("ASIDE1", None, set("an")),
    ("VAE1", "a", {"a"}),
    ("VALE1", "n", {"n"}),
    ("VAAE1", "k", {"k"}),
    ("VAALE1", "g", {"g"}),
    ("IPAS2E1", "s", {"s"}),
    ("IPAS2LE1", "s", {"s"}),
]


class Cpu(Maintenance):
    """A CPU on the interconnect of the bench."""

    def __init__(self, scene: WalkScene, vmid: int = VMID) -> None:
        super().__init__(vmid, self._broadcast)
        self.scene = scene
        self.sent: list[Message] = []

    def _broadcast(self, message: Message) -> None:
        self.sent.append(message)
        self.scene.bench.dvm.post(parts_of(message))

    async def barrier(self, name: str) -> None:
        """DSB, over when its Complete is there."""
        before = self.scene.bench.ptw.dvm_completes
        self.dsb(name)
        assert isinstance(self.sent[-1], SyncMessage), f"DSB {name} sends no Sync"
        await self.scene.completed(before + 1)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def every_form_reaches_the_same(dut: Any) -> None:
    """DVM-021, TAG-015: IS, OS, nXS: one message, and the matching entries walk again."""
    s = await WalkScene.start(dut)
    p = Population(s)
    await p.warm()
    cpu, other = Cpu(s), Cpu(s, OTHER_VMID)
    barriers = cycle(BARRIERS)
    for operation, who, want in SCOPES:
        addr, first = p.addr(who) if who else 0, len(cpu.sent)
        for form in FORMS:

            async def invalidate(name: str = operation + form, addr: int = addr) -> None:
                cpu.tlbi(name, asid=ASID, addr=addr)
                await cpu.barrier(next(barriers))

            gone = await p.removed(invalidate)
            assert gone == want, f"TLBI {operation}{form}: removed {sorted(gone)}"
        messages = [m for m in cpu.sent[first:] if not isinstance(m, SyncMessage)]
        assert len(set(messages)) == 1, f"{operation}: the forms differ: {messages}"
    # of another VM, in every form; and what stays inside a CPU sends nothing
    for form in FORMS:

        async def foreign(name: str = f"VMALLE1{form}") -> None:
            other.tlbi(name)
            await other.barrier("ISH")

        assert await p.removed(foreign) == set("vm")
    count = len(cpu.sent)

    async def local() -> None:
        cpu.tlbi("VMALLE1NXS")
        cpu.dsb("SY")

    assert await p.removed(local) == set() and len(cpu.sent) == count
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def either_sync_waits_for_all(dut: Any) -> None:
    """DVM-017, TAG-015: TLBI and TLBInXS mixed; Complete only after responses downstream."""
    s = await WalkScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    cpu = Cpu(s, vmid=0)
    space = s.prog.stream(SID).space(asid=ASID)
    for page in range(4):
        space.map(VA + 0x1000 * page, PAGE + 0x1000 * page, 0x1000)
    for channel, barrier in product(("r", "b"), BARRIERS):
        for page in range(4):
            assert (await s.access(VA + 0x1000 * page, SID)).ok
        s.bench.mems[0].hold(channel)
        left = len(s.down[0])
        txn = s.post(VA, SID, write=channel == "b")
        while len(s.down[0]) == left:
            await s.cycles(1)
        forms = [rng.choice(FORMS) for _ in range(4)]
        for page in rng.sample(range(4), 4):
            cpu.tlbi("VAE1" + forms[page], asid=ASID, addr=VA + 0x1000 * page)
        before = s.bench.ptw.dvm_completes
        cpu.dsb(barrier)
        await s.cycles(QUIET)
        assert s.bench.ptw.dvm_completes == before, f"DSB {barrier} passed a transaction ({forms})"
        assert not txn.finished
        s.bench.mems[0].hold(channel, False)
        await s.completed(before + 1)
        assert await s.bench.within(txn.done, LIMIT) and txn.ok
        # all targets are gone: each page walks again, to where it is now
        for page in range(4):
            space.map(VA + 0x1000 * page, PAGE + 0x8000 + 0x1000 * page, 0x1000)
        for page in range(4):
            seen = await s.access(VA + 0x1000 * page, SID)
            assert seen.pa == PAGE + 0x8000 + 0x1000 * page, f"{forms[page]}: stale"
        for page in range(4):
            space.map(VA + 0x1000 * page, PAGE + 0x1000 * page, 0x1000)
            cpu.tlbi("VMALLE1IS")
        await cpu.barrier(rng.choice(BARRIERS))
    await s.finish()
