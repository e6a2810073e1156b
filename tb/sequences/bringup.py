# SPDX-License-Identifier: Apache-2.0
"""Bring-up: from reset, or from a stopped SMMU, to one that translates (rules INI-*)."""

from __future__ import annotations

from tb.models.fields import Cmd
from tb.sequences.base import SmmuSequence

ORDERS = ("architecture", "linux")


class BringUp(SmmuSequence):
    """Registers, queues, enables, each acknowledged.

    order         ``architecture``: queues and tables first, both queues enabled together;
                  ``linux``: command queue first, caches invalidated, then events, interrupts
    cmdq_log2, eventq_log2   log2 of the entries, None keeps those of the program's layout
    invalidate    CFGI_ALL and TLBI_NSNH_ALL before SMMUEN, as after a reset of unknown caches
    dvm           broadcast invalidation acts (CR2.PTM=0)
    cr0           further fields of CR0

    After it: ``cycles`` it took.
    """

    def __init__(self, name: str = "bring_up", *, order: str = "architecture",
                 cmdq_log2: int | None = None, eventq_log2: int | None = None,
                 invalidate: bool = True, dvm: bool = True, **cr0: int) -> None:  # fmt: skip
        super().__init__(name)
        if order not in ORDERS:
            raise ValueError(f"BringUp order {order!r}: not one of {', '.join(ORDERS)}")
        self.order, self.invalidate, self.cr0 = order, invalidate, cr0
        self.cr2 = {"recinvsid": 1, "ptm": int(not dvm)}
        self.sizes = {"cmdq_log2": cmdq_log2, "eventq_log2": eventq_log2}
        self.cycles = 0

    async def body(self) -> None:
        prog, start = self.prog, self.bench.cycle
        for name, log2 in self.sizes.items():
            if log2 is not None:
                setattr(prog.layout, name, log2)
        if self.order == "linux":
            await self._linux()
        else:
            prog.layout.regs["CR2"] = self.cr2
            await prog.start(**self.cr0)
            await self._invalidate()
        ack = await prog.read("CR0ACK")
        assert ack.smmuen == self.cr0.get("smmuen", 1), f"CR0ACK is {ack}"
        self.cycles = self.bench.cycle - start

    async def _invalidate(self) -> None:
        if self.invalidate:
            await self.prog.command(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())
            await self.prog.sync()

    async def _linux(self) -> None:
        prog, lay = self.prog, self.prog.layout
        await prog.enable()
        await prog.write("CR1", table_sh=3, table_oc=1, table_ic=1, queue_sh=3, queue_oc=1,
                         queue_ic=1)  # fmt: skip
        await prog.write("CR2", **self.cr2)
        await prog.write("STRTAB_BASE", addr=lay.strtab)
        await prog.write("STRTAB_BASE_CFG", log2size=lay.sid_log2)
        await prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2)
        await prog.write("CMDQ_PROD")
        await prog.write("CMDQ_CONS")
        prog.rewind()
        await prog.enable(cmdqen=1)
        await self._invalidate()
        await prog.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2)
        await prog.write("EVENTQ_PROD")
        await prog.write("EVENTQ_CONS")
        await prog.enable(cmdqen=1, eventqen=1)
        await prog.write("IRQ_CTRL")
        await prog.write("IRQ_CTRL", gerror_irqen=1, eventq_irqen=1)
        await prog.enable(**{"smmuen": 1, "cmdqen": 1, "eventqen": 1} | self.cr0)
