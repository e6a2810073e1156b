# SPDX-License-Identifier: Apache-2.0
"""The watchdog of scenarios: which fault is stuck, where, and that a run always ends."""

from __future__ import annotations

from tb.models.scenarios import load
from tb.models.scenarios.base import AGAIN_LIMIT, Scenario, stuck_fault
from tb.models.standin.machine import StandinMachine
from tb.models.timeline import HOST_PATH, Timeline


def test_a_fault_without_a_hop_is_named_with_its_holder():
    now = [100]
    timeline = Timeline(lambda: now[0], HOST_PATH)
    fault = timeline.open(7, 3, 0x101, "F_TRANSLATION", 0x8000, True)
    timeline.hop(0x101, "host_thread")
    now[0] = 1_000
    assert stuck_fault([fault], now[0], 900) is None
    assert stuck_fault([fault], now[0], 899) == (
        "watchdog: fault 0 (F_TRANSLATION, write 0x8000, PASID 3) is stuck since cycle 100: it "
        "passed host_thread and waits for host_handler; host-kernel holds it"
    )
    timeline.close(0x101, resolved=True)
    now[0] = 9_000
    line = stuck_fault(timeline.retrying(), now[0], 900)
    assert line is not None and line.endswith("waits for retry_done; hardware holds it")


def test_an_answer_that_never_helps_is_found():
    timeline = Timeline(lambda: 0, HOST_PATH)
    for stag in range(AGAIN_LIMIT):
        fault = timeline.open(7, 3, stag, "F_PERMISSION", 0x8000, True)
        timeline.close(stag, resolved=True)
    assert stuck_fault([fault], 0, 900) is None
    fault = timeline.open(7, 3, 99, "F_PERMISSION", 0x8010, True)
    line = stuck_fault([fault], 0, 900)
    assert line is not None and f"answered {AGAIN_LIMIT} times and comes back" in line
    timeline.close(99, resolved=True)
    timeline.access(7, 3, None, True)  # now it went through
    assert timeline.open(7, 3, 5, "F_PERMISSION", 0x8000, True).again == 0


class Endless(Scenario):
    """Software that waits for something without any fault."""

    name = "host-sva"
    path = HOST_PATH
    stuck_cycles = 1_000
    limit_cycles = 5_000

    async def run(self) -> None:
        await self.plat.event("never").wait()


class Crashing(Endless):
    """Software that fails in a task of its own."""

    async def run(self) -> None:
        await self.plat.spawn(self._fail(), "fails").join()

    async def _fail(self) -> None:
        await self.plat.delay(10)
        raise TimeoutError("no completion")


def test_a_run_always_ends_with_one_line():
    machine = StandinMachine(1)
    (line,) = machine.play_scenario(Endless(machine))["errors"]
    assert line.startswith("watchdog: not finished after 5") and line.endswith("no fault is stuck")
    machine = StandinMachine(1)
    assert machine.play_scenario(Crashing(machine))["errors"] == ["TimeoutError: no completion"]


def test_a_run_that_failed_ends_early():
    scenario = load("host-sva")(StandinMachine(1), defect="mix-pasid")
    result = scenario.hw.play_scenario(scenario)
    assert result["errors"][0].startswith("ended at cycle")
    assert result["cycles"] < 2_000_000
