# SPDX-License-Identifier: Apache-2.0
"""RECORD=: what tests of several areas do becomes cases that the RTL and the model pass."""

from __future__ import annotations

import json
from pathlib import Path

from sim import runner
from sim.options import from_env
from tb.env import smmu_bench
from tb.replay.format import load_case
from tb.replay.model_runner import model_config, run_on_model
from tb.replay.rtl_runner import run_on_rtl

# file of tests/smmu: test; all of these can be told in one transaction after the other (random
# traffic cannot: a read that meets a write has two right answers)
RECORDED = {
    "guard": "resume_needs_its_stream",
    "stage1": "output_beyond_ips",
    "stage2": "concatenated_tables_translate",
    "stage1_permission": "access_flag_comes_first",
    "cfgi": "cfgi_ranges",
    "command": "illegal_opcodes",
    "fault_model": "stage1_flags",
    "retry": "stage_2_repair_needs_no_cfgi",
    "resume": "terminate_stage_2",
    "sync": "sync_signals",
}
WHOLE = {"resume_needs_its_stream", "output_beyond_ips", "concatenated_tables_translate"}


def _record(area: str, test: str, path: Path) -> dict:
    build, module = smmu_bench.build(), f"tests.smmu.{area}_tests"
    seed = from_env().seed or 0
    runner.run(build, module, tests=[test], seed=seed, env={"RECORD": str(path), "TEST": test})
    return json.loads(path.read_text())


def test_record(tmp_path: Path) -> None:
    """Each recording replays; none is empty, and what is left out is told."""
    options = from_env()
    documents = {
        test: _record(area, test, tmp_path / f"{area}.json") for area, test in RECORDED.items()
    }
    cases = [load_case(tmp_path / f"{area}.json") for area in RECORDED]
    assert {test for test, d in documents.items() if "partial" not in d} >= WHOLE
    for case in cases:
        kinds = {step.op for step in case.steps}
        assert {"write32", "poll32", "events"} <= kinds, case.source
        assert kinds & {"dma", "command"}, case.source

    model = run_on_model(cases, model_config(options.config))
    rtl = run_on_rtl(cases, sim=options.sim, config=options.config, seed=str(options.seed or 0))
    bad = [f"{target}: {r.line}" for target, results in (("model", model), ("rtl", rtl))
           for r in results if r.status != "PASS"]  # fmt: skip
    assert not bad, "\n".join(bad)


def test_record_shows_a_wrong_answer(tmp_path: Path) -> None:
    """The control: a recording with one byte changed fails at that step on both."""
    options = from_env()
    path = tmp_path / "case.json"
    document = _record("guard", "cd_fetch_goes_through_stage_2", path)
    index = next(i for i, s in enumerate(document["steps"]) if s["op"] == "dma")
    data = document["steps"][index]["expect"]["data"]
    document["steps"][index]["expect"]["data"] = f"{int(data[:2], 16) ^ 1:02x}{data[2:]}"
    path.write_text(json.dumps(document))
    cases = [load_case(path)]
    (model,) = run_on_model(cases, model_config(options.config))
    (rtl,) = run_on_rtl(cases, sim=options.sim, config=options.config, seed="0")
    for result in (model, rtl):
        assert result.detail.startswith(f"step={index} field=data got={data}"), result.line
