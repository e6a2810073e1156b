# SPDX-License-Identifier: Apache-2.0
"""The schemes compared, at 1 and 16 pages: their counts are what the structure of each demands."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from tb.compare import __main__ as program
from tb.compare import measure, result, rtl
from tb.compare.schemes import OPERATIONS, MeasureError
from tb.models.costs import load_costs
from tb.models.scenarios import defects
from tb.models.standin.machine import StandinMachine

SIZES = [1, 16]
SVA_HOST = ("host-sva", "host-sva-dvm")
NESTED = ("vsva-nested", "vsva-nested-dvm", "iommufd")
PROCESSES = (*SVA_HOST, *NESTED, "virtio-table")
KERNEL_DMA = ("virtio-software", "virtio-map")
# stream table and CD table of 2 levels each, page table of 4; nested, 3 levels of stage 2 before
# each of the 6 that are the guest's and before the page; stage 2 alone, the stream table and 3
HOST_WALK, NESTED_WALK, STAGE2_WALK = 8, 29, 5


@cache
def compared() -> dict[str, Any]:
    """One comparison for all tests here; nobody may change it."""
    return result.run(SIZES, jobs=1)


def expected(scheme: str, operation: str, n: int) -> dict[str, int]:
    """Counts of a scheme for ``n`` pages, out of how it works; what is not here is not fixed."""
    guest, dvm = scheme not in SVA_HOST, scheme.endswith("dvm")
    none = {"exits": 0, "commands": 0, "invalidations": 0, "ioctls": 0, "memory_reads": 0}
    traps = 0 if not guest else 1 if scheme == "virtio-table" else 2  # PROD, and CONS for the SYNC
    match operation:
        case "map" if scheme in PROCESSES:
            return none | {"bytes_copied": 0, "interrupts": 0}
        case "map":  # scattered pages: a request each
            return none | {"exits": n, "ioctls": n if scheme == "virtio-map" else 0}
        case "use" if scheme == "virtio-software":
            return none | {"exits": 7, "bytes_copied": 2 * n * 4096}
        case "use":
            reads = {"virtio-map": STAGE2_WALK}.get(scheme, NESTED_WALK if guest else HOST_WALK)
            return none | {"memory_reads": reads * n, "bytes_copied": 0}
        case "unmap" if scheme == "virtio-software":
            return none | {"exits": 1}
        case "unmap" if scheme == "virtio-map":  # one request, but as many mappings
            return none | {"exits": 1, "ioctls": n, "commands": 2 * n, "invalidations": n,
                           "memory_reads": 2 * n}  # fmt: skip
        case "unmap" if dvm:
            return none | {"invalidations": n, "broadcasts": n, "bytes_copied": 0}
        case "unmap":  # one command by range and its SYNC
            return {"exits": traps, "commands": 2, "invalidations": 1, "memory_reads": 2,
                    "ioctls": int(guest), "broadcasts": 0}  # fmt: skip
        # event queue's PROD twice and its CONS, command queue's PROD; virtio: cause and
        # acknowledgement of the interrupt, a buffer given back, the answer
        case "fault":
            return {"stalls": n, "commands": n, "invalidations": 0, "ioctls": 0,
                    "interrupts": n if guest else 0, "exits": 4 * n if guest else 0}  # fmt: skip
        case "exit" if scheme == "virtio-software":
            return none | {"exits": 1}
        case "exit" if scheme == "virtio-map":  # ring and source are mapped too
            return {"exits": 1, "ioctls": n + 3, "commands": 2 * (n + 3)}
        case _:  # CD twice (once for each level it may be cached at), TLB by ASID twice
            return {"commands": 8 if dvm else 12, "invalidations": 5 if dvm else 6,
                    "broadcasts": int(dvm), "exits": traps * (4 if dvm else 6)}  # fmt: skip


def wrong_counts(rows: list[dict[str, Any]]) -> list[str]:
    """Every count that is not as expected."""
    return [
        f"{row['scheme']} {row['operation']} {row['pages']}: {what} {row[what]}, not {want}"
        for row in rows
        for what, want in expected(row["scheme"], row["operation"], row["pages"]).items()
        if row[what] != want
    ]


def test_counts_are_what_the_schemes_demand():
    """All schemes, operations and sizes are there, and what they cost in structure."""
    rows = compared()["rows"]
    keys = {(r["scheme"], r["operation"], r["pages"]) for r in rows}
    missing = {(s, "fault") for s in KERNEL_DMA}
    assert keys == {
        (s, o, n) for s in (*PROCESSES, *KERNEL_DMA) for o in OPERATIONS for n in SIZES
        if (s, o) not in missing
    }  # fmt: skip
    assert {(s, o) for s, each in compared()["missing"].items() for o in each} == missing
    assert wrong_counts(rows) == []


@pytest.mark.parametrize("what", measure.MAIN_COUNTS)
def test_a_broken_count_is_noticed(what):
    """One more in any row of one of the main figures."""
    rows = compared()["rows"]
    noticed = 0
    for index in range(len(rows)):
        broken = copy.deepcopy(rows[index])
        broken[what] += 1
        noticed += bool(wrong_counts([broken]))
    assert noticed >= (30 if what != "bytes_copied" else 20), f"{noticed} of {len(rows)}"


def test_order_of_the_schemes():
    """The order of the schemes, which no cost in reason can turn round."""
    cycles = {(r["scheme"], r["operation"], r["pages"]): r["cycles"] for r in compared()["rows"]}
    for n in SIZES:
        for operation in ("unmap", "exit"):
            order = ["host-sva-dvm", "host-sva", "vsva-nested"]
            seen = [cycles[name, operation, n] for name in order]
            assert seen == sorted(seen), f"{operation} of {n}: {seen}"
        assert cycles["vsva-nested-dvm", "unmap", n] == cycles["host-sva-dvm", "unmap", n]
        assert cycles["vsva-nested", "fault", n] > 3 * cycles["host-sva", "fault", n]


def test_doubled_costs():
    """What is software doubles, what is hardware does not; a map is software alone."""
    for row in compared()["rows"]:
        assert 1 <= row["ratio"] <= 2.01, row
        if row["operation"] == "map":
            assert row["doubled"] == 2 * row["cycles"]
        if (row["operation"], row["scheme"]) == ("use", "virtio-map"):
            assert row["doubled"] == row["cycles"]


def test_growth():
    """Fixed part and price of a page, out of the two largest sizes."""
    rows = [{"scheme": "s", "operation": "o", "pages": n, "cycles": 100 + 7 * n} for n in (1, 10)]
    (found,) = result.growth(rows, [1, 10])
    assert (found["fixed"], found["per_page"]) == (100, 7)
    assert 0 < found["exponent"] < 1
    assert result.growth(rows[:1], [1]) == []


def test_pinning():
    """No stage-2 fault of the device with pinned memory; without, most faults are."""
    pinned, unpinned = (compared()["pinning"][name] for name in ("vsva-nested", "unpinned"))
    assert pinned["stage2_faults"] == 0 < unpinned["stage2_faults"]


DEFECTS = {
    "host-sva": "drop-notifier",
    "host-sva-dvm": "drop-broadcast",
    "vsva-nested": "drop-invalidation-relay",
    "vsva-nested-dvm": "other-vmid",
    "iommufd": "drop-invalidation-relay",
}


@pytest.mark.parametrize("name", [*DEFECTS, "virtio-map", "virtio-table"])
def test_a_scheme_that_does_not_work_has_no_figures(name):
    """A lost invalidation makes unmap cheap; it must not become a figure."""
    machine = StandinMachine(1, jitter_pct=0)
    scheme = measure.make(name, machine, 2)
    if name in DEFECTS:
        scheme.job.defect = DEFECTS[name]
    else:
        boot = scheme.boot

        async def broken() -> None:
            await boot()
            lose = defects.drop_unmap if name == "virtio-map" else defects.drop_invalidate_requests
            lose(scheme.stack.relay)

        scheme.boot = broken
    with pytest.raises(MeasureError, match=r"unmap: .* still there|after unmap: .*stale"):
        machine.run(measure.measure(scheme))


def test_unknown_scheme_is_refused():
    with pytest.raises(MeasureError, match="no scheme nested: one of host-sva, "):
        measure.make("nested", StandinMachine(1), 1)


# ---- options --------------------------------------------------------------------------------
def test_other_costs_change_cycles_and_no_count(tmp_path):
    """An exit that costs nothing: everything stays but the time."""
    path = tmp_path / "cheap.yaml"
    steps = "kvm-exit: {cycles: 1}, kvm-exit-user: {cycles: 1}, kvm-enter: {cycles: 1}"
    path.write_text(f"layers: {{kvm: {{{steps}}}}}\n")
    plain = measure.on_standin("vsva-nested", 1, load_costs())
    cheap = measure.on_standin("vsva-nested", 1, load_costs(overlay=path))
    saved = sum(
        load_costs()[step].cycles - 1 for step in ("kvm-exit", "kvm-exit-user", "kvm-enter")
    )
    assert plain["unmap"]["cycles"] - cheap["unmap"]["cycles"] == 2 * saved
    for operation, row in plain.items():
        assert {k: row[k] for k in measure.COUNTS} == {
            k: cheap[operation][k] for k in measure.COUNTS
        }


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--pages", "0"], "PAGES=0: not numbers from 1 to 4096"),
        (["--pages", "1,many"], "PAGES=1,many: not numbers from 1 to 4096"),
        (["--pages", "4097"], "PAGES=4097: not numbers from 1 to 4096"),
        (["--costs", "none.yaml"], "none.yaml: No such file or directory"),
    ],
)
def test_wrong_options_are_one_line(args, says, capsys):
    assert program.main(args) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"compare: {says}\n")


# ---- RTL ------------------------------------------------------------------------------------
def test_a_count_that_differs_on_the_rtl_is_told():
    """Software's counts must be equal; cycles and reads of cached tables need not be."""
    ours = measure.on_standin("host-sva", 1, load_costs())
    theirs = copy.deepcopy(ours)
    theirs["unmap"] |= {"commands": 3, "memory_reads": 1, "cycles": 7}
    told = {
        row["operation"]: row["differs"] for row in rtl.differences("host-sva", 1, ours, theirs)
    }
    assert told == dict.fromkeys(OPERATIONS, "") | {"unmap": "commands: 3, not 2"}
