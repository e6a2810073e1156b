# SPDX-License-Identifier: Apache-2.0
"""Virtual SMMU, VFIO nesting uapi and relay, each corner by itself."""

from __future__ import annotations

import pytest

from tb.models.arm_smmu_v3 import SmmuProbeError
from tb.models.fields import REG, STE, Cerror, Cmd, Event, EventRecord, Gerror, SteConfig
from tb.models.host import uapi
from tb.models.linux.mm import SegmentationFault, Vma
from tb.models.qemu import machine as mach
from tb.models.stack import StackConfig
from tests.models.stack_machine import StackMachine


def booted(machine: StackMachine, scenario):
    """Boot, then run ``scenario(stack)``; returns what it returns."""

    async def main():
        await machine.boot()
        return await scenario(machine.stack)

    return machine.run(main())


def test_boot_leaves_a_nested_stream():
    machine = StackMachine(1)

    async def scenario(stack):
        return stack.host.smmu.ste_address(stack.slot.sid)

    addr = booted(machine, scenario)
    ste = STE.unpack(machine.memory.peek(addr, 64))
    cfg = machine.stack.config
    assert (ste.v, ste.config, ste.s2vmid) == (1, SteConfig.NESTED, cfg.vmid)
    assert (ste.s1cdmax, ste.s1fmt) == (16, 2)
    # the CD table pointer is the guest's own number, not a host address
    assert mach.RAM_GPA <= ste.s1contextptr < mach.RAM_GPA + cfg.ram_pages * 4096
    assert ste.s2ttb == machine.stack.domain.stage2.root
    assert machine.stack.domain.stage2.mapped == cfg.ram_pages


def test_no_guest_page_lies_at_its_own_address():
    machine = StackMachine(7)

    async def scenario(stack):
        return stack.machine._pages

    pages = booted(machine, scenario)
    assert len(set(pages)) == len(pages)
    assert all(pa != mach.RAM_GPA + i * 4096 for i, pa in enumerate(pages))


def test_pasid_bits_refused_as_in_2020():
    machine = StackMachine(1, StackConfig(pasid_bits_limit=0))
    with pytest.raises(uapi.UapiError, match="pasid_bits"):
        booted(machine, lambda stack: None)


def test_guest_illegal_command_stops_the_queue():
    machine = StackMachine(1)

    async def scenario(stack):
        smmu = stack.guest_smmu
        await smmu.issue([Cmd.raw(0xFF)], sync=False)
        cons = await smmu.io.read32(REG.CMDQ_CONS.offset)
        error = await smmu.io.read32(REG.GERROR.offset)
        # acknowledge after repair with a CMD_SYNC, as Linux does
        smmu.io.store(smmu.cmdq.slot(smmu.cmdq.prod - 1), Cmd.sync(cs=2))
        await smmu.io.write32(REG.GERRORN.offset, error)
        after = await smmu.io.read32(REG.CMDQ_CONS.offset)
        return cons, error, after, smmu.cmdq.prod

    cons, error, after, prod = booted(machine, scenario)
    assert cons >> 24 == Cerror.ILL and error & Gerror.CMDQ_ERR
    assert after & 0x1FF == prod


def test_full_guest_event_queue_keeps_stalls_and_flags_lost_events():
    machine = StackMachine(1)

    async def scenario(stack):
        vsmmu, done = stack.vsmmu, []
        stack.guest_smmu.stall_handler = None
        cons = vsmmu.regs.get(REG.EVENTQ_CONS.offset, 0)
        size = 256
        vsmmu.regs[REG.EVENTQ_PROD.offset] = (cons + size) & 0x1FF  # full
        stall = EventRecord.pack(Event.F_TRANSLATION, stall=1, stag=9, streamid=stack.config.vsid)
        await vsmmu.record(stall, True, lambda: done.append(1))
        await vsmmu.record(EventRecord.pack(Event.C_BAD_CD, streamid=1), False)
        prod = vsmmu.regs[REG.EVENTQ_PROD.offset]
        waiting = len(vsmmu._waiting)
        await vsmmu.mmio(REG.EVENTQ_CONS.offset, True, (cons + 1) & 0x1FF)
        return prod, waiting, done

    prod, waiting, done = booted(machine, scenario)
    assert prod >> 31 == 1, "the lost event must toggle OVFLG"
    assert waiting == 1 and done == [1]


def test_resume_of_an_unknown_stall_has_no_effect():
    machine = StackMachine(1)

    async def scenario(stack):
        await stack.guest_smmu.page_response(stack.config.vsid, 0x4242, 0)
        await stack.plat.delay(20_000)
        # a VMM that makes a response up is refused by the host
        ring = stack.vfio.mmap(uapi.REGION_SUBTYPE_DMA_FAULT_RESPONSE)
        stack.host.memory.write(ring, uapi.PageResponse(1, 0x4242, 0).pack())
        stack.vfio.pwrite32(uapi.REGION_SUBTYPE_DMA_FAULT_RESPONSE, 0, 1)
        await stack.plat.delay(20_000)
        return stack.plat.counters

    counters = booted(machine, scenario)
    assert counters["host-smmu-resumes"] == 0
    assert counters["page-responses-refused"] == 1


def test_fault_ring_indexes_are_checked():
    machine = StackMachine(1)

    async def scenario(stack):
        region = uapi.REGION_SUBTYPE_DMA_FAULT
        entries = stack.vfio.pread32(region, stack.vfio.NB_ENTRIES)
        with pytest.raises(uapi.UapiError):
            stack.vfio.pwrite32(region, 0, entries)
        stack.vfio.fault.head = entries - 1  # one slot stays empty
        with pytest.raises(uapi.UapiError, match="full"):
            await stack.vfio.report_fault(uapi.IommuFault(uapi.FAULT_UNRECOVERABLE))
        return entries

    assert booted(machine, scenario) == 512


def test_second_stage1_needs_an_unset_first():
    machine = StackMachine(1)

    async def scenario(stack):
        table = uapi.PasidTable(config=uapi.PASID_CONFIG_TRANSLATE, base_ptr=0x4000_0000)
        with pytest.raises(uapi.UapiError, match="already"):
            await stack.container.ioctl(uapi.IOMMU_SET_PASID_TABLE, table.pack())
        with pytest.raises(uapi.UapiError):
            await stack.container.ioctl(999, b"")

    booted(machine, scenario)


def test_guest_driver_refuses_a_small_command_queue():
    machine = StackMachine(1)

    async def scenario(stack):
        reg = REG.IDR1.offset
        stack.vsmmu.regs[reg] = REG.IDR1.value(sidsize=16, ssidsize=16, eventqs=8, cmdqs=6)
        with pytest.raises(SmmuProbeError, match="batch"):
            await stack.guest_smmu.probe()

    booted(machine, scenario)


def test_range_invalidation_commands_cover_exactly_the_range():
    machine = StackMachine(1)

    async def scenario(stack):
        return stack.host.smmu

    smmu = booted(machine, scenario)
    for pages in (1, 2, 3, 8, 31, 33, 100, 512):
        covered = []
        for raw in smmu.tlbi_range(5, 7, 0x1_0000_0000, pages, leaf=False):
            word0 = int.from_bytes(raw[:8], "little")
            word1 = int.from_bytes(raw[8:], "little")
            num, scale = (word0 >> 12 & 31), (word0 >> 20 & 31)
            ranged = word1 >> 10 & 3
            assert not ranged or num or scale, "reserved encoding (CERROR_ILL)"
            n = (num + 1) << scale if ranged else 1
            first = (word1 >> 12) - 0x10_0000
            covered += range(first, first + n)
        assert covered == list(range(pages))


def test_guest_process_segfaults_outside_its_mappings():
    machine = StackMachine(1)

    async def scenario(stack):
        process = stack.os.spawn_process("A", 0)
        process.mm.mmap(Vma(0x10_0000, 1, write=False))
        assert await process.load(0x10_0000, 8) == bytes(8)
        with pytest.raises(SegmentationFault):
            await process.store(0x10_0000, b"x")
        with pytest.raises(SegmentationFault):
            await process.load(0x20_0000, 8)

    booted(machine, scenario)
