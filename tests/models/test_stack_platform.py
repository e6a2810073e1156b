# SPDX-License-Identifier: Apache-2.0
"""Virtual-time scheduler, cost table, VFIO layouts and stage-2 tables of the software stack."""

from __future__ import annotations

import random
import struct

import pytest

from tb.models.audit import PAGE, Audit
from tb.models.costs import load_costs
from tb.models.cpu import walk
from tb.models.host import uapi
from tb.models.host.memory import HostMemory
from tb.models.host.stage2 import Stage2Table
from tb.models.memory import Memory
from tb.models.platform import Channel, Mutex
from tb.models.virtual_time import DeadlockError, VirtualPlatform


@pytest.fixture
def plat() -> VirtualPlatform:
    return VirtualPlatform(Memory(), load_costs(), seed=1, jitter_pct=0)


def test_delays_advance_time_in_order(plat):
    seen = []

    async def sleeper(cycles: int) -> None:
        await plat.delay(cycles, "user")
        seen.append((plat.now, cycles))

    async def main() -> None:
        tasks = [plat.spawn(sleeper(n)) for n in (30, 10, 20)]
        for task in tasks:
            await task.join()

    plat.run(main())
    assert seen == [(10, 10), (20, 20), (30, 30)]
    assert plat.ledger["user"] == 60


def test_events_are_sticky_and_wake_every_waiter(plat):
    flag = plat.event("flag")
    woken = []

    async def waiter(name: str) -> None:
        await flag.wait()
        woken.append((name, plat.now))

    async def main() -> None:
        tasks = [plat.spawn(waiter(name)) for name in "ab"]
        await plat.delay(5)
        flag.set()
        for task in tasks:
            await task.join()
        await flag.wait()  # still set: returns at once

    plat.run(main())
    assert woken == [("a", 5), ("b", 5)]


def test_mutex_is_first_come_first_served(plat):
    lock, order = Mutex(plat, "lock"), []

    async def user(name: str) -> None:
        async with lock:
            await plat.delay(10)
            order.append((name, plat.now))

    async def main() -> None:
        tasks = [plat.spawn(user(name)) for name in "abc"]
        for task in tasks:
            await task.join()

    plat.run(main())
    assert order == [("a", 10), ("b", 20), ("c", 30)]


def test_channel_drains(plat):
    channel, served = Channel(plat, "work"), []

    async def worker() -> None:
        while True:
            item = await channel.get()
            await plat.delay(7)
            served.append(item)
            channel.done()

    async def main() -> None:
        plat.spawn(worker())
        for item in range(3):
            channel.put(item)
        await channel.drain()
        assert served == [0, 1, 2]

    plat.run(main())
    assert plat.now == 21


def test_deadlock_and_watchdog_are_reported(plat):
    async def stuck() -> None:
        await plat.event("never").wait()

    async def slow() -> None:
        await plat.delay(1000)

    with pytest.raises(DeadlockError):
        plat.run(stuck())
    with pytest.raises(TimeoutError):
        plat.run(slow(), limit=100)


def test_every_cost_has_cycles_layer_and_source():
    table = load_costs()
    assert table.clock_mhz == 1000
    assert {"user", "guest-kernel", "kvm", "qemu", "host-kernel"} <= set(table.layers)
    assert all(cost.cycles > 0 and len(cost.source) > 20 for cost in table)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("clock_mhz: 0\nlayers: {}", "clock_mhz"),
        ("clock_mhz: 1\nsources: {}\nlayers: {a: {x: {cycles: 1, source: no}}}", "layers.a.x"),
        ("clock_mhz: 1\nsources: {s: t}\nlayers: {a: {x: {cycles: -1, source: s}}}", "cycles"),
    ],
)
def test_bad_cost_tables_are_refused(tmp_path, text, named):
    path = tmp_path / "costs.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=named):
        load_costs(path)


def test_vfio_layouts_match_the_2020_headers():
    table = uapi.PasidTable(
        config=uapi.PASID_CONFIG_TRANSLATE, base_ptr=0x1234_5000, pasid_bits=16, s1fmt=2, s1dss=1
    ).pack()
    assert len(table) == 40
    assert struct.unpack_from("<I", table, 12) == (1,)
    assert struct.unpack_from("<QBB", table, 16) == (0x1234_5000, 16, 1)
    assert table[36:38] == bytes([2, 1])

    inv = uapi.CacheInvalidate(
        uapi.CACHE_IOTLB, uapi.GRANU_ADDR, uapi.INV_ARCHID, 7, 3, 0x8000, PAGE, 4
    ).pack()
    assert inv[12:14] == bytes([1, 2])
    assert struct.unpack_from("<IIQQQQ", inv, 16) == (2, 7, 3, 0x8000, PAGE, 4)

    request = uapi.IommuFault(uapi.FAULT_PAGE_REQUEST, 3, pasid=5, addr=0x9000, perm=2, grpid=0x101)
    raw = request.pack()
    assert len(raw) == 64
    assert struct.unpack_from("<IIIIIIQ", raw, 0) == (2, 0, 3, 5, 0x101, 2, 0x9000)
    assert uapi.IommuFault.unpack(raw) == request

    fatal = uapi.IommuFault(
        uapi.FAULT_UNRECOVERABLE, 3, pasid=5, addr=0x9000, perm=1, reason=5, fetch_addr=0x77
    )
    raw = fatal.pack()
    assert struct.unpack_from("<IIIIIIQQ", raw, 0) == (1, 0, 5, 3, 5, 1, 0x9000, 0x77)
    assert uapi.IommuFault.unpack(raw) == fatal

    response = uapi.PageResponse(5, 0x101, uapi.RESP_INVALID)
    assert struct.unpack_from("<IIIII", response.pack()) == (1, 1, 5, 0x101, 1)
    assert uapi.PageResponse.unpack(response.pack()) == response
    with pytest.raises(OSError):
        uapi.PasidTable.unpack(bytes(40))


def test_stage2_tables_translate_what_was_mapped():
    memory, audit = Memory(), Audit(lambda: 0)
    host = HostMemory(memory, audit, random.Random(1))
    table = Stage2Table(host, "host:kvm-stage2")
    wanted = {0x4000_0000 + i * 0x20_1000: host.alloc_page("guest:ram") for i in range(40)}
    for ipa, pa in wanted.items():
        table.map_page(ipa, pa)
    for ipa, pa in wanted.items():
        leaf = walk(host.read64, table.root, ipa, 1)
        assert leaf is not None and leaf.base == pa == table.lookup(ipa)
    first = next(iter(wanted))
    table.unmap_page(first)
    assert table.lookup(first) is None and table.mapped == len(wanted) - 1
    with pytest.raises(ValueError):
        table.map_page(1 << 40, 0x4000_0000)


def test_audit_tells_isolation_from_stale():
    audit = Audit(lambda: 42)
    audit.own(0x5000, "proc:1")
    audit.own(0x6000, "proc:2")
    audit.grant(1, 0x5000, write=False)
    audit.device(1, "dma:q0", False, 0x5010, 16)
    assert not audit.violations
    audit.device(1, "dma:q0", True, 0x5010, 16)  # read-only translation
    audit.device(1, "dma:q0", False, 0x6000, 16)  # of another process
    audit.retire(1, 0x5000)
    audit.device(1, "dma:q0", False, 0x5010, 16)
    audit.smmu(False, 0x6000, 8)  # the walk port has no business there
    assert [v.kind for v in audit.violations] == ["isolation", "isolation", "stale", "isolation"]
    assert audit.by_owner()["proc:1"] == {"dma:q0 read": 2, "dma:q0 write": 1}
