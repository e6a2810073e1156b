# SPDX-License-Identifier: Apache-2.0
"""Tests of util_skid, util_reg2, util_fifo and util_fifo_ram: order, loss, speed."""

from __future__ import annotations

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from sim import runner

CLOCK_NS = 2
LATENCY = {"util_skid": 0, "util_reg2": 1, "util_fifo": 1, "util_fifo_ram": 1}


class Stream:
    """Both ends of the block; one step is one clock, driven at the falling edge."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.fifo = dut._name.startswith("util_fifo")
        put, get = ("wr", "rd") if self.fifo else ("in", "out")
        self.put_valid = getattr(dut, f"{put}_valid_i")
        self.put_data = getattr(dut, f"{put}_data_i")
        self.get_valid = getattr(dut, f"{get}_valid_o")
        self.get_ready = getattr(dut, f"{get}_ready_i")
        self.get_data = getattr(dut, f"{get}_data_o")
        self.room = runner.current_params().get("DEPTH", 0)
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.inside: deque[tuple[int, int]] = deque()  # (word, step it went in)
        self.waits: list[int] = []  # steps each word spent inside
        self.word: int | None = None  # offered, not taken yet
        self.now = 0

    async def start(self) -> Stream:
        """Drive every input, reset."""
        for pin in (self.put_valid, self.put_data, self.get_ready, self.dut.rst_ni):
            pin.value = 0
        Clock(self.dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(3):
            await FallingEdge(self.dut.clk_i)
        self.dut.rst_ni.value = 1
        for _ in range(2):
            await FallingEdge(self.dut.clk_i)
        return self

    async def step(self, put: bool, get: bool) -> None:
        """Offer a word if `put`, take one if `get`; a word offered stays until it is taken."""
        if self.word is None and put and (not self.fifo or len(self.inside) < self.room):
            self.word = self.rng.getrandbits(len(self.put_data))
        self.put_valid.value = int(self.word is not None)
        self.put_data.value = self.word or 0
        self.get_ready.value = int(get)
        await ReadOnly()
        if self.word is not None and (self.fifo or self.dut.in_ready_o.value):
            self.inside.append((self.word, self.now))
            self.word = None
        if get and self.get_valid.value:
            want, since = self.inside.popleft()
            assert int(self.get_data.value) == want
            self.waits.append(self.now - since)
        self.now += 1
        await FallingEdge(self.dut.clk_i)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_util_stream_full_rate(dut) -> None:
    """D1: one word a cycle, each as late as the header of the block says."""
    stream = await Stream(dut).start()
    for _ in range(50):
        await stream.step(True, True)
    assert len(stream.waits) >= 49
    assert set(stream.waits) == {LATENCY[dut._name]}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_util_stream_drains_at_full_rate(dut) -> None:
    """D1: after a stop of the receiver the words come out one a cycle, none lost."""
    stream = await Stream(dut).start()
    for _ in range(max(4, stream.room + 4)):
        await stream.step(True, False)
    full = len(stream.inside)
    assert full == (stream.room or {"util_skid": 1, "util_reg2": 2}[dut._name])
    for _ in range(full):
        await stream.step(False, True)
    assert len(stream.waits) >= full


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_util_stream_random(dut) -> None:
    """D11: random stops at both ends: order and words as put."""
    stream = await Stream(dut).start()
    rng = stream.rng
    for _ in range(20):
        put, get = rng.choice((1.0, 0.7, 0.2)), rng.choice((1.0, 0.7, 0.2))
        for _ in range(100):
            await stream.step(rng.random() < put, rng.random() < get)
    while stream.inside or stream.word is not None:
        await stream.step(False, True)
    assert len(stream.waits) > 200
