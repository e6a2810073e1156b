# SPDX-License-Identifier: Apache-2.0
"""Replay on the RTL: several cases in one simulation, each from reset, and a wrong one noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.options import from_env
from tb.models.fields import REG
from tb.replay.format import Case, load_case
from tb.replay.rtl_runner import run_on_rtl

PAGE = 0x4800_0000
DATA = bytes(range(1, 14))


def _case(folder: Path, name: str, *steps: dict[str, Any], **more: Any) -> Case:
    path = folder / f"{name}.json"
    path.write_text(
        json.dumps({"format": "smmu-replay/1", "name": name, "steps": list(steps), **more})
    )
    return load_case(path)


def _write(data: bytes = DATA, pa: int = PAGE + 3) -> dict[str, Any]:
    expect = {"resp": "OKAY", "pa": hex(pa)}
    return {"op": "dma", "id": "w", "dir": "write", "sid": "0x1", "addr": hex(PAGE + 3),
            "data": data.hex(), "expect": expect}  # fmt: skip


def _read(want: bytes, resp: str = "OKAY") -> dict[str, Any]:
    expect = {"resp": resp} | ({"data": want.hex()} if resp == "OKAY" else {})
    return {"op": "dma", "id": "r", "dir": "read", "sid": "0x1", "addr": hex(PAGE + 3),
            "len": len(want), "expect": expect}  # fmt: skip


def _gbpa(value: int) -> list[dict[str, Any]]:
    reg = hex(REG["GBPA"].offset)
    done = {"op": "poll32", "reg": reg, "mask": "0x80000000", "value": "0x0", "cycles": "1000"}
    return [{"op": "write32", "reg": reg, "value": hex(1 << 31 | value)}, done]


def test_replay_rtl(tmp_path: Path) -> None:
    """Section 5 of the plan: reset between cases, byte-exact writes, failures named."""
    cases = [
        _case(tmp_path, "bypass", _write(), _read(DATA)),
        _case(tmp_path, "abort", *_gbpa(1 << 20), _read(DATA, "SLVERR")),
        # neither the memory nor GBPA of the cases before is left
        _case(tmp_path, "from-reset", _read(bytes(8))),
        _case(tmp_path, "wrong-address", _write(pa=PAGE)),
        _case(tmp_path, "wrong-data", _write(), _read(DATA[::-1])),
        _case(tmp_path, "skipped", _read(bytes(8)), features={"oas": 52}),
        _case(tmp_path, "events", {"op": "events", "expect": []}),
        _case(
            tmp_path,
            "poll-in-vain",
            {
                "op": "poll32",
                "reg": hex(REG["CR0ACK"].offset),
                "mask": "0x1",
                "value": "0x1",
                "cycles": "50",
            },
        ),
    ]
    options = from_env()
    results = run_on_rtl(cases, sim=options.sim, config=options.config, seed=str(options.seed or 0))
    assert {r.name: r.status for r in results} == {
        "bypass": "PASS",
        "abort": "PASS",
        "from-reset": "PASS",
        "wrong-address": "FAIL",
        "wrong-data": "FAIL",
        "skipped": "SKIPPED",
        "events": "PASS",
        "poll-in-vain": "FAIL",
    }, "\n".join(r.line for r in results)
    assert "step=0 field=pa" in results[3].detail
    assert "step=1 field=data" in results[4].detail
    assert "step=0 field=reg" in results[7].detail and "got=0x0 want=0x1" in results[7].detail
