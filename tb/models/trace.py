# SPDX-License-Identifier: Apache-2.0
"""A run in trace-event form, as ui.perfetto.dev opens it, and a strict checker.

One process per agent; the device's holds each stalled transaction from its record to its end, the
others the legs of the faults that they hold, each leg on the agent of its layer, and the steps of
software that were paid for.  A flow leads from the stall over every leg to the moment the
transaction goes on.  Slices of one agent that overlap lie on different threads ("lanes"), because
slices of one thread must nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

AGENTS = ("device", "SMMU", "host", "QEMU", "guest", "vCPU")
AGENT_OF_LAYER = {
    "hardware": "SMMU",
    "host-kernel": "host",
    "qemu": "QEMU",
    "guest-kernel": "guest",
    "kvm": "vCPU",
}
FLOW = "fault"


class _Lanes:
    """Threads of one agent: the first one that is free at a slice's start takes it."""

    def __init__(self) -> None:
        self.ends: list[int] = []

    def take(self, start: int, end: int) -> int:
        for lane, free in enumerate(self.ends):
            if free <= start:
                self.ends[lane] = end
                return lane
        self.ends.append(end)
        return len(self.ends) - 1


Step = tuple[str, str, int, int]  # layer, name, from cycle, to cycle
Track = tuple[str, str]  # agent, and "faults" or "software"


def build(result: dict[str, Any], steps: Sequence[Step] = ()) -> dict[str, Any]:
    """The trace of a result: ``{"traceEvents": [...], "displayTimeUnit": "ns"}``, times in us."""
    per_us = result["clock_mhz"]
    slices: list[tuple[int, int, Track, dict[str, Any], int]] = []  # the last: fault, or -1
    for layer, step, start, end in steps:
        body = {"name": step, "args": {"layer": layer}}
        slices.append((start, end, (AGENT_OF_LAYER[layer], "software"), body, -1))
    for fault in result["faults"]:
        hops = list(fault["hops"].items())
        start, end = hops[0][1], hops[-1][1]
        args = {key: fault[key] for key in ("event", "addr", "pasid", "write", "outcome")}
        name = f"fault {fault['index']} stalled"
        body = {"name": name, "args": args}
        slices.append((start, end, ("device", "faults"), body, fault["index"]))
        for (_, begin), (hop, until) in pairwise(hops):
            layer = result["path"][hop]
            body = {"name": hop, "args": {"fault": fault["index"], "layer": layer}}
            track = (AGENT_OF_LAYER[layer], "faults")
            slices.append((begin, until, track, body, fault["index"]))
    slices.sort(key=lambda item: item[0])  # stable: a fault's slices keep their order
    lanes: dict[Track, _Lanes] = {}
    threads: dict[tuple[Track, int], int] = {}  # numbers of an agent's threads, by first use
    events: list[dict[str, Any]] = []
    of_fault: dict[int, list[dict[str, Any]]] = {}
    for start, end, track, body, fault in slices:
        lane = (track, lanes.setdefault(track, _Lanes()).take(start, end))
        place = {
            "pid": AGENTS.index(track[0]) + 1,
            "tid": threads.setdefault(lane, len(threads) + 1),
        }
        slice_ = {"ph": "X", "cat": track[0], "ts": start / per_us, "dur": (end - start) / per_us}
        events.append(body | slice_ | place)
        if fault >= 0:
            of_fault.setdefault(fault, []).append(events[-1])
    for fault, legs in of_fault.items():
        events += _flow(fault, legs)
    events.sort(key=lambda event: event["ts"])
    names = [_name("process_name", AGENTS.index(agent) + 1, 0, agent) for agent in AGENTS]
    names += [
        _name("thread_name", AGENTS.index(agent) + 1, tid, f"{agent} {kind} {lane}")
        for ((agent, kind), lane), tid in threads.items()
    ]
    return {"traceEvents": names + events, "displayTimeUnit": "ns"}


def _name(kind: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "ts": 0, "pid": pid, "tid": tid, "args": {"name": name}}


def _flow(fault: int, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start in the stalled transaction's slice, a step in every leg, end at the last leg's end."""
    flow = []
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        event = {
            "name": FLOW,
            "cat": FLOW,
            "ph": "s" if index == 0 else "f" if last else "t",
            "id": fault + 1,
            "ts": step["ts"],
            "pid": step["pid"],
            "tid": step["tid"],
        }
        flow.append(event | ({"bp": "e"} if last and index else {}))
    if len(flow) == 1:  # a fault that got no further than its record
        flow.append(flow[0] | {"ph": "f", "bp": "e"})
    return flow


# ---- checker --------------------------------------------------------------------------------
_KEYS = {
    "X": {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"},
    "M": {"name", "ph", "ts", "pid", "tid", "args"},
    "s": {"name", "cat", "ph", "id", "ts", "pid", "tid"},
    "t": {"name", "cat", "ph", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "ph", "id", "ts", "pid", "tid", "bp"},
}


def problems(doc: Any) -> list[str]:
    """What is wrong with a trace: form, order of time, slices that do not nest, loose flows."""
    if not isinstance(doc, dict) or not isinstance(doc.get("traceEvents"), list):
        return ["no list traceEvents"]
    found: list[str] = []
    last, flows = 0.0, {}
    slices: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for number, event in enumerate(doc["traceEvents"]):
        wrong = _form(event)
        if wrong:
            found.append(f"event {number}: {wrong}")
            continue
        if event["ts"] < last:
            found.append(f"event {number}: time goes back to {event['ts']}")
        last = event["ts"]
        where = (event["pid"], event["tid"])
        if event["ph"] == "X":
            slices.setdefault(where, []).append((event["ts"], event["ts"] + event["dur"]))
        elif event["ph"] in "stf":
            flows.setdefault(event["id"], []).append((event["ph"], event["ts"], where))
    for where, spans in slices.items():
        if any(b[0] < a[1] - 1e-9 for a, b in pairwise(spans)):
            found.append(f"slices overlap on process {where[0]} thread {where[1]}")
    for ident, steps in flows.items():
        phases = [phase for phase, _, _ in steps]
        if phases.count("s") != 1 or phases[0] != "s":
            found.append(f"flow {ident}: no start, or not one at its beginning")
        if phases.count("f") != 1 or phases[-1] != "f":
            found.append(f"flow {ident}: no end, or not one at its end")
        for _, ts, where in steps:
            if not any(a <= ts <= b for a, b in slices.get(where, ())):
                found.append(f"flow {ident}: step at {ts} lies in no slice")
    return found


def _form(event: Any) -> str:
    """What is wrong with one event by itself, or nothing."""
    if not isinstance(event, dict) or event.get("ph") not in _KEYS:
        return "not an object with a known ph"
    if set(event) != _KEYS[event["ph"]]:
        return f"keys {sorted(set(event) ^ _KEYS[event['ph']])} missing or unknown"
    if not isinstance(event["name"], str) or not event["name"]:
        return "no name"
    for key in ("pid", "tid", "id"):
        if key in event and not isinstance(event[key], int):
            return f"{key} is not an integer"
    for key in ("ts", "dur"):
        if key in event and not (isinstance(event[key], int | float) and event[key] >= 0):
            return f"{key} is not a time"
    return ""
