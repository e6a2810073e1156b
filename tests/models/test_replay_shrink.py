# SPDX-License-Identifier: Apache-2.0
"""Replay: failing cases are cut to minimal ones that fail in the same way."""

from __future__ import annotations

import copy
import json

from tb.models.fields import STE
from tb.replay import shrink
from tb.replay.__main__ import main
from tb.replay.format import parse_case
from tb.replay.model_runner import ModelTarget, drive, run_on_model
from tests.models.test_replay_format import base_case, stall_case


def shrunk(document: dict) -> tuple[dict | None, shrink.Shrinker]:
    tool = shrink.Shrinker(copy.deepcopy(document), [ModelTarget()])
    return drive(tool.run()), tool


def wrong(document: dict, step: int, **changes) -> dict:
    document = copy.deepcopy(document)
    document["steps"][step] |= changes
    return document


def test_ddmin_finds_what_is_needed_together():
    calls = []

    async def fails(items: list[int]) -> bool:
        calls.append(items)
        return {3, 41} <= set(items)

    assert drive(shrink.ddmin(range(100), fails)) == [3, 41]
    assert len(calls) < 100

    async def always(items: list[int]) -> bool:
        return True

    assert drive(shrink.ddmin([1, 2], always)) == []


def test_a_wrong_register_value_needs_one_step():
    smallest, tool = shrunk(wrong(base_case(), 4, expect="0x2"))
    assert smallest["memory"] == [] and smallest["features"] == {}
    assert smallest["steps"] == [{"op": "read32", "reg": "0x1c", "expect": "0x2"}]
    assert tool.results[0].detail == "step=0 field=reg:0x1c got=0x1 want=0x2"


def test_wrong_data_keeps_the_bytes_it_is_about():
    expect = {"resp": "OKAY", "pa": "0x66000002", "data": "223355"}
    smallest, _ = shrunk(wrong(base_case(), 5, expect=expect))
    # the first wrong byte of memory is zero anyway: one byte that differs is enough
    (step,) = smallest["steps"]
    assert step["op"] == "dma" and "pa" not in step["expect"] and step["len"] == 1
    assert sum(len(region["hex"]) // 2 for region in smallest["memory"]) <= 8
    assert run_on_model([parse_case(smallest)])[0].detail.startswith("step=0 field=data")


def test_a_failure_stays_the_failure_it_was():
    """The stalled transaction is answered RAZ/WI: that takes a stall and its RESUME."""
    ste = stall_case()["memory"][0]["hex"]
    noise = [{"pa": hex(0x6000_0000 + 64 * k), "hex": "5a" * 64} for k in range(20)]
    case = wrong(stall_case(), 4, expect={"resp": "OKAY"})
    case["memory"] += noise
    smallest, tool = shrunk(case)
    assert [s["op"] for s in smallest["steps"]][-4:] == ["dma", "events", "resume", "await"]
    assert "as_sid" not in smallest["steps"][-2]
    assert len(smallest["memory"]) == 1 and smallest["memory"][0]["pa"] == "0x40100000"
    left, full = smallest["memory"][0]["hex"].rstrip("0"), ste.rstrip("0")
    assert 0 < len(left) <= len(full)
    assert STE.unpack(bytes.fromhex(smallest["memory"][0]["hex"].ljust(128, "0"))).s2s
    assert tool.results[0].detail.endswith("field=resp got=RAZWI want=OKAY")


def test_of_two_devices_only_the_one_that_failed_fails():
    """A second target that passes the case must pass the minimal one too."""

    class Wrong(ModelTarget):
        name = "rtl"

        async def read32(self, offset: int) -> int:
            # AIDR is wrong once CR0 was written
            value = await super().read32(offset)
            return value ^ 2 if offset == 0x1C and self.smmu.read32(0x20) else value

    tool = shrink.Shrinker(base_case(), [ModelTarget(), Wrong()])
    smallest = drive(tool.run())
    assert [s["op"] for s in smallest["steps"]] == ["write32", "read32"]
    assert [r.status for r in tool.results] == ["PASS", "FAIL"]


def test_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tb.replay.__main__.BUILD_ROOT", tmp_path / "build")
    monkeypatch.setattr("tb.replay.__main__.ROOT", tmp_path)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(base_case()))
    bad.write_text(json.dumps(wrong(base_case(), 4, expect="0x2")))
    assert main([str(bad), "--model-only", "--shrink", "--config", "tiny"]) == 0
    *_, gained, line = capsys.readouterr().out.splitlines()
    assert gained.startswith("shrunk from 13 steps and 4104 bytes of memory to 1 steps and 0 bytes")
    assert line == "REPRO: make replay CASES=build/replay/base.min.json CONFIG=tiny"
    assert main([str(tmp_path / "build/replay/base.min.json"), "--model-only"]) == 1
    assert "FAIL base step=0 field=reg:0x1c got=0x1 want=0x2" in capsys.readouterr().out
    assert main([str(good), "--model-only", "--shrink"]) == 2
    assert capsys.readouterr().out == ("ERROR replay: base passes: there is no failure to shrink\n")
    assert main([str(tmp_path), "--model-only", "--shrink"]) == 2
    assert "SHRINK takes one case, there are 3" in capsys.readouterr().out
