# SPDX-License-Identifier: Apache-2.0
"""iommufd: layouts as in the uapi header, refusals as documented, commands as rewritten."""

from __future__ import annotations

import struct

import pytest

from tb.models.fields import STE, Cmd, Event, EventRecord, SteConfig
from tb.models.host import iommufd_uapi as fd
from tb.models.host.iommufd_smmuv3 import host_command, virtual_ste
from tb.models.host.machine import Host
from tb.models.host.uapi import EINVAL, ENOTTY, UapiError
from tb.models.qemu.iommufd_device import BUFFER_HVA
from tb.models.scenarios.iommufd import IommufdStack
from tb.models.standin.machine import StandinMachine
from tb.models.timeline import IOMMUFD_PATH

SIZES = {
    fd.Destroy: 8,
    fd.IoasAlloc: 12,
    fd.IoasMap: 40,
    fd.HwptAlloc: 48,
    fd.GetHwInfo: 40,
    fd.HwptInvalidate: 32,
    fd.FaultQueueAlloc: 16,
    fd.ViommuAlloc: 40,
    fd.VdeviceAlloc: 24,
    fd.VeventqAlloc: 32,
}
BLOBS = {fd.VirtualSte: 16, fd.SmmuInfo: 40, fd.PageFault: 40, fd.PageResponse: 8,
         fd.VeventHeader: 8}  # fmt: skip
OFFSETS = [  # structure, field, offset, format
    (fd.HwptAlloc, "dev_id", 8, "I"),
    (fd.HwptAlloc, "data_type", 24, "I"),
    (fd.HwptAlloc, "data_uptr", 32, "Q"),
    (fd.HwptAlloc, "fault_id", 40, "I"),
    (fd.HwptInvalidate, "data_uptr", 8, "Q"),
    (fd.HwptInvalidate, "entry_num", 24, "I"),
    (fd.IoasMap, "user_va", 16, "Q"),
    (fd.IoasMap, "iova", 32, "Q"),
    (fd.ViommuAlloc, "hwpt_id", 16, "I"),
    (fd.ViommuAlloc, "data_uptr", 32, "Q"),
    (fd.VdeviceAlloc, "virt_id", 16, "Q"),
    (fd.VeventqAlloc, "depth", 16, "I"),
    (fd.GetHwInfo, "out_data_type", 24, "I"),
]


def test_layouts():
    for kind, size in SIZES.items():
        raw = kind().pack()
        assert len(raw) == size and struct.unpack_from("<I", raw) == (size,), kind
        with pytest.raises(UapiError) as error:
            kind.unpack(raw[:-4])
        assert error.value.errno == EINVAL
    for kind, size in BLOBS.items():
        assert len(kind().pack()) == size, kind
    for kind, name, offset, code in OFFSETS:
        raw = kind(**{name: 0x1234_5678}).pack()
        assert struct.unpack_from(f"<{code}", raw, offset) == (0x1234_5678,), (kind, name)
    fault = fd.PageFault(1, 2, 3, 4, 5, 0, 0x8000_1000, 0, 7).pack()
    assert struct.unpack("<6IQII", fault) == (1, 2, 3, 4, 5, 0, 0x8000_1000, 0, 7)


def booted(scenario):
    """Boot a VM on iommufd, then run ``scenario(stack)``; returns what it returns."""
    machine = StandinMachine(1)
    host = Host(machine, IOMMUFD_PATH)
    stack = IommufdStack(host)

    async def main():
        await host.boot()
        await stack.boot()
        return await scenario(stack)

    return machine.run(main())


def test_nested_ste_is_the_guests_words_on_the_hosts_stage_2():
    async def scenario(stack):
        addr = stack.host.smmu.ste_address(stack.slot.sid)
        return STE.unpack(stack.host.memory.read(addr, 64)), stack

    ste, stack = booted(scenario)
    assert (ste.config, ste.s2vmid, ste.mev) == (SteConfig.NESTED, stack.config.vmid, 1)
    assert (ste.s1cdmax, ste.s1fmt, ste.s1dss) == (16, 2, 0)
    assert stack.machine.pa(ste.s1contextptr)  # a guest address


REFUSED = [
    (lambda r: fd.IoasMap(4, 999), fd.ENOENT),
    (lambda r: fd.IoasMap(4, 2, user_va=0x1000, length=4096), fd.EFAULT),
    (lambda r: fd.IoasMap(4, 2, length=4095), EINVAL),
    (lambda r: fd.IoasMap(4, 2, reserved=1), fd.EOPNOTSUPP),
    (lambda r: fd.HwptAlloc(0, r.dev_id, 2), fd.EOPNOTSUPP),  # no nest parent
    (lambda r: fd.HwptAlloc(0, r.dev_id, r.tables.parent, data_type=2), EINVAL),  # no vIOMMU
    (lambda r: fd.HwptAlloc(1 << 5, r.dev_id, r.viommu), fd.EOPNOTSUPP),
    (lambda r: fd.HwptAlloc(4, r.dev_id, r.viommu, data_type=2, fault_id=r.viommu), fd.ENOENT),
    (lambda r: fd.HwptAlloc(0, r.dev_id, r.viommu, data_type=2, data_len=8,
                            data_uptr=BUFFER_HVA), EINVAL),
    (lambda r: fd.ViommuAlloc(0, 99, r.dev_id, r.tables.parent), fd.EOPNOTSUPP),
    (lambda r: fd.ViommuAlloc(0, 1, r.dev_id, r.tables.bypass), EINVAL),
    (lambda r: fd.VdeviceAlloc(r.viommu, r.dev_id, virt_id=r.vsid), EINVAL),  # taken
    (lambda r: fd.VeventqAlloc(0, r.viommu, 1, 16), EINVAL),  # there is one
    (lambda r: fd.HwptInvalidate(r.tables.parent, BUFFER_HVA, 1, 16, 1), EINVAL),
    (lambda r: fd.HwptInvalidate(r.viommu, BUFFER_HVA, 1, 8, 1), EINVAL),
    (lambda r: fd.HwptInvalidate(r.viommu, BUFFER_HVA, 0, 16, 1), EINVAL),
    (lambda r: fd.Destroy(r.viommu), fd.EBUSY),
    (lambda r: fd.Destroy(r.tables.nested), fd.EBUSY),
    (lambda r: fd.Destroy(4711), fd.ENOENT),
]  # fmt: skip


def test_refusals():
    async def scenario(stack):
        relay = stack.relay
        for make, errno in REFUSED:
            argument = make(relay)
            with pytest.raises(UapiError) as error:
                await stack.iommufd.ioctl(argument.NUMBER, argument.pack())
            assert error.value.errno == errno, argument
        with pytest.raises(UapiError) as error:
            await stack.iommufd.ioctl(0xFF, b"")
        assert error.value.errno == ENOTTY
        for raw in (fd.PageResponse(77, 0).pack(), fd.PageResponse(1, 2).pack(), b"short"):
            with pytest.raises(UapiError):
                await stack.iommufd.respond(relay.faults, raw)
        return stack.plat.counters["host-smmu-resumes"]

    assert booted(scenario) == 0


@pytest.mark.parametrize(
    ("fields", "good"),
    [
        ({"v": 1, "config": 5, "s1fmt": 2, "s1contextptr": 0x4000_0000, "s1cdmax": 16}, True),
        ({"v": 1, "config": 4}, True),
        ({"v": 0, "config": 3}, True),  # V=0 is abort, whatever else it says
        ({"v": 1, "config": 6}, False),
        ({"v": 1, "config": 5, "eats": 2}, False),
        ({"v": 1, "config": 5, "mev": 1}, False),
        ({"v": 1, "config": 5, "shcfg": 1}, False),
        ({"v": 1, "config": 5, "strw": 2}, False),
    ],
)
def test_virtual_ste(fields, good):
    raw = STE.pack(**fields)
    words = fd.VirtualSte.unpack(raw[:16])
    if good:
        assert virtual_ste(words).items() >= fields.items()
        return
    with pytest.raises(UapiError) as error:
        virtual_ste(words)
    assert error.value.errno == fd.EIO


@pytest.mark.parametrize(
    ("guest", "host"),
    [
        (Cmd.tlbi_nsnh_all(), Cmd.tlbi_nh_all(vmid=7)),
        (Cmd.tlbi_nh_all(vmid=99), Cmd.tlbi_nh_all(vmid=7)),
        (Cmd.tlbi_nh_asid(vmid=99, asid=3), Cmd.tlbi_nh_asid(vmid=7, asid=3)),
        (Cmd.tlbi_nh_va(vmid=99, asid=3, addr=0x5000, tg=1, num=3, scale=0, leaf=1),
         Cmd.tlbi_nh_va(vmid=7, asid=3, addr=0x5000, tg=1, num=3, scale=0, leaf=1)),
        (Cmd.cfgi_cd(sid=0x20, ssid=5, leaf=1), Cmd.cfgi_cd(sid=0x311, ssid=5, leaf=1)),
        (Cmd.cfgi_cd_all(sid=0x20), Cmd.cfgi_cd_all(sid=0x311)),
        (Cmd.cfgi_cd(sid=0x311, ssid=5, leaf=1), None),  # no device of this guest
        (Cmd.tlbi_nh_va(asid=3, addr=0x5000, tg=1, num=0, scale=0), None),  # reserved encoding
        (Cmd.sync(cs=2), None),
        (Cmd.cfgi_ste(sid=0x20, leaf=1), None),
        (Cmd.resume(sid=0x20, stag=1, ac=1, ab=0), None),
        (Cmd.raw(0xFF), None),
    ],
)  # fmt: skip
def test_commands(guest, host):
    if host is not None:
        assert host_command(guest, 7, {0x20: 0x311}, ats=False) == host
        return
    with pytest.raises(UapiError) as error:
        host_command(guest, 7, {0x20: 0x311}, ats=False)
    assert error.value.errno == fd.EIO


def test_a_batch_stops_at_the_command_that_is_refused():
    """The guest sees CERROR_ILL at that command; what stood before it was carried out."""

    async def scenario(stack):
        before = stack.plat.counters["host-smmu-tlbi"]
        smmu = stack.guest_smmu
        good, bad = Cmd.tlbi_nh_asid(asid=1), Cmd.cfgi_cd(sid=0x999, ssid=1, leaf=1)
        at = smmu.cmdq.prod
        await smmu.issue([good, good, bad, good], sync=False)
        cons = await smmu.io.read32(0x9C)
        return at, cons, stack.plat.counters["host-smmu-tlbi"] - before

    at, cons, tlbi = booted(scenario)
    assert (cons & 0x1FF, cons >> 24, tlbi) == (at + 2, 1, 2)


def test_a_batch_is_one_ioctl():
    """Also one that is longer than a batch, and one that a local command ends."""

    async def scenario(stack):
        counters, smmu = stack.plat.counters, stack.guest_smmu
        seen = []
        for commands in (
            [Cmd.tlbi_nh_asid(asid=n) for n in range(1, 6)],
            [Cmd.tlbi_nh_asid(asid=n) for n in range(1, 67)],
            [Cmd.tlbi_nh_asid(asid=1), Cmd.prefetch_config(), Cmd.tlbi_nh_asid(asid=2)],
        ):
            before = counters["ioctls"], counters["host-smmu-tlbi"]
            await smmu.issue(commands, sync=True)
            seen.append((counters["ioctls"] - before[0], counters["host-smmu-tlbi"] - before[1]))
        return seen

    assert booted(scenario) == [(1, 5), (2, 66), (2, 2)]


def test_full_veventq_says_what_was_lost():
    async def scenario(stack):
        relay, domain = stack.relay, stack.host.smmu.domains[stack.slot.sid]
        relay.events.depth = 2
        raw = EventRecord.pack(Event.C_BAD_CD, streamid=stack.slot.sid, substreamid=3)
        for _ in range(4):
            await domain.raw_events(raw)
        await stack.plat.delay(50_000)
        await domain.raw_events(raw)
        await stack.plat.delay(50_000)
        return stack.plat.counters["vevents-lost"], list(stack.guest_smmu.reported)

    lost, reported = booted(scenario)
    assert lost == 2
    assert reported == ["C_BAD_CD sid 0x20 ssid 3"] * 3
