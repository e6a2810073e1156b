# SPDX-License-Identifier: Apache-2.0
"""UVM random tests: all ports busy while software changes what they are translated by."""

from __future__ import annotations

import cocotb
import pyuvm
from pyuvm import uvm_sequencer

from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_test import SmmuTest
from tb.models.fields import Cmd
from tb.sequences.changes import Change, World
from tb.sequences.dma import flood
from tb.sequences.traffic import RandomTraffic

VA = 0x4000_0000
DATA, FRAMES = 0x4800_0000, 16
OPEN_LIMIT = 12  # bursts a port has open
SYNC_LIMIT = 20_000  # cycles


class ChangeTest(SmmuTest):
    """Traffic on every port; changes and their invalidations one after the other."""

    changes = 40
    throttle = True
    use_dvm = False

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.bench.throttle = self.throttle

    async def scenario(self) -> None:
        self.prog.layout.regs["CR2"] = {"recinvsid": 1, "ptm": 0}
        world = World(self.prog, self.rng, DATA, FRAMES)
        world.add(0x05, vmid=0, s2=False, ssids=2, base=VA, pages=8)
        world.add(0x16, vmid=7, s2=True, ssids=2, base=VA, pages=8)
        world.add(0x27, vmid=9, s2=True, ssids=1, base=VA, pages=8)
        world.add(0x38, vmid=11, s2=True, ssids=2, base=VA + 0x1000_0000, pages=8, s=1)
        self.scatter(DATA, FRAMES * 0x1000)
        await self.prog.start()
        self.stop = self.terminate = False
        ports = [
            cocotb.start_soon(self.flood(device.sequencer, world)) for device in self.env.devices
        ]
        for _ in range(self.changes):
            await self.bench.cycles(self.rng.choice((1, 20, 100, 300)))
            await self.apply(world.change())
            await self.serve_events()
        self.stop, self.terminate = True, True
        while not all(port.done() for port in ports):
            await self.serve_events()
            await self.bench.cycles(50)
        await self.serve_events()

    async def serve_events(self) -> None:
        """Resume what stalls: mostly retried, in the end terminated."""
        for record in await self.prog.events():
            if record.get("stall"):
                retry = int(not self.terminate and self.rng.random() < 0.7)
                abort = self.rng.randrange(2)
                sid, stag = record.streamid, record.stag
                await self.prog.command(Cmd.resume(sid=sid, stag=stag, ac=retry, ab=abort))

    async def flood(self, sequencer: uvm_sequencer, world: World) -> None:
        """Random bursts, a bounded number open, until the test stops."""

        def more() -> RandomTraffic | None:
            return None if self.stop else self.traffic(world.targets, 4, max_beats=4)

        await flood(self.bench, sequencer, more, OPEN_LIMIT)

    async def apply(self, change: Change) -> None:
        """Make a change visible, by commands or by DVM."""
        await self.bench.cycles(self.rng.choice((1, 2, 30)))
        since = self.bench.cycle
        self.logger.debug("cycle %d: %s", since, change.what)
        if self.use_dvm and change.dvm:
            await self.broadcast(*self.rng.choice(change.dvm))
        else:
            await self.prog.command(*self.rng.choice(change.commands))
            await self.prog.sync(SYNC_LIMIT)
        self.env.scoreboard.settle(since)
        self.logger.debug("cycle %d: settled", self.bench.cycle)


@pyuvm.test(timeout_time=50, timeout_unit="ms")
class CommandRandom(ChangeTest):
    """TLBI and CFGI commands under traffic."""


@pyuvm.test(timeout_time=50, timeout_unit="ms")
class DvmRandom(ChangeTest):
    """Broadcast invalidation where it serves, commands elsewhere."""

    use_dvm = True


@pyuvm.test(timeout_time=50, timeout_unit="ms")
class FastRandom(ChangeTest):
    """The same with nothing held back: short walks, dense bursts."""

    throttle = False
    use_dvm = True
