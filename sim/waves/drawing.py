# SPDX-License-Identifier: Apache-2.0
"""One stall and its end, drawn by WaveDrom from a recorded simulation.

Takes the first stall whose transaction is retried and ends. Time is not to scale: a column is a
moment at which something changes, the first row says which cycle that is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import wavedrom

from sim.waves import life, names
from sim.waves.trace import Changes, Texts, Trace, at, combine

FILE = "stall-resume.svg"
HSCALE = 2


@dataclass(frozen=True)
class Stall:
    """An entry of the stall table from its taking to its freeing, and the slot it is for."""

    entry: int
    tbu: int
    slot: int
    taken: int
    freed: int


def stalls(trace: Trace) -> list[Stall]:
    """All that were freed, in the order of their taking."""
    found = []
    for track in life.tracks(trace):
        for index, (time, text) in enumerate(track.texts[:-1]):
            owner = re.fullmatch(r"taken sid \w+ TBU (\d+) slot (\d+)", text)
            freed = next((t for t, told in track.texts[index:] if told == life.FREE), None)
            if track.group == "stall table" and owner and freed is not None:
                entry = int(track.name.split()[1])
                found.append(Stall(entry, int(owner[1]), int(owner[2]), time, freed))
    return sorted(found, key=lambda stall: stall.taken)


def draw(trace: Trace) -> str | None:
    """The picture as SVG; None when no stall of the simulation was retried and ended."""
    tracks = {(track.group, track.name): track.texts for track in life.tracks(trace)}
    for stall in stalls(trace):
        slot = tracks.get((f"TBU {stall.tbu}", f"slot {stall.slot}"), [])
        begin = max((t for t, text in slot if text == "FREE" and t < stall.taken), default=None)
        end = next((t for t, text in slot if text == "FREE" and t > stall.freed), None)
        retried = any(text == "ASK" and stall.freed <= t for t, text in slot if t <= (end or 0))
        if begin is not None and end is not None and retried:
            return _picture(trace, stall, tracks, begin, end)
    return None


def _picture(trace: Trace, stall: Stall, tracks: dict[tuple[str, str], Texts], begin: int,
             end: int) -> str:  # fmt: skip
    fault = trace.scopes("smmu_fault")[0]
    stag = _stag(trace, fault, stall)
    texts = {
        f"TBU {stall.tbu} slot {stall.slot}": tracks[f"TBU {stall.tbu}", f"slot {stall.slot}"],
        "walk": _walks(trace, stall, tracks),
        f"stall entry {stall.entry}": [
            (time, text.partition(" sid ")[0] if time >= stall.taken else life.FREE)
            for time, text in tracks["stall table", f"entry {stall.entry}"]
        ],
    }
    bits = {
        "event record": _when(trace, fault, ("ev_valid_o", "ev_ready_i", "ev_stag_o"), stag),
        "interrupt": _lines(trace, "irq_evtq"),
        "CMD_RESUME": _when(trace, fault, ("res_valid_i", "res_ready_o", "res_stag_i"), stag),
    }
    rows = [*texts.values(), *bits.values()]
    moments = [begin]  # then all at which something that is shown changes
    for time in sorted({t for row in rows for t, _ in row if begin < t <= end}):
        if any(at(row, time) != at(row, moments[-1]) for row in rows):
            moments.append(time)
    cycle = _cycle(trace)
    cycles = [str(round((time - moments[1]) / cycle)) for time in moments[1:]]
    signal = [{"name": "cycle", "wave": "=" * len(moments), "data": ["", *cycles]}]
    signal += [_row(name, [at(row, t) for t in moments], "=") for name, row in texts.items()]
    signal += [_row(name, [at(row, t) for t in moments], "") for name, row in bits.items()]
    head = f"STAG {stag:#06x}: a stalled transaction, from its request to its end"
    drawing = {"signal": signal, "config": {"hscale": HSCALE}, "head": {"text": head}}
    return wavedrom.render(json.dumps(drawing)).tostring()


def _row(name: str, values: list[str], box: str) -> dict[str, object]:
    """A row of boxes with text, or of levels where ``box`` is empty."""
    wave, data = "", []
    for index, value in enumerate(values):
        if index and value == values[index - 1]:
            wave += "."
        elif box:
            wave += box
            data.append("" if value in (life.FREE, "FREE") else value)
        else:
            wave += value or "0"
    return {"name": name, "wave": wave, "data": data}


def _walks(trace: Trace, stall: Stall, tracks: dict[tuple[str, str], Texts]) -> Texts:
    """What the walks for the slot read, one after the other."""
    walker = trace.scopes("smmu_walker")[0]
    wanted = [f"{walker}.wreq_{name}" for name in
              ("valid_i", "ready_o", "tbu_i", "msg_i", "widx_o")]  # fmt: skip
    low, width = names.number("UP_SLOT_LSB"), names.number("UP_SLOT_W")

    def mine(valid: int, ready: int, tbu: int, message: int, walk: int) -> str:
        slot = (message or 0) >> low & (1 << width) - 1
        return str(walk) if valid and ready and (tbu, slot) == (stall.tbu, stall.slot) else ""

    result: Texts = [(0, life.FREE)]
    for time, walk in combine([trace.changes(name) for name in wanted], mine):
        texts = tracks.get(("walker", f"walk {walk}"), [])
        ended = next((t for t, text in texts if t > time and text == life.FREE), None)
        if walk and ended is not None:
            purposes = [(t, _purpose(text)) for t, text in texts if time <= t <= ended]
            result += purposes
    return result


def _purpose(text: str) -> str:
    """Of all levels of all stages only what they are for."""
    goal = re.sub(r" (waits|ready)$", "", text).rpartition(" for ")[2]
    return goal.split()[0] if goal else goal


def _when(trace: Trace, scope: str, suffixes: tuple[str, str, str], stag: int) -> Texts:
    """High while a handshake about a stall takes place."""
    parts = [trace.changes(f"{scope}.{name}") for name in suffixes]
    return combine(parts, lambda valid, ready, tag: "1" if valid and ready and tag == stag else "0")


def _lines(trace: Trace, name: str) -> Texts:
    """A pin of the bench, if it has it."""
    full = f"{trace.top}.{name}"
    return combine([trace.changes(full)], lambda v: "1" if v else "0") if full in trace else []


def _stag(trace: Trace, fault: str, stall: Stall) -> int:
    """{generation, entry} of an entry while it is taken."""
    table = trace.scopes("smmu_stall_table")[0]
    changes: Changes = trace.changes(f"{table}.gen_q")
    gens = [value for time, value in changes if time <= stall.taken and value is not None]
    return (gens[-1] >> 8 * stall.entry & 0xFF) << 8 | stall.entry


def _cycle(trace: Trace) -> int:
    """The clock's period in units of the file."""
    rises = [time for time, value in trace.changes(f"{trace.top}.clk_i") if value == 1]
    return rises[-1] - rises[-2]
