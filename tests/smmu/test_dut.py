# SPDX-License-Identifier: Apache-2.0
"""The black-box suite takes another design: ours renamed, behind other pins (tests/dut)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from sim import blackbox, history, runner
from tb.env import smmu_bench
from tests.dut import rename, wrapper


def test_second_dut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discovery and the smoke tests on it; `make regress` with DUT and TOP runs the whole suite."""
    monkeypatch.setenv("DUT", str(rename.make()))
    monkeypatch.setenv("TOP", wrapper.NAME)
    # Icarus builds it in seconds, and smoke tests are short
    sim = "icarus" if shutil.which("iverilog") else None
    build = smmu_bench.build(sim=sim, config="tiny")
    (build.folder / blackbox.CLAIMS).unlink(missing_ok=True)
    recorded: list[history.Record] = []
    keep = history.record

    def record(results: Iterable[history.Record], file: Path | None = None) -> None:
        recorded.extend(rows := list(results))
        keep(rows, file)

    monkeypatch.setattr(history, "record", record)
    runner.run(build, module="tests.smmu.smoke_tests")
    # what it claims is read once a build: no result, or the second run would have one less
    assert recorded and "claims" not in {row.inner for row in recorded}
