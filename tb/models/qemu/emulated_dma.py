# SPDX-License-Identifier: Apache-2.0
"""An emulated DMA device behind the virtio IOMMU: one copy at a time, started by a register.

Every page it touches goes through :meth:`VirtioIommu.translate`; the audit sees its accesses as
those of the domain it is attached to.
"""

from __future__ import annotations

from enum import IntEnum

from tb.models.audit import Audit, Space
from tb.models.platform import Platform
from tb.models.qemu.machine import Machine
from tb.models.qemu.virtio_endpoint import Endpoint
from tb.models.qemu.virtio_iommu import PAGE, VirtioIommu
from tb.models.virtio import iommu

EMULATED_GPA, EMULATED_SIZE = 0x0A20_0000, 0x1000


class Reg(IntEnum):
    """Byte offsets of the 32-bit registers."""

    SRC_LO = 0x00
    SRC_HI = 0x04
    DST_LO = 0x08
    DST_HI = 0x0C
    LENGTH = 0x10
    GO = 0x14
    STATUS = 0x18
    DONE = 0x1C  # bytes written


OK, FAILED = 1, 2


class EmulatedDma(Endpoint):
    """Registers and copy loop; ``space`` gives the audit's name of the present domain."""

    # as on a machine whose MSI doorbell lies in the I/O address space
    reserved = ((iommu.RESV_MSI, 0x0800_0000, 0x080F_FFFF),)

    def __init__(
        self, plat: Platform, machine: Machine, viommu: VirtioIommu, audit: Audit, number: int
    ) -> None:
        self.plat = plat
        self.machine = machine
        self.viommu = viommu
        self.audit = audit
        self.number = number
        self.space: Space | None = None
        self._regs: dict[int, int] = dict.fromkeys(Reg, 0)
        viommu.endpoints[number] = self
        machine.add_device(EMULATED_GPA, EMULATED_SIZE, self.mmio)

    async def mmio(self, offset: int, write: bool, value: int) -> int:
        """One trapped access; GO returns when the copy has ended."""
        if not write:
            return self._regs.get(offset, 0)
        self._regs[offset] = value
        if offset == Reg.GO:
            await self._copy()
        return 0

    async def _copy(self) -> None:
        regs, done = self._regs, 0
        src = regs[Reg.SRC_LO] | regs[Reg.SRC_HI] << 32
        dst = regs[Reg.DST_LO] | regs[Reg.DST_HI] << 32
        regs[Reg.STATUS] = OK
        while done < regs[Reg.LENGTH]:
            n = min(regs[Reg.LENGTH] - done, PAGE - (src + done) % PAGE, PAGE - (dst + done) % PAGE)
            data = await self._access(src + done, n, None)
            if data is None or await self._access(dst + done, n, data) is None:
                regs[Reg.STATUS] = FAILED
                break
            done += n
        regs[Reg.DONE] = done

    async def _access(self, iova: int, n: int, data: bytes | None) -> bytes | None:
        write = data is not None
        ipa = await self.viommu.translate(self.number, iova, write)
        if ipa is None:
            return None
        pa = self.machine.pa(ipa)
        self.audit.device(self.space, f"emulated:{self.number}", write, pa, n)
        if data is None:
            return self.machine.read(ipa, n)
        self.machine.write(ipa, data)
        return data
