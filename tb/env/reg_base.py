# SPDX-License-Identifier: Apache-2.0
"""Base class of the registers of the generated model (``tb/env/ral.py``)."""

from __future__ import annotations

from pyuvm import uvm_door_e, uvm_reg, uvm_reg_backdoor, uvm_reg_field, uvm_reg_item, uvm_status_e


class SmmuReg(uvm_reg):
    """A register whose fields are attributes.

    Accesses go through the map (front door). ``peek``, ``poke`` and ``read`` or ``write`` with
    ``uvm_door_e.UVM_BACKDOOR`` go through what :meth:`set_backdoor` was given, in no time; without
    one their status is UVM_NOT_OK. No black-box test has one: see ``tb/whitebox``.
    """

    WIDTH = 32

    def __init__(self, name: str) -> None:
        super().__init__(name, self.WIDTH)
        self._door: uvm_reg_backdoor | None = None

    def build(self, params: dict[str, int]) -> None:
        """Make the fields; `params` holds the build parameters that identification shows."""
        raise NotImplementedError

    def make_field(
        self, name: str, lsb: int, width: int, access: str, volatile: bool, reset: int
    ) -> uvm_reg_field:
        """One field at bit `lsb`."""
        field = uvm_reg_field(name)
        field.configure(self, width, lsb, access, volatile, reset, True, False, False)
        return field

    def mask_of(self, *, volatile: bool | None = None, access: str | None = None) -> int:
        """Bits of the fields that are (not) volatile, or have this access policy."""
        mask = 0
        for field in self.get_fields():
            if volatile is not None and field.is_volatile() != volatile:
                continue
            if access is not None and field.get_access() != access:
                continue
            mask |= (1 << field.get_n_bits()) - 1 << field.get_lsb_pos()
        return mask

    def set_reset_value(self, value: int) -> None:
        """Another reset value, which the register has from now on."""
        for field in self.get_fields():
            field.set_reset(value >> field.get_lsb_pos())
        self.reset()

    def stable_value(self) -> int:
        """Mirror of the fields only software changes; volatile ones are 0."""
        stable = (field for field in self.get_fields() if not field.is_volatile())
        return sum(field.get_mirrored_value() << field.get_lsb_pos() for field in stable)

    # ---- back door: pyuvm 5.0 has the calls and the classes, and no way from one to the other --
    def set_backdoor(self, bkdr: uvm_reg_backdoor, fname: str = "", lineno: int = 0) -> None:
        """Give the register a back door."""
        self._door = bkdr

    def get_backdoor(self, inherited: bool = True) -> uvm_reg_backdoor | None:
        """Its back door, None without one."""
        return self._door

    def has_hdl_path(self, kind: str = "") -> bool:
        """Whether there is a back door."""
        return self._door is not None

    async def do_read(self, rw: uvm_reg_item) -> None:
        if rw.get_door() != uvm_door_e.UVM_BACKDOOR:
            await super().do_read(rw)
        elif self._door is None:
            rw.set_status(uvm_status_e.UVM_NOT_OK)
        else:
            rw.set_status(uvm_status_e.UVM_IS_OK)
            await self._door.read(rw)

    async def do_write(self, rw: uvm_reg_item) -> None:
        if rw.get_door() != uvm_door_e.UVM_BACKDOOR:
            await super().do_write(rw)
        elif self._door is None:
            rw.set_status(uvm_status_e.UVM_NOT_OK)
        else:
            rw.set_status(uvm_status_e.UVM_IS_OK)
            await self._door.write(rw)
