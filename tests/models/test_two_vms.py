# SPDX-License-Identifier: Apache-2.0
"""Two VMs on one SMMU: the second one's attacks and death do not reach the first."""

from __future__ import annotations

import pytest

from tb.models.hardware import VF_SID
from tb.models.standin.machine import StandinMachine
from tests.models.played import played


@pytest.mark.parametrize("seed", [2, 3])
def test_other_seeds(seed):
    assert StandinMachine(seed).play("two-vms")["errors"] == []


def test_attacks_and_reports():
    result = played("two-vms")
    facts = result["phases"]
    assert all(count > 0 for count in facts["attacks"].values()) and len(facts["attacks"]) == 7
    assert facts["stalls_at_death"] >= 2
    assert {f["sid"] for f in result["faults"]} == {0x311, VF_SID}
    assert result["reports"]["vm1"] == [] and len(result["reports"]["vm2"]) > 16
    assert all(f"0x{VF_SID:x}" in line for line in result["reports"]["host"])
