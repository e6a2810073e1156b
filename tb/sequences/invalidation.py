# SPDX-License-Identifier: Apache-2.0
"""Invalidation storms: tables change, every scope of TLBI and CFGI is used, nothing stale is."""

from __future__ import annotations

from collections import Counter

from tb.agents.dvm import DvmItem
from tb.bfm.dvm import Part, tlbi
from tb.bfm.dvm import sync as dvm_sync
from tb.models.fields import Cmd
from tb.sequences.base import SmmuSequence
from tb.sequences.registers import ItemSequence
from tb.sequences.tables import BuildTables

WAYS = ("commands", "dvm", "both")


class InvalidationStorm(SmmuSequence):
    """Each round moves one page of a space to another frame and makes that visible.

    tables   streams with stage 1, from :class:`BuildTables`
    by       ``commands``, ``dvm`` (broadcasts; structures still by commands), ``both``
    pause    cycles between rounds, at most

    After it: ``scopes``, how often each was used.
    """

    def __init__(self, tables: list[BuildTables], rounds: int = 20, name: str = "storm", *,
                 by: str = "both", pause: int = 100, limit: int = 60_000) -> None:  # fmt: skip
        super().__init__(name)
        if by not in WAYS:
            raise ValueError(f"InvalidationStorm by {by!r}: not one of {', '.join(WAYS)}")
        self.tables, self.rounds, self.by = tables, rounds, by
        self.pause, self.limit = pause, limit
        self.scopes: Counter[str] = Counter()

    async def body(self) -> None:
        for _ in range(self.rounds):
            await self.bench.cycles(self.rng.randint(1, self.pause))
            table = self.rng.choice(self.tables)
            ssid = self.rng.choice(list(table.spaces))
            since = self.bench.cycle + 1
            va = self._move(table, ssid)
            await self._show(table, ssid, va)
            if self.sequencer.scoreboard is not None:
                self.sequencer.scoreboard.settle(since)

    def _move(self, table: BuildTables, ssid: int) -> int:
        """One page to another frame of its data; its address."""
        at, to = (self.rng.randrange(table.pages) * table.page for _ in range(2))
        space, va = table.spaces[ssid], table.base + at
        space.unmap(va, table.page)
        space.map(va, table.stream.ipa(table.data[ssid] + to), table.page, table.leaf)
        return va

    async def _show(self, table: BuildTables, ssid: int, va: int) -> None:
        """One of the scopes that cover the page, and a Sync."""
        broadcast = self.by == "dvm" or (self.by == "both" and self.rng.random() < 0.5)
        scope, action = self.rng.choice(list(self._scopes(table, ssid, va, broadcast).items()))
        self.scopes[f"{'dvm ' if broadcast else ''}{scope}"] += 1
        if broadcast:
            await ItemSequence(DvmItem(parts=action)).start(self.sequencer.dvm)
            item = DvmItem(parts=dvm_sync(), complete=True)
            await ItemSequence(item).start(self.sequencer.dvm)
        else:
            await self.prog.command(action)
            await self.prog.sync(self.limit)

    @staticmethod
    def _scopes(
        table: BuildTables, ssid: int, va: int, broadcast: bool
    ) -> dict[str, bytes] | dict[str, list[Part]]:
        vmid, asid = table.vmid, table.asid_of(ssid)
        if broadcast:
            return {
                "va": tlbi(vmid=vmid, asid=asid, addr=va, stage=1),
                "va all asids": tlbi(vmid=vmid, addr=va, stage=1),
                "asid": tlbi(vmid=vmid, asid=asid, stage=1),
                "vmid stage 1": tlbi(vmid=vmid, stage=1),
                "vmid": tlbi(vmid=vmid),
                "all": tlbi(),
            }
        tg = table.granule.tlbi_tg
        return {
            "NH_VA": Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=va),
            "NH_VA range": Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=va, tg=tg, num=1),
            "NH_VAA": Cmd.tlbi_nh_vaa(vmid=vmid, addr=va),
            "NH_ASID": Cmd.tlbi_nh_asid(vmid=vmid, asid=asid),
            "NH_ALL": Cmd.tlbi_nh_all(vmid=vmid),
            "S12_VMALL": Cmd.tlbi_s12_vmall(vmid=vmid),
            "NSNH_ALL": Cmd.tlbi_nsnh_all(),
        }
