# SPDX-License-Identifier: Apache-2.0
"""Cuts a failing replay case to a minimal one that fails in the same way (``SHRINK=1``).

The same way: on every target the same kind of step is wrong in the same field, or it passes there
as before. So a case that only the RTL fails stays one that the reference model passes, and cannot
slip into a failure of its own making. Delta debugging (ddmin) over steps, then lines of memory,
words and bytes of memory, and what is optional in a step.

It works on JSON documents and awaits each verdict, so that it can run inside a simulation: one
process serves all candidates. (Libraries for ddmin cannot: their test is a plain function.)
"""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tb.replay.format import Case, FormatError, parse_case
from tb.replay.interpreter import CaseResult, run_case
from tb.replay.target import ReplayTarget

T = TypeVar("T")
Document = dict[str, Any]
LINE, WORD = 64, 8
WATCHDOG = 20_000  # cycles; a candidate that hangs elsewhere need not be waited for
MAX_RUNS = 5000
MAX_SECONDS = 1200.0
OPTIONAL = {
    "dma": ("prot", "expect", "wait"), "read32": ("mask",), "poll32": ("mask", "cycles"),
    "events": ("order",), "resume": ("as_sid",),
}  # fmt: skip
_DETAIL = re.compile(r"step=(\d+) field=(\S+) got=(.*) want=(.*)", re.DOTALL)

Signature = tuple[str, ...]


def signature(case: Case, result: CaseResult) -> Signature:
    """What makes two failures the same on one target."""
    found = _DETAIL.match(result.detail) if result.status == "FAIL" else None
    if found is None:
        return (result.status,)
    step, name, got, want = found.groups()
    what = re.sub(r"\[\d+\]$", "", name)
    # a response is one of three words: another one is another failure
    return (case.steps[int(step)].op, what, *((got, want) if name == "resp" else ()))


async def ddmin(items: Sequence[T], fails: Callable[[list[T]], Awaitable[bool]]) -> list[T]:
    """A sublist that still fails and from which no item can be taken (Zeller's ddmin)."""
    left, parts = list(items), 2
    if left and await fails([]):
        return []
    while len(left) > 1:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            rest = left[:start] + left[start + size :]
            if rest and await fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(2 * parts, len(left))
    return left


@dataclass
class Shrinker:
    """One shrinking; the first of ``targets`` should be the cheapest."""

    document: Document
    targets: Sequence[ReplayTarget]
    runs: int = 0
    want: tuple[Signature, ...] = ()
    results: list[CaseResult] = field(default_factory=list)
    _known: dict[str, bool] = field(default_factory=dict)

    async def run(self) -> Document | None:
        """The minimal document; None when there is no failure."""
        self.end = time.monotonic() + MAX_SECONDS
        case = parse_case(self.document)
        self.results = [await run_case(case, target) for target in self.targets]
        self.want = tuple(signature(case, result) for result in self.results)
        if all(result.status != "FAIL" for result in self.results):
            return None
        self._cut_tail()
        before = ""
        while before != (before := json.dumps(self.document)):
            for reduce in (self._steps, self._lines, self._features, self._words, self._bytes,
                           self._lengths, self._optional):  # fmt: skip
                await reduce()
        final = parse_case(self.document)
        self.results = [await run_case(final, target) for target in self.targets]
        return self.document

    def summary(self, smallest: Document | None) -> dict[str, Any]:
        """What a caller in another process needs to know."""
        results = [{"name": r.name, "status": r.status, "detail": r.detail} for r in self.results]
        return {"document": smallest, "runs": self.runs, "results": results}

    async def same(self, document: Document) -> bool:
        """Does this candidate fail in the same way?"""
        text = json.dumps(document)
        if text not in self._known:
            if self.runs >= MAX_RUNS or time.monotonic() > self.end:
                return False
            self._known[text] = await self._judge(document)
        return self._known[text]

    async def _judge(self, document: Document) -> bool:
        try:
            case = parse_case(document)
        except FormatError:
            return False
        self.runs += 1
        for target, want in zip(self.targets, self.want, strict=True):
            result = await run_case(case, target, watchdog=WATCHDOG)
            if signature(case, result) != want:
                return False
        return True

    async def _try(self, document: Document) -> bool:
        """Keep a candidate that is no worse."""
        if document == self.document or not await self.same(document):
            return False
        self.document = document
        return True

    def _with(self, **parts: Any) -> Document:
        return {**self.document, **parts}

    # ---- passes --------------------------------------------------------------------------
    def _cut_tail(self) -> None:
        """Nothing after the last failing step matters, but its await."""
        steps = [int(m[1]) for r in self.results if (m := _DETAIL.match(r.detail))]
        self.document = self._with(steps=self.document["steps"][: max(steps) + 1])

    async def _steps(self) -> None:
        async def fails(steps: list[Document]) -> bool:
            return await self.same(self._with(steps=steps))

        self.document = self._with(steps=await ddmin(self.document["steps"], fails))

    async def _lines(self) -> None:
        """Regions of memory in lines of 64 bytes; what is zero anyway goes unasked."""
        lines: list[Document] = []
        for region in self.document.get("memory", []):
            if "hex" not in region:
                lines.append(region)
                continue
            pa, data = int(region["pa"], 0), bytes.fromhex(region["hex"])
            while data:
                size = LINE - pa % LINE
                if any(data[:size]):
                    lines.append({"pa": hex(pa), "hex": data[:size].hex()})
                pa, data = pa + size, data[size:]

        async def fails(memory: list[Document]) -> bool:
            return await self.same(self._with(memory=memory))

        if await fails(lines):
            self.document = self._with(memory=await ddmin(lines, fails))

    async def _features(self) -> None:
        names = list(self.document.get("features", {}))

        async def fails(kept: list[str]) -> bool:
            old = self.document["features"]
            return await self.same(self._with(features={n: old[n] for n in kept}))

        if names:
            kept = await ddmin(names, fails)
            old = self.document["features"]
            self.document = self._with(features={n: old[n] for n in kept})

    async def _words(self) -> None:
        await self._zeros(WORD)

    async def _bytes(self) -> None:
        await self._zeros(1)

    async def _zeros(self, size: int) -> None:
        """Pieces of initial memory and of memory writes become zero."""
        places = [
            (kind, index, at)
            for kind in ("memory", "steps")
            for index, item in enumerate(self.document.get(kind, []))
            if "hex" in item
            for at in range(0, len(item["hex"]) // 2, size)
            if item["hex"][2 * at : 2 * (at + size)].strip("0")
        ]

        def zeroed(kept: Sequence[tuple[str, int, int]]) -> Document:
            document = copy.deepcopy(self.document)
            for kind, index, at in set(places) - set(kept):
                item = document[kind][index]
                data = bytearray.fromhex(item["hex"])
                data[at : at + size] = bytes(len(data[at : at + size]))
                item["hex"] = data.hex()
            return document

        async def fails(kept: list[tuple[str, int, int]]) -> bool:
            return await self.same(zeroed(kept))

        self.document = zeroed(await ddmin(places, fails))

    async def _lengths(self) -> None:
        """Transactions of one byte, or of as few as will do."""
        for index, step in enumerate(self.document["steps"]):
            if step["op"] != "dma":
                continue
            length = len(step["data"]) // 2 if "data" in step else int(str(step["len"]), 0)
            for size in (1 << k for k in range(length.bit_length())):
                if size < length and await self._try(self._replaced(index, _shortened(step, size))):
                    break

    async def _optional(self) -> None:
        for index in range(len(self.document["steps"])):
            for key in OPTIONAL.get(self.document["steps"][index]["op"], ()):
                step = dict(self.document["steps"][index])
                if step.pop(key, None) is not None:
                    await self._try(self._replaced(index, step))
            step = self.document["steps"][index]
            for key in ("pa", "data"):
                if key in step.get("expect", {}) and step["op"] == "dma":
                    expect = {k: v for k, v in step["expect"].items() if k != key}
                    await self._try(self._replaced(index, {**step, "expect": expect}))
                    step = self.document["steps"][index]

    def _replaced(self, index: int, step: Document) -> Document:
        steps = list(self.document["steps"])
        steps[index] = step
        return self._with(steps=steps)


def _shortened(step: Document, size: int) -> Document:
    step = copy.deepcopy(step)
    if "data" in step:
        step["data"] = step["data"][: 2 * size]
        step.pop("len", None)
    else:
        step["len"] = size
    if "data" in step.get("expect", {}):
        step["expect"]["data"] = step["expect"]["data"][: 2 * size]
    return step


def report(before: Document, after: Document, runs: int) -> str:
    """One line of what was gained."""

    def size(document: Document) -> str:
        regions = document.get("memory", [])
        data = sum(len(r.get("hex", "")) // 2 or int(str(r.get("len", 0)), 0) for r in regions)
        return f"{len(document['steps'])} steps and {data} bytes of memory"

    return f"shrunk from {size(before)} to {size(after)} in {runs} runs"


def file_of(name: str, folder: Path) -> Path:
    """Where the minimal case of this name goes."""
    return folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}.min.json"
