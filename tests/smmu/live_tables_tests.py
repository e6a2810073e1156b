# SPDX-License-Identifier: Apache-2.0
"""Blocks, tables and Contiguous change without break-before-make under live traffic."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cocotb

from tb.models.fields import Cmd
from tb.models.vmsa import GRANULE_4K, GRANULE_16K, GRANULE_64K, Granule, PageTable
from tests.smmu.live_updates_tests import Traffic
from tests.smmu.stage1_tests import SID
from tests.smmu.walk_scene import WalkScene

SPLITS: tuple[tuple[Granule, int], ...] = (
    (GRANULE_4K, 2), (GRANULE_4K, 1), (GRANULE_16K, 2), (GRANULE_64K, 2),
)  # fmt: skip


@dataclass
class Switch:
    """A leaf of a tree that is now a block, now a table of smaller leaves with the same output."""

    tree: PageTable
    ia: int
    level: int
    out: int
    table: int = 0

    def __post_init__(self) -> None:
        granule, size = self.tree.granule, self.size
        step = granule.leaf_size(self.level + 1)
        self.steps = range(0, size, max(size // 16, step))
        base = self.ia & size - 1
        assert not base, "aligned"
        alloc = self.tree._alloc
        self.under = PageTable(self.tree.memory, granule, stage=self.tree.stage, alloc=alloc,
                               input_bits=self.tree.input_bits, to_pa=self.tree._to_pa,
                               start_level=self.tree.start_level)  # fmt: skip
        for offset in self.steps:
            self.under.map(self.ia + offset, self.out + offset, step, level=self.level + 1)
        self.table = self.under.get(self.ia, self.level)
        self.to_block(0)

    @property
    def size(self) -> int:
        """Bytes of the block."""
        return self.tree.granule.leaf_size(self.level)

    def to_block(self, turn: int, out: int | None = None) -> None:
        """A block, with nT and Contiguous in turn."""
        extra = (turn & 1) << 16 | (turn >> 1 & 1) << 52
        block = self.tree.encode(self.out if out is None else out, self.level)
        self.tree.put(self.ia, self.level, block | extra)

    def to_table(self) -> None:
        """The table of smaller leaves."""
        self.tree.put(self.ia, self.level, self.table)

    def flip_contiguous(self, index: int) -> None:
        """Toggle Contiguous of one leaf of the table."""
        at = self.under._to_pa(
            self.under.entry_address(self.ia + self.steps[index], self.level + 1)
        )
        self.tree.memory.poke64(at, self.tree.memory.peek64(at) ^ 1 << 52)


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def live_split_and_merge(dut: Any) -> None:
    """UPD-011, UPD-012, VM2-016: block, table, Contiguous, nT change under traffic: no event."""
    s = await WalkScene.start(dut)
    sid, out = SID, 0x40_0000_0000
    for (granule, level), stages in product(SPLITS, (1, 2, 3)):
        sid += 1
        size = granule.leaf_size(level)
        base = 8 * size
        switches = []
        second = s.prog.tree(granule, stage=2, input_bits=44)
        stream = s.prog.stream(sid, s1=bool(stages & 1), s2=second if stages & 2 else False,
                               s2vmid=sid)  # fmt: skip
        middle = 1 << 42 if stages == 3 else out
        if stages & 1:
            switches.append(Switch(stream.space(granule=granule, asid=sid), base, level, middle))
        if stages & 2:
            ia = middle if stages & 1 else base
            switches.append(Switch(second, ia, level, out))
        every = [base + offset for offset in switches[0].steps][:6]
        wrong: list[str] = []

        def judge(addr: int, txn: Any, sent: Any, base: int = base,
                  wrong: list[str] = wrong) -> None:  # fmt: skip
            if not txn.ok or sent is None or sent.addr != out + addr - base:
                wrong.append(f"0x{addr:x}: {txn.resp} {sent}")

        one = every[2]
        if stages == 2:
            commands = [Cmd.tlbi_s2_ipa(vmid=sid, addr=one)]
        else:
            commands = [Cmd.tlbi_nh_va(vmid=sid, asid=sid, addr=one)]
            if stages == 3:
                commands.insert(0, Cmd.tlbi_s2_ipa(vmid=sid, addr=middle + one - base))
        traffic = Traffic(s, sid, every, judge)
        for turn in range(6):
            switch = switches[turn // 2 % len(switches)]
            await s.cycles(37 + turn)
            if turn % 2 == 0:
                switch.to_table()
            else:
                switch.to_block(turn // 2)
            await s.cycles(100 + 11 * turn)
            await s.invalidate(*commands)
        for index in range(4):
            switches[-1].to_table()
            switches[-1].flip_contiguous(index)
            await s.cycles(60)
        count = await traffic.stop()
        where = f"{granule.name} L{level} stages {stages}"
        assert not wrong, f"{where}: {wrong[0]}"
        assert count > 20
        # merge, invalidate one address, then move the block: there only the last is seen
        for switch in switches:
            switch.to_block(0)
        await s.invalidate(*commands)
        assert (await s.access(one, sid)).pa == out + one - base, where
        switches[-1].to_block(0, out + 4 * size)
        await s.invalidate(*commands)
        for addr in (one, one + 0x40):
            seen = await s.access(addr, sid)
            assert seen.pa == out + 4 * size + addr - base, f"{where}: 0x{addr:x}"
    assert not await s.prog.events(), "an event"
    await s.finish()
