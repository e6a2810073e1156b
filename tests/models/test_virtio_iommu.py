# SPDX-License-Identifier: Apache-2.0
"""The virtio IOMMU: layouts, every status, and the scenario with its defects."""

from __future__ import annotations

import struct

import pytest

from tb.models.host.machine import Host
from tb.models.linux.virtio import VirtioProbeError
from tb.models.linux.virtio_iommu import DmaDomain, RequestError
from tb.models.qemu.emulated_dma import EmulatedDma
from tb.models.qemu.virtio_iommu import MAX_MAPPINGS
from tb.models.standin.machine import StandinMachine
from tb.models.virtio import iommu
from tb.models.virtio.iommu import FaultFlag, Feature, Property, Reason, Request, Status, Type
from tb.models.virtio.mmio import Reg
from tb.models.virtio_stack import EMULATED, VirtioStack
from tests.models.played import played

RAM = 0x4000_0000


# ---- layouts (facts 9.1, 9.2) -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "size"),
    [("ATTACH", 24), ("DETACH", 24), ("MAP", 40), ("UNMAP", 32), ("PROBE", 76),
     ("ATTACH_TABLE", 80), ("INVALIDATE", 64), ("PAGE_RESP", 40)],
)  # fmt: skip
def test_request_sizes(kind, size):
    raw = Request(Type[kind]).pack()
    assert len(raw) + iommu.TAIL_BYTES == size and raw[0] == Type[kind]


def test_request_offsets():
    raw = Request(
        Type.MAP,
        {"domain": 1, "virt_start": 2, "virt_end": 3, "phys_start": 4, "flags": 5},
    ).pack()
    assert struct.unpack("<IIQQQI", raw) == (Type.MAP, 1, 2, 3, 4, 5)
    table = Request(
        Type.ATTACH_TABLE,
        {"domain": 1, "endpoint": 2, "format": 3, "s1fmt": 4, "s1dss": 5, "s1contextptr": 6,
         "s1cdmax": 7},
    ).pack()  # fmt: skip
    assert struct.unpack_from("<IIHBBQI", table, 4) == (1, 2, 3, 4, 5, 6, 7)
    inv = Request(
        Type.INVALIDATE,
        {"inv_gran": 1, "inv_type": 2, "flags": 3, "domain": 4, "pasid": 5, "archid": 6,
         "virt_start": 7, "nr_pages": 8, "granule": 9},
    ).pack()  # fmt: skip
    assert struct.unpack_from("<HHH", inv, 4) == (1, 2, 3)
    assert struct.unpack_from("<II", inv, 12) == (4, 5)
    assert struct.unpack_from("<QQQB", inv, 24) == (6, 7, 8, 9)
    resp = Request(Type.PAGE_RESP, {"flags": 1, "pasid": 2, "grpid": 3, "resp_code": 4}).pack()
    assert struct.unpack_from("<IIIH", resp, 12) == (1, 2, 3, 4)


def test_event_layouts():
    short = iommu.FaultEvent(Reason.MAPPING, FaultFlag.WRITE | FaultFlag.ADDRESS, 7, 0x1234)
    assert struct.unpack("<IIIIQ", short.pack()) == (2, 258, 7, 0, 0x1234)
    assert iommu.FaultEvent.unpack(short.pack()) == short
    long = iommu.TableEvent(Reason.PTE_FETCH, 2, FaultFlag.READ, 3, 7, 8, 9, 0x1234)
    raw = long.pack()
    assert len(raw) == 48 and struct.unpack_from("<IHHIIIII", raw) == (4, 2, 0, 1, 3, 7, 8, 9)
    assert struct.unpack_from("<Q", raw, 32) == (0x1234,)
    assert iommu.TableEvent.unpack(raw) == long


def test_properties_skip_the_unknown():
    raw = iommu.pack_properties([(Property.RESV_MEM, (1, 2, 3)), (Property.PASID_SIZE, (16,))], 64)
    assert struct.unpack_from("<HHB3xQQ", raw) == (1, 20, 1, 2, 3)
    unknown = struct.pack("<HHQ", 99, 8, 0)
    assert iommu.unpack_properties(unknown + raw) == iommu.unpack_properties(raw)
    with pytest.raises(ValueError, match="probe_size"):
        iommu.pack_properties([(Property.RESV_MEM, (1, 2, 3))], 8)


# ---- requests of the guest ----------------------------------------------------------------------
def on_guest(scenario, features: Feature | None = None):
    """Boot a VM and run ``scenario(stack, cpu)`` in its guest; returns what it returns."""
    machine = StandinMachine(1)
    stack = VirtioStack(Host(machine))

    async def main():
        await stack.host.boot()
        await stack.boot_vm()
        if features is not None:
            stack.viommu.transport.features &= ~int(features)
        await stack.boot_guest()
        return await scenario(stack, stack.kernel.cpus[0])

    return machine.run(main())


MAP = {"domain": 1, "virt_start": 0x1000, "virt_end": 0x2FFF, "phys_start": RAM, "flags": 3}
REFUSED = {
    "endpoint": (Type.ATTACH, {"domain": 1, "endpoint": 99}, Status.NOENT),
    "reserved": (Type.ATTACH, {"domain": 1, "endpoint": EMULATED, "reserved": 1}, Status.INVAL),
    "flags": (Type.ATTACH, {"domain": 1, "endpoint": EMULATED, "flags": 2}, Status.INVAL),
    "domain-range": (Type.ATTACH, {"domain": 0x10000, "endpoint": EMULATED}, Status.RANGE),
    "detach-domain": (Type.DETACH, {"domain": 9, "endpoint": EMULATED}, Status.NOENT),
    "detach-other": (Type.DETACH, {"domain": 1, "endpoint": 0x20}, Status.INVAL),
    "map-domain": (Type.MAP, MAP | {"domain": 9}, Status.NOENT),
    "map-flags": (Type.MAP, MAP | {"flags": 8}, Status.INVAL),
    "map-mmio": (Type.MAP, MAP | {"flags": 7}, Status.INVAL),
    "map-empty": (Type.MAP, MAP | {"virt_end": 0xFFF}, Status.INVAL),
    "map-virt": (Type.MAP, MAP | {"virt_start": 0x1800}, Status.RANGE),
    "map-end": (Type.MAP, MAP | {"virt_end": 0x2000}, Status.RANGE),
    "map-phys": (Type.MAP, MAP | {"phys_start": RAM + 8}, Status.RANGE),
    "map-input": (Type.MAP, MAP | {"virt_end": (1 << 39) + 0xFFF}, Status.RANGE),
    "map-overlap": (Type.MAP, MAP | {"virt_start": 0x5000, "virt_end": 0x6FFF}, Status.INVAL),
    "map-reserved": (
        Type.MAP, MAP | {"virt_start": 0x0802_0000, "virt_end": 0x0802_0FFF}, Status.INVAL,
    ),
    "map-no-ram": (Type.MAP, MAP | {"phys_start": 0x1000_0000}, Status.FAULT),
    "unmap-domain": (Type.UNMAP, {"domain": 9}, Status.NOENT),
    "unmap-split": (
        Type.UNMAP, {"domain": 1, "virt_start": 0x5000, "virt_end": 0x5FFF}, Status.RANGE,
    ),
    "probe-endpoint": (Type.PROBE, {"endpoint": 99}, Status.NOENT),
    "probe-room": (Type.PROBE, {"endpoint": EMULATED}, Status.INVAL),
    "table-format": (
        Type.ATTACH_TABLE, {"domain": 5, "endpoint": 0x20, "format": 1}, Status.UNSUPP,
    ),
    "table-endpoint": (
        Type.ATTACH_TABLE, {"domain": 5, "endpoint": EMULATED, "format": 2}, Status.UNSUPP,
    ),
    "table-pasids": (
        Type.ATTACH_TABLE, {"domain": 5, "endpoint": 0x20, "format": 2, "s1cdmax": 17},
        Status.RANGE,
    ),
    "response": (
        Type.PAGE_RESP, {"domain": 2, "endpoint": 0x20, "grpid": 0x4242}, Status.NOENT,
    ),
    "invalidate": (Type.INVALIDATE, {"domain": 2, "inv_gran": 3, "inv_type": 1}, Status.INVAL),
    "invalidate-asid": (
        Type.INVALIDATE, {"domain": 2, "inv_gran": 2, "inv_type": 1}, Status.INVAL,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def refusals():
    """Status of each request of REFUSED, and what was mapped before and after them."""

    async def scenario(stack, cpu):
        send, got = stack.iommu.request, {}
        await send(cpu, Type.ATTACH, domain=1, endpoint=EMULATED)
        await send(cpu, Type.ATTACH, domain=2, endpoint=0x20)
        await send(cpu, Type.MAP, **MAP | {"virt_start": 0x4000, "virt_end": 0x7FFF})
        before = dict(stack.viommu.domains[1].mappings)
        for name, (kind, fields, _) in REFUSED.items():
            room = 8 if kind == Type.PROBE and name == "probe-room" else 0
            room = 512 if name == "probe-endpoint" else room
            try:
                await send(cpu, kind, room, **fields)
                got[name] = Status.OK
            except RequestError as error:
                got[name] = error.status
        return got, before, dict(stack.viommu.domains[1].mappings)

    return on_guest(scenario)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(refusals, name):
    assert refusals[0][name] == REFUSED[name][2]


def test_refused_requests_change_nothing(refusals):
    assert refusals[1] == refusals[2] and len(refusals[1]) == 1


def test_unknown_type_short_request_and_device_error():
    """An unknown type is not answered; a short one is IOERR; a VFIO error is DEVERR."""

    async def scenario(stack, cpu):
        out = [await stack.iommu.send(cpu, bytes([0x77]) + bytes(31))]
        out.append(await stack.iommu.send(cpu, bytes([Type.MAP]) + bytes(7)))
        await stack.iommu.request(cpu, Type.ATTACH, domain=1, endpoint=0x20)
        stack.container.pinned[0x1000] = RAM  # VFIO has something there already
        with pytest.raises(RequestError) as refusal:
            await stack.iommu.request(cpu, Type.MAP, **MAP)
        return out, refusal.value.status, stack.viommu.domains[1].mappings

    out, status, mappings = on_guest(scenario)
    assert out[0] == (0, b"\xff" * 4)
    assert out[1] == (4, bytes([Status.IOERR, 0, 0, 0]))
    assert status == Status.DEVERR and not mappings


def test_no_memory_and_unmap_of_several():
    async def scenario(stack, cpu):
        send = stack.iommu.request
        await send(cpu, Type.ATTACH, domain=1, endpoint=EMULATED)
        for page in (0, 2, 4):
            at = page << 12
            await send(cpu, Type.MAP, **MAP | {"virt_start": at, "virt_end": at + 0xFFF})
        await send(cpu, Type.UNMAP, domain=1, virt_start=0, virt_end=0x2FFF)
        left = list(stack.viommu.domains[1].mappings)
        mapping = stack.viommu.domains[1].mappings[0x4000]
        full = {1 << 30 | i: mapping for i in range(MAX_MAPPINGS)}
        stack.viommu.domains[1].mappings.update(full)
        with pytest.raises(RequestError) as refusal:
            await send(cpu, Type.MAP, **MAP | {"virt_start": 0x9000, "virt_end": 0x9FFF})
        return left, refusal.value.status

    assert on_guest(scenario) == ([0x4000], Status.NOMEM)


def test_what_was_not_negotiated():
    async def scenario(stack, cpu):
        with pytest.raises(RequestError) as refusal:
            await stack.iommu.request(cpu, Type.ATTACH_TABLE, domain=1, endpoint=0x20, format=2)
        return refusal.value.status

    assert on_guest(scenario, Feature.ATTACH_TABLE) == Status.UNSUPP


def test_bypass():
    """An unattached endpoint bypasses when the configuration says so, and in a bypass domain."""

    async def scenario(stack, cpu):
        translate, seen = stack.viommu.translate, []
        seen.append(await translate(EMULATED, RAM, True))
        await stack.iommu.device.write_config(cpu, 36, 1)
        seen.append(await translate(EMULATED, RAM, True))
        await stack.iommu.device.write_config(cpu, 36, 0)
        domain = DmaDomain(7)
        await stack.iommu.attach(cpu, domain, EMULATED, iommu.ATTACH_BYPASS)
        seen.append(await translate(EMULATED, RAM, True))
        with pytest.raises(RequestError):
            await stack.iommu.request(cpu, Type.MAP, **MAP | {"domain": 7})
        return seen

    assert on_guest(scenario) == [None, RAM, RAM]


def test_attach_moves_and_replays():
    """Attaching elsewhere leaves the old domain; a second endpoint gets what is mapped."""

    async def scenario(stack, cpu):
        send = stack.iommu.request
        second = EmulatedDma(stack.plat, stack.machine, stack.viommu, stack.host.audit, 0x22)
        await send(cpu, Type.ATTACH, domain=1, endpoint=EMULATED)
        await send(cpu, Type.MAP, **MAP)
        await send(cpu, Type.ATTACH, domain=1, endpoint=0x20)  # the accelerator
        mapped = stack.domain.stage2.lookup(0x1000)
        await send(cpu, Type.ATTACH, domain=1, endpoint=second.number)
        await send(cpu, Type.ATTACH, domain=2, endpoint=EMULATED)
        await send(cpu, Type.ATTACH, domain=2, endpoint=0x20)
        found = [await stack.viommu.translate(e, 0x1000, False) for e in (EMULATED, 0x22)]
        return mapped == stack.machine.pa(RAM), stack.domain.stage2.lookup(0x1000), found

    assert on_guest(scenario) == (True, None, [None, RAM])


def test_broken_ring_needs_a_reset():
    async def scenario(stack, cpu):
        layout = stack.viommu.transport.queues[0]._ring
        cpu.kwrite(layout.avail + 2, (99).to_bytes(2, "little"))
        await stack.iommu.device.notify(cpu, 0)
        return await stack.iommu.device.broken(cpu)

    assert on_guest(scenario) is True


def test_feature_that_was_not_offered():
    """FEATURES_OK reads back as zero, and the driver gives up."""

    async def scenario(stack, cpu):
        device, wanted = stack.iommu.device, stack.iommu.WANTED
        stack.viommu.transport.features &= ~1
        device_reads = device._read

        async def liar(cpu, offset):
            value = await device_reads(cpu, offset)
            return value | 1 if offset == Reg.DEVICE_FEATURES else value

        device._read = liar
        with pytest.raises(VirtioProbeError, match="refuses"):
            await device.negotiate(cpu, iommu.DEVICE_ID, wanted)

    on_guest(scenario)


# ---- the scenario -------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", [2, 3])
def test_other_seeds(seed):
    assert StandinMachine(seed).play("virtio-iommu")["errors"] == []


def test_each_part_takes_what_it_needs():
    result = played("virtio-iommu")
    facts = result["phases"]
    assert facts["emulated"]["ioctls"] == facts["emulated"]["commands"] == 0
    assert facts["kernel_dma"]["tlb_invalidations"] > 0
    assert facts["processes"]["events"] >= 12 == result["stalls_resolved"]
