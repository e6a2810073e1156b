# SPDX-License-Identifier: Apache-2.0
"""The hardware that software runs on, as a scenario gets it: stand-in models or the RTL.

Whatever it is made of, it has a platform (time, registers, interrupts), one physical memory, an
SMMU with a copy engine behind it, and an interconnect that carries broadcast TLB maintenance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tb.models.maintenance import Message
from tb.models.memory import Memory
from tb.models.platform import Platform

QUEUES = 8  # of one accelerator; queue n of device d is number d * QUEUES + n in the probe


@dataclass(frozen=True)
class AccelSlot:
    """One accelerator: its registers' physical base and its StreamID."""

    base: int = 0x0B00_0000
    sid: int = 0x0311


@dataclass(frozen=True)
class HardwareConfig:
    """Physical addresses and StreamIDs."""

    smmu_base: int = 0x0920_0000
    accels: tuple[AccelSlot, ...] = (AccelSlot(),)


class Hardware(ABC):
    """One machine without any software."""

    plat: Platform
    memory: Memory
    seed: int
    config: HardwareConfig

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
