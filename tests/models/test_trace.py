# SPDX-License-Identifier: Apache-2.0
"""trace.json of every scenario has the form of trace events, and the checker is strict."""

from __future__ import annotations

import copy

import pytest

from tb.models import trace
from tb.models.scenarios import MAIN, SCENARIOS
from tests.models.played import played


@pytest.mark.parametrize("name", SCENARIOS)
def test_trace_of_every_scenario(name):
    result = played(name)
    doc = trace.build(result, result["steps"])
    assert trace.problems(doc) == []
    events = doc["traceEvents"]
    software = [e for e in events if e["ph"] == "X" and "fault" not in e["args"]]
    assert len(software) >= len(result["steps"]) > 100
    starts = {e["id"] for e in events if e["ph"] == "s"}
    assert starts == {e["id"] for e in events if e["ph"] == "f"}
    assert len(starts) == len(result["faults"])
    assert {e["pid"] for e in events if e["ph"] == "s"} <= {trace.AGENTS.index("device") + 1}
    agents = {e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert agents == set(trace.AGENTS)
    # the legs of a fault fill its stalled time
    for fault in result["faults"]:
        legs = [e for e in events if e["ph"] == "X" and e["args"].get("fault") == fault["index"]]
        hops = list(fault["hops"].values())
        assert round(sum(e["dur"] for e in legs) * 1000) == hops[-1] - hops[0]


def test_a_stuck_fault_still_has_a_flow_with_an_end():
    doc = trace.build(played(MAIN, "lose-page-response"))
    assert trace.problems(doc) == []


def _first(doc: dict, phase: str) -> dict:
    return next(e for e in doc["traceEvents"] if e["ph"] == phase)


BREAKS = {
    "no end": lambda doc: doc["traceEvents"].remove(_first(doc, "f")),
    "no start": lambda doc: doc["traceEvents"].remove(_first(doc, "s")),
    "time goes back": lambda doc: doc["traceEvents"].append(_first(doc, "X") | {"ts": 0}),
    "dur is not a time": lambda doc: _first(doc, "X").update(dur=-1),
    "slices overlap": lambda doc: _first(doc, "X").update(dur=1e9),
    "missing or unknown": lambda doc: _first(doc, "X").pop("pid"),
    "known ph": lambda doc: _first(doc, "X").update(ph="Q"),
    "lies in no slice": lambda doc: _first(doc, "t").update(tid=99),
    "no list": lambda doc: doc.pop("traceEvents"),
}


@pytest.mark.parametrize("wrong", BREAKS)
def test_checker_finds(wrong):
    doc = copy.deepcopy(trace.build(played(MAIN)))
    BREAKS[wrong](doc)
    assert any(wrong in line for line in trace.problems(doc)), trace.problems(doc)
