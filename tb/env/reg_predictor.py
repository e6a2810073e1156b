# SPDX-License-Identifier: Apache-2.0
"""Explicit prediction: the register model follows what passes on the pins, whoever drives them.

A write is first given to the register file of the reference model, which knows guards, masks and
updates (REG-*, INI-*); what that file then holds becomes the mirror. A read is compared: a field
that only software changes must read as the mirror says, and what no register claims reads zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyuvm import uvm_predict_e, uvm_subscriber

from tb.bfm.axil_monitor import AxilAccess
from tb.env.smmu_bench import model_config
from tb.models.smmu_ref.model import SmmuRef

if TYPE_CHECKING:
    from tb.env.ral import SmmuRegBlock
    from tb.env.reg_base import SmmuReg
    from tb.env.smmu_cfg import SmmuEnvCfg

WORD = 0xFFFFFFFF


class SmmuRegPredictor(uvm_subscriber):
    """Subscribes to the AXI4-Lite monitor; ``reads`` compared, ``errors`` found."""

    def build_phase(self) -> None:
        self.cfg: SmmuEnvCfg = self.cdb_get("cfg")
        self.ral: SmmuRegBlock | None = None
        self._model: SmmuRef | None = None
        self._words: dict[int, tuple[SmmuReg, int]] = {}
        self.reads = 0
        self.errors: list[str] = []

    def follow(self, ral: SmmuRegBlock) -> None:
        """The model to predict."""
        self.ral = ral
        self._model = SmmuRef(None, model_config(self.cfg.params))
        for reg in ral.regs.values():
            for low in range(0, reg.WIDTH, 32):
                self._words[reg.get_offset() + low // 8] = reg, low

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        bench.on_reset.append(self.reset)

    def reset(self) -> None:
        """The SMMU was reset, and with it every register."""
        self._model.reset()
        self.ral.reset()

    def write(self, access: AxilAccess) -> None:
        """Take an access from the monitor."""
        if access.resp:
            return  # refused: nothing changes (REG-033)
        if access.write:
            self._written(access)
        else:
            self._read(access)

    def _written(self, access: AxilAccess) -> None:
        if access.addr not in self._words or access.strobe != 0xF:
            return
        reg, _ = self._words[access.addr]
        regs = self._model.regs
        regs.write32(access.addr, access.data)
        self._model.complete_updates()
        reg.predict(regs[reg.get_name()], kind=uvm_predict_e.UVM_PREDICT_WRITE)

    def _read(self, access: AxilAccess) -> None:
        self.reads += 1
        if access.addr not in self._words:
            if access.data:
                self._error(f"offset 0x{access.addr:x} reads 0x{access.data:x}, not 0 (REG-029)")
            return
        reg, low = self._words[access.addr]
        fixed = ~reg.mask_of(volatile=True) >> low & WORD
        want = reg.stable_value() >> low & WORD
        if (access.data ^ want) & fixed:
            self._error(
                f"{reg.get_name()} reads 0x{access.data:x} at 0x{access.addr:x}, the model says "
                f"0x{want:x} under 0x{fixed:x}"
            )
        now = reg.get() & ~(WORD << low) | access.data << low
        reg.predict(now, kind=uvm_predict_e.UVM_PREDICT_READ)

    def _error(self, text: str) -> None:
        self.errors.append(text)
        self.logger.error(text)

    def check_phase(self) -> None:
        if self.errors:
            count, first = len(self.errors), self.errors[0]
            raise AssertionError(f"{count} register mismatches, first: {first}")
