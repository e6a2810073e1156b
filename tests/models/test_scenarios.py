# SPDX-License-Identifier: Apache-2.0
"""Every scenario on stand-in hardware: right as it is, wrong in the right way when broken."""

from __future__ import annotations

import pytest

from tb.models.fields import SteConfig
from tb.models.host.smmu import HostSmmu
from tb.models.scenarios import SCENARIOS, UnknownScenarioError, check, listing, load
from tb.models.scenarios.result import COUNTERS
from tb.models.standin.machine import StandinMachine
from tests.models.played import played

WITH_DEFECT = [(name, defect) for name in SCENARIOS for defect in load(name).defects]
STALE, ISOLATION = "stale_accesses", "isolation_violations"
# defect -> the count that must not be zero, or the end of the watchdog's line
CAUGHT_BY = {
    "drop-invalidation-relay": STALE,
    "drop-notifier": STALE,
    "drop-broadcast": STALE,
    "other-vmid": STALE,
    "mix-pasid": ISOLATION,
    "drop-tlbi": STALE,
    "keep-iotlb": STALE,
    "drop-unmap": STALE,
    "mix-vmid": ISOLATION,
    "lose-stage2-fault": "waits for host_resume; host-kernel holds it",
    "lose-page-response": "waits for vfio_response; qemu holds it",
}
CAUGHT_IN = {
    ("iommufd", "lose-page-response"): "waits for fault_response; qemu holds it",
    ("host-sva", "lose-page-response"): "waits for host_resume; host-kernel holds it",
    ("host-sva-dvm", "lose-page-response"): "waits for host_resume; host-kernel holds it",
}
# defect -> part of a line, where no checker of accesses and no stuck fault is the first to tell
SAID_OF = {
    "lose-interrupt": "watchdog: not finished",
    "lose-load-data": "no network device",
    "accept-any-response": "attacked P0: copy 0 ended with",
    "forget-stalls": "is stuck since",
    "wait-in-event-thread": "faults took",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name):
    result = played(name)
    assert result["errors"] == []
    assert result[ISOLATION] == result[STALE] == 0
    assert result["scenario"] == name and set(result["totals"]) >= set(COUNTERS)
    for fault in result["faults"]:
        cycles = list(fault["hops"].values())
        assert cycles == sorted(cycles), fault


@pytest.mark.parametrize(("name", "defect"), WITH_DEFECT)
def test_defect_is_caught(name, defect):
    result = played(name, defect)
    assert result["errors"]
    if defect in SAID_OF:
        assert any(SAID_OF[defect] in line for line in result["errors"]), result["errors"]
        return
    caught = CAUGHT_IN.get((name, defect)) or CAUGHT_BY[defect]
    if caught in (STALE, ISOLATION):
        assert result[caught] > 0
        return
    (line,) = [e for e in result["errors"] if e.startswith("watchdog")]
    assert line.endswith(caught)
    stuck = max((f for f in result["faults"] if f["outcome"] == "pending"), key=_age)
    assert f"fault {stuck['index']} (" in line and stuck["addr"] in line
    assert f"PASID {stuck['pasid']}" in line


def _age(fault: dict) -> int:
    return -max(fault["hops"].values())


def test_all_schemes_do_the_same_job():
    """Same seed, same processes: what differs is what the scheme costs."""
    jobs = {name: played(name)["totals"] for name in ("host-sva", "host-sva-dvm", "vsva-nested")}
    for totals in jobs.values():
        assert totals["forks"] == 2 and totals["cow_breaks"] >= 30
        assert min(totals[key] for key in ("migrations", "reclaimed", "swapped_in")) > 0
    assert jobs["host-sva"]["exits"] == jobs["host-sva"]["guest_commands"] == 0
    assert jobs["host-sva-dvm"]["tlb_invalidations"] == 1 < jobs["host-sva"]["tlb_invalidations"]
    assert jobs["host-sva"]["broadcasts"] == 0 < jobs["host-sva-dvm"]["broadcasts"]


def test_fork_without_write_protection_is_caught(monkeypatch):
    """The parent's pages stay writable: what it writes is seen by the child."""
    monkeypatch.setattr("tb.models.linux.mm.PTE_RDONLY", 0)
    errors = StandinMachine(1).play("host-sva")["errors"]
    assert any("A-child" in line or "B-child" in line for line in errors), errors


def test_full_size_uses_both_leaves_of_the_cd_table():
    result = StandinMachine(1).play("host-sva", size="full")
    assert result["errors"] == []
    pasids = [result["phases"][part]["pasids"].values() for part in ("first", "second")]
    assert list(pasids[0]) == list(range(1, 7))
    assert min(pasids[1]) < 1024 <= max(pasids[1])


def test_only_the_guest_writes_its_tables(monkeypatch):
    """A host that edited the guest's CD would be seen."""
    invalidate = HostSmmu.invalidate

    async def meddling(self, domain, inv):
        if domain.stage1 is not None:
            at = domain.stage2.lookup(domain.stage1.base_ptr)
            self.io.store(at, self.io.load(at, 8))
        await invalidate(self, domain, inv)

    monkeypatch.setattr(HostSmmu, "invalidate", meddling)
    result = StandinMachine(1).play("vsva-nested")
    assert any("host wrote" in line and "guest:cdtable" in line for line in result["errors"])


def test_host_streams_are_stage_1_only():
    machine = StandinMachine(1)
    scenario = load("host-sva")(machine)
    assert machine.play_scenario(scenario)["errors"] == []
    at = scenario.host.smmu.ste_address(machine.config.accels[0].sid)
    word = int.from_bytes(machine.memory.peek(at, 8), "little")
    assert word >> 1 & 7 == SteConfig.S1


def test_names_sizes_and_defects_are_refused_with_the_right_ones():
    for wrong, named in (
        (("vsva", "small", ""), "vsva-nested, host-sva"),
        (("host-sva", "huge", ""), "small, full"),
        (("host-sva", "small", "none"), "drop-notifier"),
    ):
        with pytest.raises(UnknownScenarioError, match=named):
            check(*wrong)
    assert [line.split()[0] for line in listing().splitlines()] == list(SCENARIOS)
