# SPDX-License-Identifier: Apache-2.0
"""The main job on stand-in hardware: seeds, determinism, report, and checkers that must bite."""

from __future__ import annotations

import json

import pytest

from tb.models import report
from tb.models.audit import Audit
from tb.models.fields import SteConfig
from tb.models.host.smmu import HostSmmu
from tb.models.scenarios import MAIN
from tb.models.standin.machine import StandinMachine
from tests.models.played import played


def play(seed: int) -> dict:
    return StandinMachine(seed).play(MAIN)


@pytest.mark.parametrize("seed", [0, 4])
def test_main_job(seed):
    result = play(seed)
    assert result["errors"] == []
    assert result["stalls_resolved"] >= 24 and result["stalls_aborted"] >= 1
    assert result["overlapped_transactions"] > 0
    assert result["cycles"] < 5_000_000
    assert result["seed"] == seed


def test_main_job_same_seed_same_result():
    one, two = (json.dumps(play(5)) for _ in range(2))
    assert one == two


def test_report_and_path(tmp_path):
    """Self-contained page; every resolved fault passed every hop that is its own."""
    result = played(MAIN)
    report.write(result, tmp_path, [])
    page = (tmp_path / "report.html").read_text()
    assert "PASS" in page and "http" not in page and "<script" not in page
    assert json.loads((tmp_path / "result.json").read_text())["cycles"] == result["cycles"]
    shown = report.text(result)
    assert f"stalls resolved {result['stalls_resolved']}" in shown and "smmu_event" in shown
    shared = {"guest_irq", "host_irq"}  # skipped when a drain in progress took the record
    for fault in result["faults"]:
        if fault["outcome"] == "resolved":
            assert set(result["path"]) - set(fault["hops"]) <= shared, fault
    legs = result["legs"]
    assert all(leg["min"] <= leg["median"] <= leg["max"] for leg in legs.values())
    assert result["fault_time_share_percent"].keys() <= report.COLORS.keys()


def test_missing_stage2_is_caught(monkeypatch):
    """Without stage 2 the guest's numbers are taken for physical addresses."""
    nested = HostSmmu._stage2_fields

    def stage1_only(self, domain, config):
        if config is SteConfig.NESTED:
            config = SteConfig.S1
        return nested(self, domain, config)

    monkeypatch.setattr(HostSmmu, "_stage2_fields", stage1_only)
    result = play(1)
    assert result["isolation_violations"] > 0 and result["errors"]


def test_page_reuse_before_invalidation_is_caught(monkeypatch):
    """An unmap that forgets the device: the audit sees the page in new hands."""
    monkeypatch.setattr(
        Audit, "retire", lambda self, space, pa: self._spaces[space].granted.pop(pa // 4096, 0)
    )
    result = StandinMachine(1).play(MAIN, defect="drop-invalidation-relay")
    assert result["isolation_violations"] > 0
