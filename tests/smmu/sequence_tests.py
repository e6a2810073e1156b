# SPDX-License-Identifier: Apache-2.0
"""The sequence library beyond what docs/sequences.md shows: other kinds, orders and patterns."""

from __future__ import annotations

import pyuvm

from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_test import SmmuTest
from tb.models.vmsa import GRANULE_64K
from tb.sequences.bringup import BringUp
from tb.sequences.dma import DmaMix
from tb.sequences.faults import FaultAndResume
from tb.sequences.invalidation import InvalidationStorm
from tb.sequences.pressure import EventPressure
from tb.sequences.tables import BuildTables


class Throttled(SmmuTest):
    """Every channel at a random rate."""

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.bench.throttle = True


@pyuvm.test(timeout_time=10, timeout_unit="ms")
class LinuxOrder(Throttled):
    """INI-*: the order of the Linux driver; a second bring-up without a reset."""

    async def scenario(self) -> None:
        tables = BuildTables(0x05, s2=True, vmid=3, granule=GRANULE_64K, pages=2)
        await self.run(tables)
        for _ in range(2):
            up = BringUp(order="linux")
            await self.run(up)
            assert up.cycles
            await self.run(DmaMix(tables.targets, 8, kind="copy"))


@pyuvm.test(timeout_time=10, timeout_unit="ms")
class DmaKinds(SmmuTest):
    """Streams of all shapes on bypass, stage 1 and stage 2 at once."""

    async def scenario(self) -> None:
        tables = [
            BuildTables(0x05, ssids=3), BuildTables(0x06, ssids=0), BuildTables(0x07, s2=True),
            BuildTables(0x08, ssids=0, s2=True, vmid=4),
        ]  # fmt: skip
        for table in tables:
            await self.run(table)
        await self.run(BringUp())
        targets = [target for table in tables for target in table.targets]
        for kind in ("wild", "stream", "copy"):
            mix = DmaMix(targets, 12, kind=kind)
            await self.run(mix)
            assert mix.count == 12 * len(self.env.devices)
        await self.prog.events()


@pyuvm.test(timeout_time=20, timeout_unit="ms")
class StormUnderFaults(Throttled):
    """An invalidation storm by DVM while a page fault handler works and devices go on."""

    async def scenario(self) -> None:
        steady = BuildTables(0x05, ssids=2, s2=True, vmid=1)
        faulting = BuildTables(0x06, stall=True, holes=8)
        for sequence in (steady, faulting, BringUp()):
            await self.run(sequence)
        storm = InvalidationStorm([steady], 12, by="dvm")
        faults = FaultAndResume(faulting, 8, pattern="mix")
        await self.run_all(storm, faults, DmaMix(steady.targets, 60))
        assert storm.scopes.total() == 12 and faults.answers


@pyuvm.test(timeout_time=20, timeout_unit="ms")
class ResumePatterns(SmmuTest):
    """Each pattern of FaultAndResume on a nested stream."""

    async def scenario(self) -> None:
        await self.run(BringUp())
        for number, pattern in enumerate(("abort", "razwi", "reverse", "stall_term")):
            tables = BuildTables(
                0x10 + number, s2=True, vmid=7, stall=True, holes=4, base=0x100_0000 * (number + 1)
            )
            faults = FaultAndResume(tables, 6, pattern=pattern)
            await self.run(tables)
            await self.run(faults)
            assert faults.answers[pattern], pattern


@pyuvm.test(timeout_time=20, timeout_unit="ms")
class EventPressureOfOneEntry(Throttled):
    """STL-018: an event queue of a single entry loses no stall record."""

    async def scenario(self) -> None:
        tables = BuildTables(0x06, stall=True, holes=1)
        await self.run(tables)
        await self.run(BringUp(eventq_log2=0))
        pressure = EventPressure(tables, 5)
        await self.run(pressure)
        assert pressure.full and pressure.served >= 5
