# SPDX-License-Identifier: Apache-2.0
"""What every scenario is: software on a piece of hardware, checks, facts, and one result.

A scenario gets the hardware (stand-in or RTL, it cannot tell), a size, and perhaps the name of a
defect that it plants in itself.  It boots what it needs on :meth:`Scenario.boot_host`'s host, does
its work, and notes what is wrong with :meth:`Scenario.check`; :func:`execute` runs it under the
watchdog and returns the result as plain data, which has the same keys for all scenarios.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from tb.models.cpu import MmuFault
from tb.models.hardware import Hardware
from tb.models.host.machine import Host
from tb.models.linux.mm import SegmentationFault
from tb.models.scenarios import check
from tb.models.scenarios.result import collect
from tb.models.timeline import NESTED_PATH, Fault, Path

AGAIN_LIMIT = 20  # answers in a row that do not help
# failures of the modelled software; anything else is a mistake in the models and has a traceback
CRASHES = (OSError, RuntimeError, MemoryError, MmuFault, SegmentationFault)


class Scenario(ABC):
    """One run of a scenario; attributes of the class describe it."""

    name: ClassVar[str]
    title: ClassVar[str] = ""  # of the report; the name where empty
    path: ClassVar[Path] = NESTED_PATH  # the way of a fault
    use_btm: ClassVar[bool] = False  # the host's SMMU driver lets CPU TLBIs reach the SMMU
    defects: ClassVar[dict[str, str]] = {}  # what can be broken on purpose: name -> one line
    stuck_cycles: ClassVar[int] = 400_000  # a fault without a hop for longer is stuck
    limit_cycles: ClassVar[int] = 40_000_000

    def __init__(self, hw: Hardware, size: str = "small", defect: str = "") -> None:
        """UnknownScenarioError for a size or defect that this scenario does not have."""
        check(self.name, size, defect)
        self.hw = hw
        self.plat = hw.plat
        self.size = size
        self.defect = defect
        self.rng = random.Random(hw.seed)
        self.errors: list[str] = []
        self.facts: dict[str, Any] = {}
        self.reports: dict[str, list[str]] = {}  # kernel logs by kernel
        self.host = Host(hw, self.path, use_btm=self.use_btm)

    @abstractmethod
    async def run(self) -> None:
        """Boot, work, check."""

    def check(self, ok: bool, message: str) -> None:
        """Note ``message`` unless ``ok``."""
        if not ok:
            self.errors.append(message)

    def pick(self, small: Any, full: Any) -> Any:
        """One of two by size."""
        return small if self.size == "small" else full


def stuck_fault(faults: list[Fault], now: int, cycles: int) -> str | None:
    """One line on a fault that has not moved for ``cycles`` or returns for ever, or None."""
    for fault in faults:
        passed = fault.passed()
        since = fault.hops[passed[-1]]
        way = "write" if fault.write else "read"
        name = f"fault {fault.index} ({fault.event}, {way} 0x{fault.addr:x}, PASID {fault.pasid})"
        if fault.again >= AGAIN_LIMIT:
            return (
                f"watchdog: {name} was answered {fault.again} times and comes back: the retried "
                f"transaction does not see the repaired page; hardware holds it"
            )
        if now - since > cycles:
            waits = fault.next_hop() or passed[-1]
            return (
                f"watchdog: {name} is stuck since cycle {since}: it passed {passed[-1]} and waits "
                f"for {waits}; {fault.path[waits]} holds it"
            )
    return None


async def execute(scenario: Scenario) -> dict[str, Any]:
    """Run to the end, or to the watchdog; the result as plain data.

    A run that has failed already need not go on: it ends some time after the first violation,
    which leaves the watchdog time to name a fault that is stuck on top.
    """
    plat, timeline = scenario.plat, scenario.host.timeline
    violations, grace = scenario.host.audit.violations, 2 * scenario.stuck_cycles
    over = plat.event("scenario-over")

    def crash(error: Exception) -> None:
        scenario.errors.append(f"{type(error).__name__}: {error}")
        over.set()

    async def body() -> None:
        await scenario.run()
        scenario.errors.extend(await scenario.hw.unfinished())
        over.set()

    async def watch() -> None:
        while not over.is_set():
            await plat.delay(scenario.stuck_cycles // 8)
            faults = timeline.outstanding() + timeline.retrying()
            line = stuck_fault(faults, plat.now, scenario.stuck_cycles)
            if line is None and violations and plat.now - violations[0].cycle > grace:
                line = f"ended at cycle {plat.now}, after accesses that should not have happened"
            if line is None and plat.now > scenario.limit_cycles:
                line = f"watchdog: not finished after {plat.now} cycles, and no fault is stuck"
            if line and not over.is_set():
                scenario.errors.append(line)
                over.set()

    plat.catch(CRASHES, crash)
    plat.spawn(body(), scenario.name)
    plat.spawn(watch(), "watchdog")
    await over.wait()
    return collect(scenario)
