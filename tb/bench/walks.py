# SPDX-License-Identifier: Apache-2.0
"""Table and structure reads, and cycles, of lone walks (architecture D5, D6, D7, D15).

Nested, 4 KB granules, stage 1 four levels, stage 2 three, PASID stream. A read is one AR of a walk;
cycles are from the AR handshake of the device to the first cycle of ARVALID downstream.
"""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bench.figures import record
from tb.bench.scene import LIMIT_MS, PAGE, Scene, Space, packed, scattered

VA = 0x40_0000_0000
LINE_PAGES = 8
LATENCIES = (1, 20)
BLOCK = 2 << 20


async def _access(scene: Scene, space: Space, va: int) -> tuple[int, int]:
    """One read, nothing else going on: (table reads, cycles AR in to AR out)."""
    await scene.clear_meters()
    before = scene.reads
    assert (await scene.master.read(va, 16, **space.side)).ok
    assert scene.read_meters[0].left == 1
    reads, cycles = scene.reads - before, scene.read_meters[0].latency_max
    await scene.bench.cycles(100)  # neighbours of a line may still arrive
    return reads, cycles


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def cold(dut: Any) -> None:
    """cold_nested_pasid_scattered and _packed, each at L = 1 and L = 20."""
    for name, place in (("scattered", scattered), ("packed", packed())):
        for latency in LATENCIES:
            scene = await Scene.start(dut, walk_latency=latency)
            space = Space(scene, place=place)
            space.map(VA, space.data_ipa())
            reads, cycles = await _access(scene, space, VA)
            # over: what is left of reads x (L + 1) + 64
            record(f"cold_nested_pasid_{name}", reads=reads,
                   **{f"over_l{latency}": cycles - reads * (latency + 1),
                      f"cycles_l{latency}": cycles})  # fmt: skip
            await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def neighbour(dut: Any) -> None:
    """neighbour_page and same_line_page, each at L = 1 and L = 20."""
    for latency in LATENCIES:
        scene = await Scene.start(dut, walk_latency=latency)
        space = Space(scene)
        pages = space.pages(3 * LINE_PAGES)
        await _access(scene, space, pages[0])
        reads, cycles = await _access(scene, space, pages[LINE_PAGES])
        record("neighbour_page", reads=reads,
               **{f"over_l{latency}": cycles - 2 * (latency + 1),
                  f"cycles_l{latency}": cycles})  # fmt: skip
        held = [await _access(scene, space, va) for va in pages[LINE_PAGES + 1 : 2 * LINE_PAGES]]
        record("same_line_page", reads=max(r for r, _ in held),
               **{f"cycles_l{latency}": max(c for _, c in held)})  # fmt: skip
        await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def sequential(dut: Any) -> None:
    """sequential_pages: 512 pages from a 2 MB boundary, one access each, first walk included."""
    for nested in (True, False):
        for in_flight in (1, 8):
            scene = await Scene.start(dut)
            space = Space(scene, nested=nested)
            pages = space.pages(BLOCK // PAGE)
            scene.master.configure(max_open=in_flight)
            before = scene.reads
            txns = [scene.master.read(va, 16, id=k % 64, **space.side)
                    for k, va in enumerate(pages)]  # fmt: skip
            for txn in txns:
                assert (await txn).ok
            name = f"{'nested' if nested else 'stage_1'}_{in_flight}"
            record("sequential_pages", **{name: (scene.reads - before) / len(pages)})
            await scene.finish()
