# SPDX-License-Identifier: Apache-2.0
"""White-box: the register model's back door into the flip-flops of this RTL."""

from __future__ import annotations

import cocotb
import pyuvm
from pyuvm import uvm_door_e, uvm_reg_item, uvm_status_e

from tb.env.smmu_test import SmmuTest
from tb.sequences.reg_model import RegDoorsSequence
from tb.sequences.traffic import Target
from tb.whitebox import reg_backdoor

BYPASS = Target(0x05, None, 0x4800_0000, 0x1000)


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class FrontAndBackDoor(SmmuTest):
    """REG-035: what the front door writes the back door holds, and the other way round."""

    async def scenario(self) -> None:
        ral = self.env.ral
        status, _ = await ral.CR1.peek()
        assert status == uvm_status_e.UVM_NOT_OK, "a back door nobody attached"
        doors = reg_backdoor.attach(ral, cocotb.top)
        sequence = RegDoorsSequence()
        await self.run(sequence)
        assert not sequence.wrong, "; ".join(sequence.wrong)
        assert sequence.checked >= 12 and doors == 13
        await self.prog.start()
        status, value = await ral.CR0ACK.read(uvm_door_e.UVM_BACKDOOR)
        assert status == uvm_status_e.UVM_IS_OK and value == 0b1101
        await self.drive([BYPASS], 1)
        await self.prog.events()


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class PredictorNoticesFlippedBit(SmmuTest):
    """A register that changes behind the model's back is named at its next read."""

    async def scenario(self) -> None:
        ral, predictor = self.env.ral, self.env.predictor
        reg_backdoor.attach(ral, cocotb.top)
        item = uvm_reg_item("flip")
        item.set_value(1 << 3)
        await ral.CR1.get_backdoor().write(item)
        await ral.CR1.read()
        await self.bench.cycles(2)
        assert len(predictor.errors) == 1 and "CR1 reads 0x8" in predictor.errors[0]
        predictor.errors.clear()
        await self.drive([BYPASS], 1)
