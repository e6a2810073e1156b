# SPDX-License-Identifier: Apache-2.0
"""The black-box suite takes another design: ours renamed, behind other pins (tests/dut)."""

from __future__ import annotations

import shutil

import pytest

from sim import runner
from tb.env import smmu_bench
from tests.dut import rename, wrapper


def test_second_dut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discovery and the smoke tests on it; `make regress` with DUT and TOP runs the whole suite."""
    monkeypatch.setenv("DUT", str(rename.make()))
    monkeypatch.setenv("TOP", wrapper.NAME)
    # Icarus builds it in seconds, and smoke tests are short
    sim = "icarus" if shutil.which("iverilog") else None
    runner.run(smmu_bench.build(sim=sim, config="tiny"), module="tests.smmu.smoke_tests")
