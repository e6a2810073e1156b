# SPDX-License-Identifier: Apache-2.0
"""The host's part of the accelerator's driver: taking a function back from a user that died."""

from __future__ import annotations

from tb.models import accel
from tb.models.hardware import AccelSlot
from tb.models.platform import Platform


async def reset_function(plat: Platform, slot: AccelSlot, limit: int = 10_000) -> None:
    """Reset all queues of a function; returns when nothing of them is in flight.

    Stalled bursts must be answered or terminated before. TimeoutError when a queue stays busy.
    """
    queues = range(slot.first_queue, slot.first_queue + slot.queues)
    for queue in queues:
        for offset, value in accel.reset_writes(queue):
            await plat.mmio_write32(slot.base + offset, value)
    for queue in queues:
        at = slot.base + accel.priv_reg(queue, accel.UserReg.STATUS)
        for _ in range(limit):
            if not accel.QueueStatus.decode(await plat.mmio_read32(at)).resetting:
                break
            await plat.spend("host-sync-poll")
        else:
            raise TimeoutError(f"accelerator queue {queue} does not become quiet")
