# SPDX-License-Identifier: Apache-2.0
"""GBPA of the whole SMMU: attributes, aborts, updates under traffic (INI-005..009, REG-014)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.bfm.burst import AxiTxn
from tb.models.fields import REG
from tb.models.smmu_ref import SmmuRef, Transaction
from tests.smmu.enable_scene import ABORT, QUEUES, SHCFG_IN, SID, UPDATE, WORD, Flood, gbpa
from tests.smmu.queue_scene import PAGE, Scene


class Downstream:
    """What left on m_axi of TBU 0."""

    def __init__(self, s: Scene) -> None:
        self.bursts: list[AxiTxn] = []
        s.bench.monitor(
            s.bench.memory_probes[0], "tbu0_m_axi", lambda txn: None,
            on_address=self.bursts.append,
        )  # fmt: skip

    def take(self) -> list[AxiTxn]:
        """All since the last call."""
        taken, self.bursts[:] = list(self.bursts), []
        return taken


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def bypass_attributes(dut: Any) -> None:
    """INI-005, REG-014: every override of GBPA, SSV 0 and 1, both directions, as the model.

    The address passes unchanged and nothing is read for it, whatever AGBPA was told.
    """
    s = await Scene.start(dut, run=False)
    model = SmmuRef(s.memory, s.bench.model_config)
    down, rng = Downstream(s), s.bench.rng
    await s.put("AGBPA", WORD)
    fields = {"memattr": 4, "mtcfg": 1, "alloccfg": 4, "shcfg": 2, "privcfg": 2, "instcfg": 2}
    sweep = [(name, value) for name, width in fields.items() for value in range(1 << width)]
    for name, value in sweep * 2:
        chosen = {n: rng.getrandbits(w) for n, w in fields.items()} | {name: value}
        if name == "memattr":
            chosen["mtcfg"] = 1
        await gbpa(s, image := REG["GBPA"].value(**chosen))
        model.write32(REG["GBPA"].offset, UPDATE | image)
        for write, ssid in product((False, True), (None, 0x12345)):
            side = {"cache": rng.choice((0, 1, 2, 3, 6, 7, 10, 11, 14, 15)),
                    "domain": rng.randrange(3), "priv": bool(rng.getrandbits(1)),
                    "inst": bool(rng.getrandbits(1))}  # fmt: skip
            if side["cache"] < 4:
                side["domain"] = 3
            addr = PAGE + 8 * rng.randrange(512)
            txn = Transaction(sid=SID, ssid=ssid, addr=addr, rnw=not write, length=8, **side)
            want = model.predict(txn)
            if write:
                got = s.bench.write(addr, bytes(8), sid=SID, ssid=ssid, **side)
            else:
                got = s.bench.read(addr, 8, sid=SID, ssid=ssid, **side)
            assert (await s.done(got)).ok
            (burst,) = down.take()
            attrs = (burst.ax["cache"], burst.ax["domain"], burst.ax["prot"])
            expected = (want.attrs.cache, want.attrs.domain, want.attrs.prot)
            assert burst.addr == addr == want.pa
            assert attrs == expected, f"GBPA {chosen}, {txn}: {attrs}, not {expected}"
    assert not s.log, "the walk port was used"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def bypass_and_abort(dut: Any) -> None:
    """INI-006, INI-007, INI-009, REG-040: ABORT, addresses beyond OAS; no event; Update rules."""
    s = await Scene.start(dut, run=False)
    lay = s.prog.layout
    await s.prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2)
    await s.prog.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2)
    await s.prog.enable(**QUEUES)
    rng = s.bench.rng
    top = 1 << s.bench.model_config.oas
    for addr, good in ((top - 8, True), (top, False), (0xFF << 56, False)):
        assert (await s.read(addr, SID)).ok == good, hex(addr)
        assert (await s.done(s.bench.write(addr, bytes(8), sid=SID))).ok == good, hex(addr)
    await gbpa(s, ABORT | SHCFG_IN)
    down = s.bench.mems[0].reads
    for _ in range(40):
        sid, addr = rng.getrandbits(16), rng.getrandbits(47) & ~7
        ssid = rng.choice((None, rng.getrandbits(20)))
        tbu = rng.randrange(s.bench.tbus)
        if rng.getrandbits(1):
            txn = s.bench.read(addr, 8, sid=sid, ssid=ssid, tbu=tbu)
        else:
            txn = s.bench.write(addr, bytes(8), sid=sid, ssid=ssid, tbu=tbu)
        assert not (await s.done(txn)).ok
    assert s.bench.mems[0].reads == down
    await s.run()
    await s.expect("EVENTQ_PROD", 0, "INI-006")
    # without Update, and while one is open
    await s.put("GBPA", SHCFG_IN)
    await s.expect("GBPA", ABORT | SHCFG_IN, "a write without Update")
    assert not (await s.read(PAGE, SID)).ok
    await gbpa(s, SHCFG_IN)
    mem = s.bench.mems[0]
    mem.filters.append(lambda request: "hold")
    old = s.bench.read(PAGE, 8, sid=SID)
    await s.until(lambda: mem.held, "a read under the old value")
    await s.put("GBPA", UPDATE | ABORT | SHCFG_IN)
    await s.expect("GBPA", UPDATE | ABORT | SHCFG_IN, "at once")
    for value in (UPDATE | SHCFG_IN, SHCFG_IN, WORD):
        await s.put("GBPA", value)
        await s.quiet(50)
        await s.expect("GBPA", UPDATE | ABORT | SHCFG_IN, "Update is open")
    mem.filters.clear()
    mem.release_all()
    await s.prog.until("GBPA", UPDATE, 0)
    await s.expect("GBPA", ABORT | SHCFG_IN)
    assert (await s.done(old)).ok and not (await s.read(PAGE, SID)).ok
    await s.expect("EVENTQ_PROD", 0)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def gbpa_under_traffic(dut: Any) -> None:
    """INI-008, REG-040: wholly old or wholly new; after Update=0 new alone."""
    s = await Scene.start(dut, run=False)
    down = Downstream(s)
    s.memory.poke(PAGE, b"\x5a" * 8)
    images = [
        REG["GBPA"].value(shcfg=1, privcfg=2, instcfg=2, mtcfg=1, memattr=0b0101),
        REG["GBPA"].value(shcfg=2, privcfg=3, instcfg=3, mtcfg=1, memattr=0b1111),
        ABORT | SHCFG_IN,
    ]
    pure: dict[int, tuple[int, ...] | None] = {}
    for value in images:
        await gbpa(s, value)
        down.take()
        txn = await s.read(PAGE, SID)
        bursts = down.take()
        pure[value] = (
            tuple(bursts[0].ax[n] for n in ("cache", "domain", "prot")) if bursts else None
        )
        assert txn.ok == (value != images[2]) == bool(bursts)
    assert all(a != b for a, b in zip(pure[images[0]], pure[images[1]], strict=True)), pure
    allowed, since = set(images), 0
    ended: list[tuple[bool, int]] = []
    flood = Flood(s, PAGE, lambda txn, posted: ended.append((txn.ok, posted)), sid=SID)
    for n in range(24):
        value = images[n % 3]
        allowed.add(value)
        await s.bench.cycles(s.bench.rng.randrange(80))
        await gbpa(s, value)
        since = s.bench.cycle
        seen = {tuple(b.ax[n] for n in ("cache", "domain", "prot")) for b in down.take()}
        assert seen <= {pure[v] for v in allowed}, f"mixed attributes: {seen}"
        allowed = {value}
        await s.bench.cycles(60)
        late = [ok for ok, posted in ended if posted > since]
        assert late and all(ok == (pure[value] is not None) for ok in late), f"step {n}"
        ended.clear()
    await flood.end()
    await s.finish()
