# SPDX-License-Identifier: Apache-2.0
"""Tests of util_ram_1r1w (architecture D11: synchronous read, no reset, X never leaves)."""

from __future__ import annotations

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

CLOCK_NS = 2


async def _start(dut) -> None:
    """Drive every input, then start the clock: an undriven one would be X on Icarus."""
    for pin in (dut.rd_en_i, dut.rd_addr_i, dut.wr_en_i, dut.wr_addr_i, dut.wr_data_i):
        pin.value = 0
    Clock(dut.clk_i, CLOCK_NS, unit="ns").start()
    await FallingEdge(dut.clk_i)


async def _write(dut, addr: int, data: int) -> None:
    dut.wr_en_i.value = 1
    dut.wr_addr_i.value = addr
    dut.wr_data_i.value = data
    await FallingEdge(dut.clk_i)
    dut.wr_en_i.value = 0


async def _read(dut, addr: int) -> int:
    dut.rd_en_i.value = 1
    dut.rd_addr_i.value = addr
    await FallingEdge(dut.clk_i)
    dut.rd_en_i.value = 0
    return int(dut.rd_data_o.value)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_util_ram_smoke(dut) -> None:
    """D11: a word written is read the cycle after the read is asked for, and is then held."""
    await _start(dut)
    width = len(dut.wr_data_i)
    await _write(dut, 1, (1 << width) - 1)
    await _write(dut, 0, 0)
    assert await _read(dut, 1) == (1 << width) - 1
    assert await _read(dut, 0) == 0
    await _write(dut, 0, 1)
    assert int(dut.rd_data_o.value) == 0, "the output must hold while rd_en_i is low"
    assert await _read(dut, 0) == 1


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_util_ram_no_x(dut) -> None:
    """D11: words never written, and a word read while it is written, are known values."""
    await _start(dut)
    depth = 1 << len(dut.rd_addr_i)
    for addr in range(depth):
        await _read(dut, addr)  # int() of an X raises
    dut.wr_en_i.value = 1
    await _read(dut, int(dut.wr_addr_i.value))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_util_ram_random(dut) -> None:
    """D11: random reads and writes in the same cycles agree with a dictionary."""
    await _start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    depth, width = 1 << len(dut.rd_addr_i), len(dut.wr_data_i)
    shadow: dict[int, int] = {}
    for _ in range(500):
        addr, data = rng.randrange(depth), rng.getrandbits(width)
        other = rng.choice([a for a in range(depth) if a != addr])
        dut.wr_en_i.value = 1
        dut.wr_addr_i.value = addr
        dut.wr_data_i.value = data
        got = await _read(dut, other)
        if other in shadow:
            assert got == shadow[other], f"word {other:#x}"
        shadow[addr] = data
