# SPDX-License-Identifier: Apache-2.0
"""The life of transactions in a recorded simulation: slots, walks and stalls, as text.

TBU slot     FREE, ASK, WAIT, LOOK, STALL, PARK, ABORT, RAZWI (smmu_tbu.vh)
walk slot    free, what the walk is reading (STE, CD, S1 L2, S2 L1 for S1 L2, ..), done, fault
stall entry  free, taken, published, lost, with StreamID and TBU slot
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sim.waves import names
from sim.waves.trace import Changes, Texts, Trace, combine

FREE = "free"
WALK_BITS = ("busy_q", "ready_q", "wait_q", "ok_q", "flt_q")
STALL_BITS = ("valid_q", "pub_q", "lost_q")
# {tbu, slot, sid} of smmu_stall_table
SID_W, SLOT_W, TBU_W = 16, 8, 3
OWNER_W = SID_W + SLOT_W + TBU_W


@dataclass(frozen=True)
class Track:
    """One row: group and name, and its text over time."""

    group: str
    name: str
    texts: Texts


def tracks(trace: Trace) -> list[Track]:
    """Every slot, walk and stall entry that the design has."""
    return [*_slots(trace), *_walks(trace), *_stalls(trace)]


def _slots(trace: Trace) -> list[Track]:
    table = names.states("smmu_tbu_slot")
    found = []
    for scope in trace.scopes("smmu_tbu_slot"):
        tbu = re.search(r"g_tbu\[(\d+)\]", scope)
        slot = re.search(r"g_slot\[(\d+)\]", scope)
        texts = combine([trace.changes(f"{scope}.state_q")], table.text)
        group = f"TBU {tbu[1] if tbu else 0}"
        found.append(Track(group, f"slot {slot[1] if slot else 0}", texts))
    return found


def _walks(trace: Trace) -> list[Track]:
    found = []
    for scope in trace.scopes("smmu_walk_slots"):
        bits = [trace.changes(f"{scope}.{name}") for name in WALK_BITS]
        for slot in range(trace.width(f"{scope}.busy_q")):
            mine = [_part(changes, slot, 1) for changes in bits]
            goals = _goals(trace, scope.rpartition(".")[0], slot)
            # a new walk begins without the state of the one before
            born = [(time, None) for time, busy in mine[0] if busy]
            texts = combine([*mine, sorted(born + goals, key=lambda change: change[0])], _walk)
            found.append(Track("walker", f"walk {slot}", texts))
    return found


def _goals(trace: Trace, walker: str, slot: int) -> Changes:
    """The walk state of a slot whenever a step writes it; empty where it is not recorded."""
    wanted = [f"{walker}.{name}" for name in ("s_valid_q", "s_slot_q", "ws_next")]
    if not all(name in trace for name in wanted):
        return []
    now: dict[int, int | None] = {}
    result: Changes = []
    steps = sorted((t, i, -1 if v is None else v)
                   for i, name in enumerate(wanted) for t, v in trace.changes(name))  # fmt: skip
    for at, (time, which, value) in enumerate(steps):
        now[which] = value
        if at + 1 < len(steps) and steps[at + 1][0] == time:
            continue
        if now.get(0) == 1 and now.get(1, 0) == slot and now.get(2, -1) >= 0:
            result.append((time, now[2]))
    return result


def _walk(busy: int | None, ready: int | None, wait: int | None, ok: int | None,
          fault: int | None, state: int | None = None) -> str:  # fmt: skip
    if not busy:
        return FREE
    if fault:
        return "fault"
    if ok:
        return "done"
    if state is not None and _field(state, "EVT"):
        return "fault"
    goal = _goal(state) if state is not None else "new"
    return f"{goal} waits" if wait else f"{goal} ready" if ready else goal


def _goal(state: int) -> str:
    """What the address of a walk state is for."""
    phase = names.codes("PH").text(_field(state, "PHASE"))
    purpose = f"S1 L{_field(state, 'LVL1')}" if phase == "S1" else phase
    return f"S2 L{_field(state, 'LVL2')} for {purpose}" if _field(state, "S2ACT") else purpose


def _field(state: int, name: str) -> int:
    """A field of a walk state, WS in smmu_walk_if.vh; those of one bit have no width there."""
    width = names.number(f"WS_{name}_W") if f"WS_{name}_W" in names.defines() else 1
    return state >> names.number(f"WS_{name}_LSB") & (1 << width) - 1


def _stalls(trace: Trace) -> list[Track]:
    found = []
    for scope in trace.scopes("smmu_stall_table"):
        bits = [trace.changes(f"{scope}.{name}") for name in STALL_BITS]
        owner = trace.changes(f"{scope}.owner_q")
        for entry in range(trace.width(f"{scope}.valid_q")):
            mine = [_part(changes, entry, 1) for changes in bits]
            texts = combine([*mine, _part(owner, entry, OWNER_W)], _stall)
            found.append(Track("stall table", f"entry {entry}", texts))
    return found


def _stall(valid: int | None, published: int | None, lost: int | None, owner: int | None) -> str:
    if not valid:
        return FREE
    told = "lost" if lost else "published" if published else "taken"
    if owner is None:
        return told
    sid, slot = owner & (1 << SID_W) - 1, owner >> SID_W & (1 << SLOT_W) - 1
    return f"{told} sid {sid:#x} TBU {owner >> SID_W + SLOT_W} slot {slot}"


def _part(changes: Changes, index: int, width: int) -> Changes:
    """One field of a vector of equal ones."""
    mask = (1 << width) - 1
    return [(t, None if v is None else v >> index * width & mask) for t, v in changes]
