# SPDX-License-Identifier: Apache-2.0
"""The hardware that software runs on, as a scenario gets it: stand-in models or the RTL.

Whatever it is made of, it has a platform (time, registers, interrupts), one physical memory, an
SMMU with a copy engine behind it, and an interconnect that carries broadcast TLB maintenance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from tb.models import accel
from tb.models.maintenance import Message
from tb.models.memory import Memory
from tb.models.platform import Platform

QUEUES = 8  # of the accelerator


@dataclass(frozen=True)
class AccelSlot:
    """The accelerator, or a function of it: some of its queues under a StreamID of their own.

    ``base`` is the physical address of all its registers.
    """

    base: int = 0x0B00_0000
    sid: int = 0x0311
    first_queue: int = 0
    queues: int = QUEUES

    def areas(self) -> tuple[tuple[int, int, int], ...]:
        """What of the registers its user may map: (offset in the user's window, address, bytes).

        A function's user sees its queues from number 0 on, and no global page.
        """
        if self.queues == QUEUES:
            return ((0, self.base, accel.WINDOW_BYTES),)
        skip, size = self.first_queue * accel.PAGE_BYTES, self.queues * accel.PAGE_BYTES
        return tuple(
            (page, self.base + page + skip, size) for page in (accel.PRIV_BASE, accel.USER_BASE)
        )


@dataclass(frozen=True)
class HardwareConfig:
    """Physical addresses and StreamIDs."""

    smmu_base: int = 0x0920_0000
    accels: tuple[AccelSlot, ...] = (AccelSlot(),)


VF_SID = 0x0312  # tb_system.v: StreamID of the queues that are not the first function's


class Hardware(ABC):
    """One machine without any software."""

    plat: Platform
    memory: Memory
    seed: int
    config: HardwareConfig

    # ---- accelerator --------------------------------------------------------------------
    def split_accelerator(self) -> None:
        """Make two functions of it, half of the queues each; before any software uses it."""
        whole, half = self.config.accels[0], QUEUES // 2
        functions = (
            replace(whole, queues=half),
            replace(whole, sid=VF_SID, first_queue=half, queues=half),
        )
        self.config = replace(self.config, accels=functions)
        self._second_stream(range(half, QUEUES))

    @abstractmethod
    def _second_stream(self, queues: range) -> None:
        """These queues send ``VF_SID`` from now on."""

    # ---- interconnect (linux.kernel.Interconnect) ---------------------------------------
    @abstractmethod
    def post(self, message: Message) -> None:
        """Send one message of a CPU to the SMMU, in order."""

    @abstractmethod
    async def complete(self) -> None:
        """Return when every Sync posted so far has its DVM Complete."""

    # ---- at the end ---------------------------------------------------------------------
    @abstractmethod
    async def unfinished(self) -> list[str]:
        """What is still open, or was done wrong, when all software is done."""

    @abstractmethod
    def walks(self) -> int:
        """Translations that missed the main TLB."""
