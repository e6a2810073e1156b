# SPDX-License-Identifier: Apache-2.0
"""Misses at once: walks in parallel, merged misses (architecture D4, D5)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bench.figures import record
from tb.bench.scene import LIMIT_MS, PAGE, Scene, Space
from tb.bfm.burst import AxiTxn

LATENCY = 100  # L of these rows
PAGES, IN_FLIGHT = 512, 24
LINE_PAGES = 8  # pages whose leaf descriptors share 64 bytes
BLOCK_PAGES = 512  # pages of one leaf table
REGION_PAGES = (64 << 20) // PAGE
FIRST = 0x40_0000_0000


async def _all(txns: list[AxiTxn]) -> None:
    for txn in txns:
        assert (await txn).ok


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def random_miss(dut: Any) -> None:
    """512 pages of 64 MB, each in another line of both leaf tables, upper levels warm, L = 100."""
    scene = await Scene.start(dut)
    space = Space(scene)
    # line 0 of each leaf table warms the levels above it and is not used again
    lines = [n for n in range(REGION_PAGES // LINE_PAGES) if n % (BLOCK_PAGES // LINE_PAGES)]
    chosen = scene.rng.sample(lines, PAGES)
    pages = [FIRST + (LINE_PAGES * n + scene.rng.randrange(LINE_PAGES)) * PAGE for n in chosen]
    warm = [FIRST + n * BLOCK_PAGES * PAGE for n in range(REGION_PAGES // BLOCK_PAGES)]
    for va in (*warm, *pages):
        space.map(va)
    await scene.warm(space, warm)

    scene.walk_latency(LATENCY)
    scene.master.configure(max_open=IN_FLIGHT)
    ids = 1 << scene.param("ID_W")
    before = scene.reads
    # an ID comes again after 255 others: the one before it has ended by then
    txns = [scene.master.read(va, 16, id=k % ids, **space.side) for k, va in enumerate(pages)]
    await _all(txns)
    cycles = max(t.t_last for t in txns) - min(t.t_addr for t in txns)
    reads = scene.reads - before
    record("random_miss_speedup", cycles=cycles, misses=PAGES, reads=reads)
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def merged(dut: Any) -> None:
    """merged_misses: 8 reads and writes on each TBU to one page, all at once, L = 100."""
    scene = await Scene.start(dut, walk_latency=LATENCY)
    space = Space(scene)
    page, other = space.pages(2, stride=LINE_PAGES * PAGE)
    await scene.warm(space, [other])
    before = scene.reads
    txns = []
    for k in range(8):
        for master in scene.masters:
            if k % 2:
                txns.append(master.write(page + 64 * k, bytes(16), id=k, **space.side))
            else:
                txns.append(master.read(page + 64 * k, 16, id=k, **space.side))
    await _all(txns)
    record("merged_misses", reads=scene.reads - before)
    await scene.finish()
