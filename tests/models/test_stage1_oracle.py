# SPDX-License-Identifier: Apache-2.0
"""Stage 1 of the reference model against the MMU of an emulated arm64 CPU.

Not compared, because the CPU model does not do it: output address sizes (no address size fault
exists there; all addresses lie inside IPS), address bits a leaf or table leaves RES0 (it ORs them
into its output), blocks at levels that have none (VM1-008; it takes them for blocks), instruction
permissions (AT asks for data accesses only), stage 2.
"""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from sim import figures
from sim.options import from_env
from sim.regress import lists
from tb.models.fields import STE, Event
from tb.models.layout import Record
from tb.models.smmu_ref import Fault, SmmuConfig, Transaction, attributes
from tb.models.smmu_ref.regs import Registers
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.walk import stage1
from tests.models.random_stage1 import Half, RandomStage1
from tests.models.unicorn_mmu import AT_OPS, TABLES, At, Par, UnicornMmu

WALKS = 24_000  # at scale 1
ADDRESSES = 64  # of a regime
# Fault status code of an event at level 0.
FST = {Event.F_TRANSLATION: 0b000100, Event.F_ACCESS: 0b001000, Event.F_PERMISSION: 0b001100}
NAMES = {code >> 2: event.name for event, code in FST.items()}


class Tables:
    """The memory of a regime, for the model."""

    def __init__(self, descriptors: dict[int, int]) -> None:
        self.descriptors = descriptors

    def peek(self, pa: int, n: int) -> bytes:
        assert n == 8
        return self.descriptors.get(pa, 0).to_bytes(8, "little")

    def response_to(self, pa: int, n: int, is_write: bool, who: str = "") -> str:
        return "OKAY"


class Model:
    """Stage 1 of ``smmu_ref`` over one regime."""

    config = SmmuConfig()
    regs = Registers(config)
    ste = STE.unpack(STE.pack(v=1, config=5))

    def __init__(self, regime: RandomStage1) -> None:
        self.tables = Tables(regime.descriptors)
        self.cds: dict[bool, Record] = {pan: regime.cd(pan) for pan in (False, True)}

    def ask(self, op: At, va: int, half: Half) -> tuple[int | None, int, object]:
        """(fault status code, output page, attributes), as PAR_EL1 would say it."""
        txn = Transaction(sid=0, addr=va, rnw=not op.write, priv=op.privileged)
        session = Session(self.config, self.regs, self.tables, txn, quiet=True)
        try:
            found = stage1(session, self.ste, self.cds[op.pan], nested=False)
        except Fault as fault:
            # the level of the last descriptor that was read; 0 when none was
            level = half.start + len(session.fetches) - 1 if session.fetches else 0
            return FST[fault.event] | level, 0, None
        return None, found.address & ~0xFFF, found.attr


def cpu(par: Par) -> tuple[int | None, int, object]:
    """The same of the CPU."""
    if par.fst is not None:
        return par.fst, 0, None
    return None, par.page, attributes.of_mair(par.attr, par.sh)


def compare(mmu: UnicornMmu, rng: random.Random, walks: int) -> Counter[str]:
    """Walks compared, by how they ended; AssertionError at the first difference."""
    seen: Counter[str] = Counter()
    while seen["walks"] < walks:
        regime = RandomStage1(rng, TABLES)
        mmu.store(regime.descriptors)
        low, high = regime.halves
        mmu.program(ttb=(low.base, high.base), tcr=regime.tcr, mair=regime.mair)
        model = Model(regime)
        places = [regime.address() for _ in range(ADDRESSES)]
        for op in AT_OPS:
            pars = mmu.at(op, [va for va, _ in places])
            for (va, half), par in zip(places, pars, strict=True):
                want, got = cpu(par), model.ask(op, va, half)
                assert got == want, _difference(regime, op, va, half, got, want)
                seen["hits" if par.fst is None else NAMES[par.fst >> 2]] += 1
            seen["walks"] += len(places)
        mmu.store(dict.fromkeys(regime.descriptors, 0))
    return seen


def _difference(regime: RandomStage1, op: At, va: int, half: Half, got: tuple, want: tuple) -> str:
    return (
        f"va 0x{va:x} {op}: model {got}, CPU {want}; TCR 0x{regime.tcr:x} "
        f"{half.granule.name} T{int(half.upper)}SZ={half.tsz} TTB 0x{half.base:x}"
    )


def test_stage1_against_unicorn() -> None:
    """VM1-001..007, 009..011, 014..016, 020, 021, 023: the model walks as the CPU does."""
    options = from_env()
    seed = options.seed_or_picked
    start = time.monotonic()
    seen = compare(UnicornMmu(), random.Random(seed), WALKS * options.scale)
    wall = time.monotonic() - start
    kinds = ("walks", "hits", *NAMES.values())
    counts = {name: seen[name] for name in kinds}
    figures.publish("stage 1 against unicorn", **counts, mismatches=0, seconds=wall)
    for name in kinds:
        assert seen[name] > WALKS // 100, f"{name}: only {seen[name]}"


@pytest.mark.parametrize("bit", [6, 7, 10])
def test_oracle_sees_a_wrong_model(bit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that reads AP or AF wrongly differs from the CPU soon."""
    peek = Tables.peek

    def wrong(self: Tables, pa: int, n: int) -> bytes:
        return (int.from_bytes(peek(self, pa, n), "little") ^ 1 << bit).to_bytes(8, "little")

    monkeypatch.setattr(Tables, "peek", wrong)
    with pytest.raises(AssertionError, match="model"):
        compare(UnicornMmu(), random.Random(1), 2_000)


def test_nightly_walks_a_million() -> None:
    """The nightly list asks for a million walks."""
    jobs = lists.plan_jobs(lists.read_list("nightly"), [0])
    mine = [job for job in jobs if job.test == test_stage1_against_unicorn.__name__]
    assert sum(WALKS * job.scale for job in mine) >= 1_000_000
