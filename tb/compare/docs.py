# SPDX-License-Identifier: Apache-2.0
"""What docs/vsva.md shows of a comparison: its data, pictures, and the tables between the marks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.options import ROOT
from tb.compare.plots import pictures

DOCS = ROOT / "docs"
DATA, PAGE = DOCS / "vsva.json", DOCS / "vsva.md"
SHOWN = 256  # pages of the tables in the text
MARK = re.compile(r"<!-- compare: (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)

Result = dict[str, Any]


class Figures:
    """Looks figures up; KeyError for one that was not measured."""

    def __init__(self, result: Result) -> None:
        self._rows = {(r["scheme"], r["operation"], r["pages"]): r for r in result["rows"]}

    def __call__(self, scheme: str, operation: str, pages: int, what: str = "cycles") -> int:
        return self._rows[scheme, operation, pages][what]

    def times(self, scheme: str, than: str, operation: str, pages: int) -> str:
        """How many times the cycles of another scheme."""
        return f"{self(scheme, operation, pages) / self(than, operation, pages):.1f} times"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cycles(result: Result) -> str:
    """Cycles per page of each operation, and how doubled costs change them."""
    rows = []
    for scheme in result["schemes"]:
        cells = [f"`{scheme}`"]
        for operation in result["operations"]:
            found = [r for r in result["rows"] if (r["scheme"], r["operation"], r["pages"])
                     == (scheme, operation, SHOWN)]  # fmt: skip
            cells.append(f"{found[0]['cycles'] / SHOWN:,.0f} (x{found[0]['ratio']:.2f})"
                         if found else "-")  # fmt: skip
        rows.append(cells)
    return _markdown(["scheme", *result["operations"]], rows)


def _counts(result: Result) -> str:
    """Exits, commands, invalidations, ioctls of each operation."""
    rows = []
    for operation in result["operations"]:
        for scheme in result["schemes"]:
            for r in result["rows"]:
                if (r["scheme"], r["operation"], r["pages"]) == (scheme, operation, SHOWN):
                    rows.append([operation, f"`{scheme}`", *(f"{r[what]:,}" for what in _COUNTED)])
    return _markdown(["operation", "scheme", *(w.replace("_", " ") for w in _COUNTED)], rows)


_COUNTED = ("exits", "ioctls", "commands", "invalidations", "memory_reads", "bytes_copied")


def _growth(result: Result) -> str:
    """Fixed part and price of one page more."""
    cells: dict[str, dict[str, str]] = {name: {} for name in result["schemes"]}
    for g in result["growth"]:
        cells[g["scheme"]][g["operation"]] = f"{g['fixed']:,} + {g['per_page']:,.0f} n"
    return _markdown(
        ["scheme", *result["operations"]],
        [[f"`{name}`", *(row.get(op, "-") for op in result["operations"])]
         for name, row in cells.items()],
    )  # fmt: skip


def _claims(result: Result) -> str:
    """The claims of the text in words, and what was measured."""
    f = Figures(result)
    many = result["sizes"][-1]
    pinned, unpinned = (result["pinning"][name] for name in ("vsva-nested", "unpinned"))
    rows = [
        [
            "synchronizing page tables costs a lot",
            f"unmap of one page: {f('host-sva', 'unmap', 1):,} cycles on the host, "
            f"{f('vsva-nested', 'unmap', 1):,} in a guest "
            f"({f.times('vsva-nested', 'host-sva', 'unmap', 1)}): {_synchronization(f)}",
        ],
        [
            "... but not by the page",
            f"unmap of {many:,} pages at once: {f('host-sva', 'unmap', many):,} against "
            f"{f('vsva-nested', 'unmap', many):,} "
            f"({f.times('vsva-nested', 'host-sva', 'unmap', many)}): still one invalidation",
        ],
        [
            "DVM avoids software synchronization",
            f"unmap of one page in a guest: {f('vsva-nested-dvm', 'unmap', 1):,} cycles instead of "
            f"{f('vsva-nested', 'unmap', 1):,}, {f('vsva-nested-dvm', 'unmap', 1, 'exits')} exits, "
            f"{f('vsva-nested-dvm', 'unmap', 1, 'commands')} commands, "
            f"{f('vsva-nested-dvm', 'unmap', 1, 'broadcasts')} broadcast",
        ],
        [
            "the table is shared, so nothing has to be told when a page is added",
            f"map of {SHOWN} pages: {f('vsva-nested', 'map', SHOWN, 'exits')} exits and "
            f"{f('vsva-nested', 'map', SHOWN, 'commands')} commands with the guest's table in "
            f"place, {f('virtio-map', 'map', SHOWN, 'exits')} exits and "
            f"{f('virtio-map', 'map', SHOWN, 'ioctls')} ioctls with MAP requests",
        ],
        [
            "a stage-1 fault must reach the guest and its answer the SMMU",
            f"one fault: {f('host-sva', 'fault', 1):,} cycles on the host, "
            f"{f('vsva-nested', 'fault', 1):,} through VFIO and QEMU "
            f"({f.times('vsva-nested', 'host-sva', 'fault', 1)}), with "
            f"{f('vsva-nested', 'fault', 1, 'exits')} exits and "
            f"{f('vsva-nested', 'fault', 1, 'interrupts')} interrupt; DVM does not change it",
        ],
        [
            "pinning means no stage-2 faults",
            f"the small job of `vsva-nested`: {pinned['stage2_faults']} stage-2 faults of the "
            f"device; the same job unpinned: {unpinned['stage2_faults']}",
        ],
        [
            "the SMMU walks CD and page tables through stage 2",
            f"one translation without caches: {f('host-sva', 'use', 1, 'memory_reads')} reads on "
            f"the host, {f('vsva-nested', 'use', 1, 'memory_reads')} nested, "
            f"{f('virtio-map', 'use', 1, 'memory_reads')} with stage 2 alone",
        ],
        [
            "process exit: tables, CPU TLB, SMMU TLB and CD",
            f"{f('host-sva', 'exit', 1, 'commands')} commands in either; their relay takes "
            f"{f('vsva-nested', 'exit', 1, 'exits')} exits, with DVM "
            f"{f('vsva-nested-dvm', 'exit', 1, 'exits')} (CDs are not broadcast)",
        ],
    ]  # fmt: skip
    return _markdown(["claim", "measured"], rows)


def _synchronization(f: Figures) -> str:
    return (f"{f('vsva-nested', 'unmap', 1, 'exits')} exits and "
            f"{f('vsva-nested', 'unmap', 1, 'ioctls')} ioctl for the same "
            f"{f('vsva-nested', 'unmap', 1, 'commands')} commands")  # fmt: skip


SECTIONS: dict[str, Callable[[Result], str]] = {
    "claims": _claims,
    "cycles": _cycles,
    "counts": _counts,
    "growth": _growth,
}


def replaced(text: str, result: Result) -> str:
    """The page with its tables made anew."""
    return MARK.sub(
        lambda m: f"<!-- compare: {m[1]} -->\n{SECTIONS[m[1]](result)}<!-- end -->\n", text
    )


def data(result: Result) -> str:
    """The file of figures: a row a line, without the table of costs, which is in the tree."""
    kept = {name: value for name, value in result.items() if name not in ("costs", "rtl", "rows")}
    lines = [f'"{name}": {json.dumps(value)},' for name, value in kept.items()]
    rows = ",\n".join(json.dumps(row) for row in result["rows"])
    return "\n".join(["{", *lines, f'"rows": [\n{rows}\n]', "}", ""])


def files(result: Result) -> dict[Path, str]:
    """All files of docs/ that come from a result, with what they should hold."""
    out = {DOCS / name: svg for name, svg in pictures(result).items()}
    return out | {DATA: data(result), PAGE: replaced(PAGE.read_text(), result)}


def write(result: Result) -> None:
    """Make them."""
    for path, text in files(result).items():
        path.write_text(text)


def stale() -> list[str]:
    """Files of docs/ that are not what today's code makes of the figures in the tree."""
    if not DATA.is_file():
        return [f"{DATA.name} is missing: make compare PICTURES=1"]
    result = json.loads(DATA.read_text())
    return [f"{path.name} was made by other code: make compare PICTURES=1"
            for path, text in files(result).items()
            if not path.is_file() or path.read_text() != text]  # fmt: skip
