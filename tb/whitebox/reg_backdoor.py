# SPDX-License-Identifier: Apache-2.0
"""Back door of the registers: the flip-flops of hdl/smmu/tcu/regs by their names.

Identification registers are constants and have no flip-flop, hence no back door.
"""

from __future__ import annotations

from typing import Any

from cocotb.triggers import ReadWrite
from pyuvm import uvm_reg_backdoor, uvm_reg_item

from tb.env.ral import SmmuRegBlock

REGS = "u_smmu.u_tcu.u_regs"
MODULES = ("smmu_cr0", "smmu_irq", "smmu_irq_source", "smmu_regs_table", "smmu_regs_queue")

PATHS = {
    "CR0": "u_cr0.cr0_q", "CR0ACK": "u_cr0.ack_q", "GBPA": "u_cr0.gbpa_q",
    "CR1": "u_table.cr1_q", "CR2": "u_table.cr2_q", "STRTAB_BASE": "u_table.base_q",
    "STRTAB_BASE_CFG": "u_table.cfg_q", "CMDQ_BASE": "u_queue.cbase_q",
    "EVENTQ_BASE": "u_queue.ebase_q", "CMDQ_PROD": "u_queue.cprod_q",
    "EVENTQ_CONS": "u_queue.econs_q", "GERROR": "u_irq.gerror_q", "GERRORN": "u_irq.gerrorn_q",
}  # fmt: skip


class SmmuRegBackdoor(uvm_reg_backdoor):
    """One register's flip-flops."""

    def __init__(self, name: str, handle: Any) -> None:
        super().__init__(name)
        self.handle = handle

    async def read(self, rw: uvm_reg_item) -> None:
        """What they hold now."""
        rw.set_value(int(self.handle.value))

    async def write(self, rw: uvm_reg_item) -> None:
        """Deposit a value; it is there before the next clock edge."""
        self.handle.value = rw.get_value()
        await ReadWrite()


def attach(ral: SmmuRegBlock, dut: Any) -> int:
    """Give the registers of ``dut`` (top tb_smmu) their back doors; how many have one."""
    for name, path in PATHS.items():
        handle = dut
        for part in f"{REGS}.{path}".split("."):
            handle = getattr(handle, part)
        ral.regs[name].set_backdoor(SmmuRegBackdoor(name, handle))
    return len(PATHS)
