# SPDX-License-Identifier: Apache-2.0
"""Replay cases for the rate of replay, as long as cases written by people and generators are.

52 steps, 27 of them commands and device transactions, in the proportions of the conformance vectors
(56 and 26): a nested PASID stream, one with stage 1 only, one in bypass and one without STE; each
case drops all caches first, then accesses, faults with their records and one more invalidation.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tb.bench.speed.scene import DATA, PAGE, PAGES, SID, SSID, VA, Recorder, frames, lay_out
from tb.env.program import SmmuProgram
from tb.models.fields import Cmd
from tb.models.memory import Memory

CASES = 40
ROUNDS = 7
S1_SID, BYPASS_SID, NO_SID = 6, 7, 9
UNMAPPED = VA + 64 * PAGE
ANY_RECORD = {"hex": "00" * 32, "mask": "00" * 32}


def write_cases(folder: Path) -> Path:
    """The folder, with CASES files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(CASES):
        (folder / f"case{seed:02d}.json").write_text(json.dumps(_case(seed)))
    return folder


def _case(seed: int) -> dict[str, Any]:
    rng, memory, io = random.Random(seed), Memory(), Recorder()
    prog = SmmuProgram(io, memory)
    lay_out(prog)
    space = prog.stream(S1_SID).space(asid=2)
    for page in range(PAGES):
        space.map(VA + PAGE * page, DATA + PAGE * page, PAGE)
    prog.stream(BYPASS_SID, s1=False)
    io.bring_up(prog)
    steps = [_register(*done) for done in io.done]
    steps += [_command(Cmd.cfgi_all()), _command(Cmd.tlbi_nsnh_all()), {"op": "sync"}]
    for index in range(ROUNDS):
        steps += _round(rng, index)
        if index == ROUNDS // 2:
            steps.insert(
                -1, _command(rng.choice((Cmd.tlbi_nh_all(), Cmd.cfgi_ste(sid=SID, leaf=1))))
            )
    return {
        "format": "smmu-replay/1",
        "name": f"speed-{seed:02d}",
        "memory": [{"pa": hex(pa), "hex": data} for pa, data in frames(memory)],
        "steps": steps,
    }


def _register(op: str, offset: int, value: int) -> dict[str, Any]:
    return {"op": "write32" if op == "reg" else "poll32", "reg": hex(offset), "value": hex(value)}


def _command(command: bytes) -> dict[str, Any]:
    words = [hex(int.from_bytes(command[k : k + 8], "little")) for k in (0, 8)]
    return {"op": "command", "words": words}


def _round(rng: random.Random, index: int) -> list[dict[str, Any]]:
    """Two accesses and, in turns, a fault with its record or a look at memory; CMD_SYNC."""
    offset = rng.randrange(PAGES) * PAGE + 8 * rng.randrange(256)
    nested = {"sid": hex(SID), "ssid": hex(SSID), "addr": hex(VA + offset)}
    other = rng.choice(
        ({"sid": hex(S1_SID), "addr": hex(VA + offset)},
         {"sid": hex(BYPASS_SID), "addr": hex(DATA + offset)})
    )  # fmt: skip
    fault = rng.choice(
        ({"sid": hex(NO_SID), "addr": hex(DATA)}, {"sid": hex(S1_SID), "addr": hex(UNMAPPED)})
    )
    data = rng.randbytes(8).hex()
    good = {"resp": "OKAY", "pa": hex(DATA + offset)}
    steps: list[dict[str, Any]] = [
        {"op": "dma", "id": f"w{index}", "dir": "write", "data": data, "expect": good, **nested},
        {"op": "dma", "id": f"r{index}", "dir": "read", "len": 8,
         "expect": good | {"data": data}, **other},
    ]  # fmt: skip
    if index % 3 == 1:
        steps += [
            {"op": "dma", "id": f"f{index}", "dir": "read", "len": 4,
             "expect": {"resp": "SLVERR"}, **fault},
            {"op": "events", "expect": [ANY_RECORD]},
        ]  # fmt: skip
    else:
        steps += [
            {"op": "events", "expect": []},
            {"op": "mem_read", "pa": hex(DATA + offset), "expect": data},
        ]
    return [*steps, {"op": "sync"}]
