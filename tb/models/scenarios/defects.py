# SPDX-License-Identifier: Apache-2.0
"""Defects that scenarios plant in themselves, to show that the checkers find them.

Each function breaks one object of a run; nothing of this is reachable without a defect's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tb.models.arm_smmu_v3 import TLBI_OPCODES, SmmuIo
from tb.models.cpu import Cpu, Vcpu
from tb.models.host.smmu import HostSmmu, NestedDomain
from tb.models.host.uapi import CACHE_IOTLB, CacheInvalidate, IommuFault
from tb.models.kvm_api import VcpuFile
from tb.models.linux.cd_table import sva_cd
from tb.models.linux.kernel import Kernel
from tb.models.linux.mm import Mm
from tb.models.linux.smmu import SvaSmmu
from tb.models.linux.sva import Bond, Sva
from tb.models.maintenance import Message, SyncMessage
from tb.models.platform import Platform
from tb.models.qemu.virtio_endpoint import Endpoint, Mapping
from tb.models.qemu.virtio_iommu import VirtioIommu
from tb.models.qemu.virtio_iommu_vfio import VfioEndpoint


def drop_invalidation_relay(relay: Any) -> None:
    """The VMM answers the guest's TLB invalidations without telling the host."""
    pass_on = relay.invalidate

    async def lossy(commands: list[bytes]) -> int:
        kept = [raw for raw in commands if raw[0] not in TLBI_OPCODES]
        if kept:
            await pass_on(kept)
        return len(commands)

    relay.invalidate = lossy


def lose_page_response(relay: Any, number: int = 3) -> None:
    """The relay forgets the ``number``-th page response it is given."""
    answer, seen = relay.page_response, []

    async def lossy(vsid: int, stag: int, retry: bool, abort: bool) -> None:
        seen.append(stag)
        if len(seen) == number:
            relay.pending.pop(stag)
            relay.timeline.hop(stag, "qemu_resume")
        else:
            await answer(vsid, stag, retry, abort)

    relay.page_response = lossy


def mix_pasid(sva: Sva) -> None:
    """From the second bind on, the context descriptor points at the first process's tables."""
    bind, first = sva.bind, []

    async def confused(cpu: Cpu, sid: int, mm: Mm) -> Bond:
        first.append(mm)
        bond = await bind(cpu, sid, mm)
        if len(first) > 1:
            fields = sva_cd(first[0].pgd, mm.asid)
            await sva.smmu.write_cd(sid, bond.pasid, sva.smmu.io_on(cpu), **fields)
        return bond

    sva.bind = confused  # type: ignore[method-assign]


def drop_notifier(sva: Sva) -> None:
    """Bonds made from now on keep changes of the page table to themselves."""
    bind = sva.bind

    async def nothing(*_args: object) -> None:
        pass

    async def silent(cpu: Cpu, sid: int, mm: Mm) -> Bond:
        bond = await bind(cpu, sid, mm)
        bond.invalidate_range = nothing  # type: ignore[method-assign]
        return bond

    sva.bind = silent  # type: ignore[method-assign]


def lose_resume(smmu: SvaSmmu, number: int = 3) -> None:
    """The kernel forgets to answer the ``number``-th page request."""
    answer, seen = smmu.respond, []

    async def lossy(sid: int, stag: int, code: int, io: SmmuIo | None = None) -> None:
        seen.append(stag)
        if len(seen) != number:
            await answer(sid, stag, code, io)

    smmu.respond = lossy  # type: ignore[method-assign]


def other_vmid(vcpus: list[Vcpu]) -> None:
    """TLBIs of the VM carry a VMID that no stream has."""
    for vcpu in vcpus:
        vcpu.maintenance.vmid += 1


def drop_broadcast(kernel: Kernel) -> None:
    """The interconnect delivers the Syncs of this kernel's CPUs, but not their TLBIs."""
    for cpu in kernel.cpus:
        (deliver,) = cpu.broadcast

        def lossy(message: Message, deliver: Callable[[Message], None] = deliver) -> None:
            if isinstance(message, SyncMessage):
                deliver(message)

        cpu.broadcast[:] = [lossy]


def drop_cpu_tlbi(kernel: Kernel) -> None:
    """TLBI by address: the instruction is executed, the TLBs keep their entries."""

    async def nothing(cpu: Cpu, asid: int, va: int, pages: int = 1) -> None:
        await cpu.kernel("tlbi")

    kernel.tlbi_va = nothing  # type: ignore[method-assign]


def lose_load_data(vcpu: VcpuFile) -> None:
    """What the VMM answers to a load does not get into the shared page."""
    vcpu.complete = lambda data: None  # type: ignore[method-assign]


def keep_iotlb(viommu: VirtioIommu) -> None:
    """Translations that were cached for emulated devices stay for ever."""
    viommu._forget = lambda match: None  # type: ignore[method-assign]


def drop_invalidate_requests(endpoint: VfioEndpoint) -> None:
    """The guest's INVALIDATE of the device's TLB is answered and goes no further."""
    pass_on = endpoint._cache_invalidate

    async def lossy(inv: CacheInvalidate) -> None:
        if inv.cache != CACHE_IOTLB:
            await pass_on(inv)

    endpoint._cache_invalidate = lossy  # type: ignore[method-assign]


def drop_unmap(endpoint: Endpoint) -> None:
    """The guest's UNMAP removes the mapping in the VMM and nowhere else."""

    async def nothing(mapping: Mapping) -> None:
        pass

    endpoint.unmap = nothing  # type: ignore[method-assign]


def accept_any_response(smmu: HostSmmu, domain: NestedDomain) -> None:
    """The host looks a page response up by its tag alone, whoever gives it."""
    respond, timeline = smmu.respond, smmu.timeline

    class Anything(dict):
        def get(self, stag: int, default: int | None = None) -> int | None:
            return next((f.pasid for f in timeline.outstanding() if f.stag == stag), default)

    async def by_tag(sid: int, stag: int, code: int, io: SmmuIo | None = None) -> None:
        sid = next((f.sid for f in timeline.outstanding() if f.stag == stag), sid)
        await respond(sid, stag, code, io)

    domain.pending = Anything()
    smmu.respond = by_tag  # type: ignore[method-assign]


def forget_stalls(smmu: HostSmmu) -> None:
    """The stream of a dead user is aborted, its stalls stay."""

    async def abort_only(domain: NestedDomain) -> None:
        domain.handler = None
        await smmu.abort_stream(domain.sid)

    smmu.release = abort_only  # type: ignore[method-assign]


def wait_in_event_thread(plat: Platform, domain: NestedDomain, cycles: int = 6_000) -> None:
    """The host's event thread goes on only some time after it gave a fault to this VM."""
    handler = domain.handler
    assert handler is not None

    async def slow(fault: IommuFault) -> None:
        await handler(fault)
        await plat.delay(cycles)

    domain.handler = slow
