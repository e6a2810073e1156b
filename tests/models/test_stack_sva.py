# SPDX-License-Identifier: Apache-2.0
"""SVA is offered by what CPU and SMMU reach, and refused without a trace (REG-046)."""

from __future__ import annotations

import pytest

from tb.models.arm_smmu_v3 import SvaUnsupportedError
from tb.models.cpu import CpuIdentity
from tb.models.fields import REG
from tests.models.stack_machine import StackMachine


@pytest.mark.parametrize(("parange", "host", "guest"), [(44, 1, 1), (48, 1, 0), (52, 0, 0)])
def test_sva_by_parange(parange, host, guest):
    """The host's SMMU has 48 output bits, the one QEMU shows to the guest 44."""
    machine = StackMachine(1)
    stack = machine.stack
    cpu = CpuIdentity(parange_bits=parange)

    async def scenario() -> None:
        await machine.boot()
        assert stack.host.smmu.sva_supported(cpu) == bool(host)
        for vcpu in stack.kernel.cpus:
            vcpu.identity = cpu
        process = stack.os.spawn_process("A", 0)
        commands = stack.guest_smmu.cmdq.prod
        if guest:
            await process.open()
            assert stack.guest_smmu.cmdq.prod != commands
            return
        with pytest.raises(SvaUnsupportedError):
            await process.open()
        assert stack.guest_smmu.cmdq.prod == commands, "commands for a refused bind"
        assert not stack.sva.bonds and not stack.guest_smmu.reported
        smmu = stack.host.smmu.io
        for name in ("GERROR", "GERRORN", "EVENTQ_PROD"):
            assert await smmu.read32(REG[name].offset) == 0, name

    machine.run(scenario())


@pytest.mark.parametrize(("va", "asid"), [(52, 16), (48, 17)])
def test_sva_by_other_sizes(va, asid):
    """A 52-bit kernel, or more ASID bits than the SMMU has."""
    machine = StackMachine(1)

    async def scenario() -> None:
        await machine.host.boot()
        await machine.plat.delay(10)  # its event thread runs
        driver = machine.stack.host.smmu
        assert driver.sva_supported(CpuIdentity())
        assert not driver.sva_supported(CpuIdentity(va_bits=va, asid_bits=asid))

    machine.run(scenario())
