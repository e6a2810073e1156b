# SPDX-License-Identifier: Apache-2.0
"""The Linux driver on the RTL, with CPUs of several PA and VA sizes: SVA or none (REG-046)."""

from __future__ import annotations

from typing import Any

import cocotb

from sim import runner
from tb.models.arm_smmu_v3 import SmmuDriver, SmmuIo
from tb.models.costs import load_costs
from tb.models.cpu import CpuIdentity
from tb.models.fields import REG, Cmd, SteConfig
from tb.system.platform import SimPlatform
from tests.smmu.case_scene import DATA, PAGE, VA, CaseScene

SID = 5
PERIOD_PS = 10_000
KERNEL_VA = 48


class RtlIo(SmmuIo):
    """The driver's registers are those of the RTL, its memory that of the bench."""

    def __init__(self, scene: CaseScene) -> None:
        self.scene = scene

    async def read32(self, offset: int) -> int:
        return await self.scene.bench.read32(offset)

    async def write32(self, offset: int, value: int) -> None:
        await self.scene.bench.write32(offset, value)

    def load(self, addr: int, n: int) -> bytes:
        return self.scene.memory.peek(addr, n)

    def store(self, addr: int, data: bytes) -> None:
        self.scene.memory.poke(addr, data)

    def alloc(self, size: int, align: int, what: str) -> int:
        return self.scene.prog.alloc(size, max(align, PAGE))

    async def spend(self, step: str) -> None:
        await self.scene.cycles(1)


async def boot(dut: Any, cpu: CpuIdentity) -> tuple[CaseScene, SmmuDriver]:
    """Reset, probe and bring-up as Linux does them, and the verdict on SVA in its log."""
    s = await CaseScene.start(dut, begin=False)
    driver = SmmuDriver(SimPlatform(s.memory, load_costs(), PERIOD_PS), RtlIo(s), "linux")
    await driver.probe()
    await driver.reset()
    dut._log.info(f"{cpu}: SVA {driver.sva_supported(cpu)}, IDR5 0x{driver.idr5:08x}")
    return s, driver


async def quiet(s: CaseScene, driver: SmmuDriver) -> None:
    """No error of the SMMU, no event, and an ordinary DMA domain works."""
    tree = s.prog.tree(stage=2, input_bits=39)
    tree.map(VA, DATA, PAGE)
    await driver.write_ste(
        SID, v=1, config=int(SteConfig.S2), s2t0sz=tree.tsz, s2sl0=tree.sl0, s2ttb=tree.base,
        s2ps=5, s2aa64=1, s2r=1, s2vmid=1, shcfg=1,
    )  # fmt: skip
    await driver.issue([Cmd.tlbi_nsnh_all()], sync=True)
    read = s.bench.read(VA, 16, sid=SID)
    assert await s.bench.within(read.done, 20_000) and read.ok, read
    for name in ("GERROR", "GERRORN", "EVENTQ_PROD"):
        value = await s.bench.read32(REG[name].offset)
        assert value == 0, f"{name} 0x{value:x}"
    await s.bench.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def offered_or_refused_by_size(dut: Any) -> None:
    """REG-046: PARange 44 and 48 get SVA as far as the OAS reaches, 52 never, without an error."""
    oas = runner.current_params().get("OAS", 48)
    for parange, va in ((44, KERNEL_VA), (48, KERNEL_VA), (52, KERNEL_VA), (48, 52), (44, 52)):
        cpu = CpuIdentity(parange_bits=parange, va_bits=va)
        s, driver = await boot(dut, cpu)
        want = driver.idr5 & 0xFFFF
        assert oas != 48 or want == 0x75, f"IDR5 0x{driver.idr5:08x}"
        assert driver.sva_supported(cpu) == (parange <= oas and va <= KERNEL_VA), cpu
        await quiet(s, driver)
