# SPDX-License-Identifier: Apache-2.0
"""The main job on stand-in hardware: passes on every seed, and fails when something is broken."""

from __future__ import annotations

import json

import pytest

from tb.models import report
from tb.models.audit import Audit
from tb.models.fields import SteConfig
from tb.models.guest.sva import Sva
from tb.models.host.smmu import HostSmmu
from tb.models.standin.machine import StandinMachine
from tb.models.timeline import HOP_NAMES

KEYS = {
    "seed",
    "cycles",
    "stalls_resolved",
    "stalls_aborted",
    "isolation_violations",
    "stale_accesses",
    "overlapped_transactions",
    "faults",
    "legs",
    "totals",
}


@pytest.mark.parametrize("seed", range(6))
def test_main_job(seed):
    result = StandinMachine(seed).main_job()
    assert result["errors"] == []
    assert result["stalls_resolved"] >= 24 and result["stalls_aborted"] >= 1
    assert result["isolation_violations"] == result["stale_accesses"] == 0
    assert result["overlapped_transactions"] > 0
    assert result["cycles"] < 5_000_000
    assert result["totals"]["cow_breaks"] == 2
    assert result["seed"] == seed and set(result) >= KEYS


def test_main_job_same_seed_same_result():
    one, two = (json.dumps(StandinMachine(5).main_job()) for _ in range(2))
    assert one == two
    assert one != json.dumps(StandinMachine(6).main_job())


def test_every_fault_passes_the_hops_in_order():
    result = StandinMachine(2).main_job()
    shared = {"guest_irq", "host_irq"}  # skipped when a drain in progress took the record
    for fault in result["faults"]:
        cycles = [fault["hops"][name] for name in HOP_NAMES if name in fault["hops"]]
        assert cycles == sorted(cycles), fault
        if fault["outcome"] == "resolved":
            assert set(HOP_NAMES) - set(fault["hops"]) <= shared, fault
    legs = result["legs"]
    assert all(leg["min"] <= leg["median"] <= leg["max"] for leg in legs.values())
    assert result["fault_time_share_percent"].keys() <= report.COLORS.keys()


def test_report_is_self_contained(tmp_path):
    result = StandinMachine(1).main_job()
    report.write(result, tmp_path, [])
    page = (tmp_path / "report.html").read_text()
    assert "PASS" in page and "http" not in page and "<script" not in page
    assert json.loads((tmp_path / "result.json").read_text())["cycles"] == result["cycles"]
    shown = report.text(result)
    assert "stalls resolved 30" in shown and "smmu_event" in shown


# ---- the checkers must bite: each of these breaks one thing ---------------------------------


def test_lost_invalidation_is_caught():
    """A relay that drops TLB invalidations lets the device use a dead translation."""
    machine = StandinMachine(1)
    boot = machine.stack.boot

    async def boot_then_break():
        await boot()
        machine.stack.relay.drop_invalidations = True

    machine.stack.boot = boot_then_break
    result = machine.main_job()
    assert result["stale_accesses"] > 0
    assert result["errors"]


def test_missing_stage2_is_caught(monkeypatch):
    """Without stage 2 the guest's numbers are taken for physical addresses."""
    nested = HostSmmu._stage2_fields

    def stage1_only(self, domain, config):
        if config is SteConfig.NESTED:
            config = SteConfig.S1
        return nested(self, domain, config)

    monkeypatch.setattr(HostSmmu, "_stage2_fields", stage1_only)
    machine = StandinMachine(1)
    with pytest.raises(TimeoutError):
        machine.main_job()
    assert machine.stack.audit.count("isolation") > 0


def test_wrong_page_table_is_caught(monkeypatch):
    """A CD that points at the other process's tables is an isolation violation."""
    bind = Sva.bind
    first = []

    async def confused(self, cpu, sid, mm):
        first.append(mm)
        bond = await bind(self, cpu, sid, mm)
        if len(first) == 2:
            fields = self.smmu.sva_cd(first[0].pgd, mm.asid)
            await self.smmu.write_cd(sid, bond.pasid, self.smmu.io_on(cpu), **fields)
        return bond

    monkeypatch.setattr(Sva, "bind", confused)
    machine = StandinMachine(1)
    try:
        isolation = machine.main_job()["isolation_violations"]
    except TimeoutError:
        isolation = machine.stack.audit.count("isolation")
    assert isolation > 0


def test_page_reuse_before_invalidation_is_caught(monkeypatch):
    """An unmap that forgets the device: the audit sees the page in new hands."""
    monkeypatch.setattr(Audit, "retire", lambda self, space, ipa: self._forget(space, ipa))
    monkeypatch.setattr(
        Audit,
        "_forget",
        lambda self, space, ipa: self._spaces[space].granted.pop(self._resolve(ipa) // 4096, 0),
        raising=False,
    )
    machine = StandinMachine(1)
    boot = machine.stack.boot

    async def boot_then_break():
        await boot()
        machine.stack.relay.drop_invalidations = True

    machine.stack.boot = boot_then_break
    assert machine.main_job()["isolation_violations"] > 0
