# SPDX-License-Identifier: Apache-2.0
"""Two virtual machines with everything alike but their VMID: neither sees the other."""

from __future__ import annotations

from tb.models.fields import Cmd
from tb.sequences.base import SmmuSequence
from tb.sequences.tables import BuildTables


class TwoVmIsolation(SmmuSequence):
    """Two nested streams with the same addresses, ASIDs and SubstreamIDs, each with its own data.

    Each round reads and writes in both, invalidates one VM by one of its scopes, and compares
    memory: what a VM wrote is in its own frames, and the other's frames hold what that one wrote.

    After it: ``checked`` counts comparisons; ``vms`` are the :class:`BuildTables` of both.
    """

    def __init__(self, sids: tuple[int, int] = (0x61, 0x62), rounds: int = 8,
                 name: str = "isolation", *, vmids: tuple[int, int] = (1, 2),
                 pages: int = 2) -> None:  # fmt: skip
        super().__init__(name)
        if sids[0] == sids[1] or vmids[0] == vmids[1]:
            raise ValueError("TwoVmIsolation: two different StreamIDs and VMIDs")
        self.rounds = rounds
        self.vms = [
            BuildTables(sid, f"vm{vmid}", ssids=2, s2=True, vmid=vmid, pages=pages, asid=5)
            for sid, vmid in zip(sids, vmids, strict=True)
        ]
        self.checked = 0

    async def body(self) -> None:
        for vm in self.vms:
            await vm.start(self.sequencer)
        for _ in range(self.rounds):
            await self._round()

    async def _round(self) -> None:
        rng, bench, memory = self.rng, self.bench, self.bench.memory
        ssid = rng.randrange(2)
        offset = rng.randrange(self.vms[0].pages * self.vms[0].page // 64) * 64
        data = [rng.randbytes(64) for _ in self.vms]
        side = [{"sid": vm.sid, "ssid": ssid or None, "id": n} for n, vm in enumerate(self.vms)]
        writes = [bench.write(vm.base + offset, d, **s)
                  for vm, d, s in zip(self.vms, data, side, strict=True)]  # fmt: skip
        victim = rng.choice(self.vms)
        va, asid = victim.base + offset & -victim.page, victim.asid_of(ssid)
        await self.prog.command(rng.choice((
            Cmd.tlbi_s12_vmall(vmid=victim.vmid), Cmd.tlbi_nh_all(vmid=victim.vmid),
            Cmd.tlbi_nh_asid(vmid=victim.vmid, asid=asid), Cmd.cfgi_ste(sid=victim.sid),
            Cmd.tlbi_nh_va(vmid=victim.vmid, asid=asid, addr=va),
        )))  # fmt: skip
        await self.prog.sync()
        for txn in writes:
            assert (await self.answered(txn)).ok, f"{self.get_name()}: {txn} was refused"
        for vm, wrote, way in zip(self.vms, data, side, strict=True):
            held = memory.peek(vm.data[ssid] + offset, 64)
            assert held == wrote, f"VM {vm.vmid}: its frame does not hold what it wrote"
            read = await self.answered(bench.read(vm.base + offset, 64, **way))
            assert read.ok and read.data == wrote, f"VM {vm.vmid} reads another VM's data"
            self.checked += 1
