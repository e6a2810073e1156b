# SPDX-License-Identifier: Apache-2.0
"""Register file: guards, handshakes, read-back (rules REG-*, INI-008..011, INI-020, MEM-009).

Only what a register stores and when is decided here; what a new value sets in motion (commands,
wake-ups, stalls ended by SMMUEN=0) is the business of ``model.SmmuRef``.
"""

from __future__ import annotations

from tb.models.fields import REG
from tb.models.layout import Record, Register
from tb.models.smmu_ref.types import SmmuConfig

WORD = 0xFFFFFFFF
_OAS_CODES = {32: 0, 36: 1, 40: 2, 42: 3, 44: 4, 48: 5}

# Registers whose fields are taken one by one, each only when its last update is acknowledged.
HANDSHAKES = {"CR0": "CR0ACK", "IRQ_CTRL": "IRQ_CTRLACK"}


class Registers:
    """All registers of both pages as raw values, with decoded views as attributes.

    ``regs.cr1.table_sh`` reads a field; ``regs["CR1"]`` is the raw value.
    """

    def __init__(self, config: SmmuConfig) -> None:
        self.config = config
        self._values: dict[str, int] = {}
        self._views: dict[str, Record] = {}
        self.reset()

    def reset(self) -> None:
        """Every register at its reset value for this build."""
        self._views.clear()
        self._values = {reg.name: reg.reset for reg in REG if reg.milestone == 1}
        config = self.config
        self.set_fields("IDR0", btm=config.dvm_port, cohacc=config.coherent_port)
        self.set_fields(
            "IDR1",
            sidsize=config.sid_bits,
            ssidsize=config.ssid_bits,
            cmdqs=config.cmdqs,
            eventqs=config.eventqs,
        )
        self.set_fields("IDR5", oas=_OAS_CODES[config.oas], stall_max=config.stall_max)
        self.set_fields("GBPA", abort=config.gbpa_abort)
        self.set_fields("CR2", ptm=config.dvm_port)

    # ---- views ---------------------------------------------------------------------------
    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __setitem__(self, name: str, value: int) -> None:
        self._values[name] = value
        self._views.pop(name, None)

    def __getattr__(self, name: str) -> Record:
        if name.startswith("_"):
            raise AttributeError(name)
        key = name.upper()
        views = self._views
        if key not in views:
            if key not in self._values:
                raise AttributeError(f"no register {key}")
            views[key] = REG[key].unpack(self._values[key])
        return views[key]

    def set_fields(self, name: str, **values: int) -> None:
        """Hardware write of some fields, guards aside."""
        data = REG[name].set(self._values[name], **values)
        self[name] = int.from_bytes(data, "little")

    @property
    def cmdq_log2(self) -> int:
        """Effective size of the command queue (QUE-003)."""
        return min(self.cmdq_base.log2size, self.config.cmdqs)

    @property
    def eventq_log2(self) -> int:
        """Effective size of the event queue (QUE-003)."""
        return min(self.eventq_base.log2size, self.config.eventqs)

    @property
    def active_errors(self) -> int:
        """Bits of GERROR that software has not acknowledged (GER-001)."""
        return self["GERROR"] ^ self["GERRORN"]

    # ---- bus side ------------------------------------------------------------------------
    def read32(self, offset: int) -> int:
        """Aligned 32-bit read; anything undefined reads zero (REG-029..031)."""
        found = None if offset & 3 else REG.at(offset)
        if found is None or found[0].milestone != 1:
            return 0
        reg, low = found
        value = self._values[reg.name] & reg.read_mask
        # QUE-002: index bits above the wrap bit read zero in the indexes hardware owns.
        if reg.name == "CMDQ_CONS":
            value = value & ~0xFFFFF | value & _index_mask(self.cmdq_log2)
        elif reg.name == "EVENTQ_PROD":
            value = value & ~0xFFFFF | value & _index_mask(self.eventq_log2)
        return value >> low & WORD

    def write32(self, offset: int, value: int) -> str | None:
        """Aligned 32-bit write; name of the register when some bit of it was accepted."""
        found = None if offset & 3 else REG.at(offset)
        if found is None or found[0].milestone != 1 or found[0].access == "RO":
            return None
        reg, low = found
        taken = self._accepted(reg) & WORD << low
        if reg.name in HANDSHAKES:
            taken &= ~self._open_fields(reg.name)
        elif reg.name == "GBPA" and (self.gbpa["update"] or not value >> 31):
            # Only Update=1 while no update is open counts (INI-009, REG-040).
            return None
        if not taken:
            return None
        old = self._values[reg.name]
        self[reg.name] = old & ~taken | (value & WORD) << low & taken
        return reg.name

    # ---- guards --------------------------------------------------------------------------
    def _accepted(self, reg: Register) -> int:
        """Bits of a register that a write may change now."""
        mask = reg.write_mask
        for item in reg:
            if item.addr:
                # MEM-009: address bits at or above OAS are not stored.
                mask &= ~(item.mask & ~self.config.oas_mask)
        if reg.name == "CR1":
            if self._enabled("smmuen"):
                mask &= ~reg.mask("table_ic", "table_oc", "table_sh")
            if self._enabled("cmdqen") or self._enabled("eventqen"):
                mask &= ~reg.mask("queue_ic", "queue_oc", "queue_sh")
            return mask
        if reg.name == "CR2" and not self.config.dvm_port:
            mask &= ~reg.mask("ptm")
        return 0 if self._guarded(reg.guard) else mask

    def _guarded(self, guard: str) -> bool:
        if guard in ("SMMUEN_0", "CMDQEN_0", "EVENTQEN_0"):
            return self._enabled(guard[:-2].lower())
        if guard == "GERROR_IRQ_0":
            return self._irq_enabled("gerror_irqen")
        if guard == "EVENTQ_IRQ_0":
            return self._irq_enabled("eventq_irqen")
        return False

    def _enabled(self, name: str) -> bool:
        """An enable is on, or its update is not finished (INI-020)."""
        return bool(self.cr0[name] or self.cr0ack[name])

    def _irq_enabled(self, name: str) -> bool:
        return bool(self.irq_ctrl[name] or self.irq_ctrlack[name])

    def _open_fields(self, name: str) -> int:
        """Bits of the fields whose update is not acknowledged yet (INI-011, REG-036)."""
        changed = self[name] ^ self[HANDSHAKES[name]]
        mask = 0
        for item in REG[name]:
            if changed & item.mask:
                mask |= item.mask
        return mask


def _index_mask(log2: int) -> int:
    """Index and wrap bit of a queue of 2**log2 entries."""
    return (2 << log2) - 1
