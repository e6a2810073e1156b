# SPDX-License-Identifier: Apache-2.0
"""The transactors against models of other authors (cocotbext-axi), each as the top."""

from __future__ import annotations

import logging
import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiRam
from cocotbext.axi import AxiMaster as OtherMaster

from tb.bfm.axi_master import AxiMaster
from tb.bfm.axi_mem import AxiMemory
from tb.bfm.checker import AxiChecker
from tb.bfm.clock import apply_reset, begin
from tb.models.memory import Memory

AX = "id addr len size burst lock cache prot qos domain sid valid".split()
INPUTS = {
    "m_axi": [f"m_axi_{pin}" for pin in ("awready", "wready", "bid", "bresp", "bvalid", "arready",
                                         "rid", "rdata", "rresp", "rlast", "rvalid")],
    "s_axi": [*(f"s_axi_{c}{pin}" for c in ("aw", "ar") for pin in AX), "s_axi_arsnoop",
              "s_axi_wdata", "s_axi_wstrb", "s_axi_wlast", "s_axi_wvalid", "s_axi_bready",
              "s_axi_rready", "ram_rd_data_i", "ram_rd_ok_i", "ram_wr_ok_i"],
}  # fmt: skip


def pauses(rng: random.Random) -> Any:
    """Endless random pauses for a cocotbext-axi channel."""
    while True:
        yield rng.random() < 0.3


def quieten(dut: Any, prefix: str) -> None:
    logging.getLogger(f"cocotb.{dut._name}.{prefix}").setLevel(logging.WARNING)


def idle_inputs(dut: Any, prefix: str) -> None:
    """Drive every input of the top to zero: cocotbext-axi leaves out pins it does not know."""
    for name in INPUTS[prefix]:
        getattr(dut, name).value = 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def master_and_other_ram(dut: Any) -> None:
    """Our master writes and reads back through cocotbext-axi's AxiRam."""
    rng = random.Random(cocotb.RANDOM_SEED)
    quieten(dut, "m_axi")
    idle_inputs(dut, "m_axi")
    await begin(dut)
    ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk_i, dut.rst_ni, False, size=1 << 16)
    for channel in (ram.write_if.aw_channel, ram.write_if.w_channel, ram.write_if.b_channel,
                    ram.read_if.ar_channel, ram.read_if.r_channel):  # fmt: skip
        channel.set_pause_generator(pauses(rng))
    mst = AxiMaster(dut)
    check = AxiChecker(dut.g_probe.u_probe)
    await apply_reset(dut.clk_i, dut.rst_ni)
    await ClockCycles(dut.clk_i, 4)
    image = bytearray(1 << 16)
    for _ in range(60):
        page, size = rng.randrange(16) << 12, rng.randrange(5)
        offset = rng.randrange(4096)
        count = min(rng.randint(1, 200), 4096 - offset)
        data = rng.randbytes(count)
        beats = -(-(offset % (1 << size) + count) // (1 << size))
        if beats > 256:
            continue
        await mst.write(page + offset, data, size=size, id=rng.randrange(16))
        image[page + offset : page + offset + count] = data
        assert ram.read(page + offset, count) == data
        read = await mst.read(page + offset, count, size=size, id=rng.randrange(16))
        assert read.ok and read.data == data
    reads = [mst.read(k << 8, 128, id=k % 16) for k in range(64)]
    await mst.quiet()
    assert all(r.data == bytes(image[k << 8 : (k << 8) + 128]) for k, r in enumerate(reads))
    check.check()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def memory_and_other_master(dut: Any) -> None:
    """cocotbext-axi's AxiMaster writes and reads back through our memory."""
    rng = random.Random(cocotb.RANDOM_SEED)
    quieten(dut, "s_axi")
    idle_inputs(dut, "s_axi")
    await begin(dut)
    other = OtherMaster(AxiBus.from_prefix(dut, "s_axi"), dut.clk_i, dut.rst_ni, False)
    memory = Memory()
    mem = AxiMemory(dut, memory)
    check = AxiChecker(dut.g_probe.u_probe)
    mem.configure(seed=rng.getrandbits(30), latency=3, jitter=9, out_of_order=70, interleave=30,
                  ar=60, aw=60, w=60, r=60, b=60)  # fmt: skip
    await apply_reset(dut.clk_i, dut.rst_ni)
    await ClockCycles(dut.clk_i, 4)

    async def worker(base: int, seed: int) -> None:
        own = random.Random(seed)
        for _ in range(25):
            address = base + own.randrange(6000)
            data = own.randbytes(own.randint(1, 600))
            size = own.randrange(5)
            await other.write(address, data, size=size)
            assert memory.peek(address, len(data)) == data
            got = await other.read(address, len(data), size=own.randrange(5))
            assert got.data == data

    tasks = [cocotb.start_soon(worker(k << 16, rng.getrandbits(32))) for k in range(4)]
    for task in tasks:
        await task
    check.check()
