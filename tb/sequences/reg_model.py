# SPDX-License-Identifier: Apache-2.0
"""Sequences over the whole register model: reset values, access policies, every bit.

What to write and what must come back is read from the model, not listed here. They run on the
virtual sequencer while nothing is enabled, and end with every register as they found it.
``wrong`` has a text for each register that differs, ``checked`` counts comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyuvm import uvm_check_e, uvm_status_e

from tb.env.ral import SmmuReg
from tb.sequences.base import SmmuSequence

SETTLE = 2  # cycles until the predictor has seen an access

# Registers a plain write does not store, and where their behaviour is tested instead.
APART = {
    "CR0": "each enable is acknowledged in CR0ACK: BringUp, tests/smmu/init_tests.py",
    "IRQ_CTRL": "acknowledged in IRQ_CTRLACK: tests/smmu/interrupt_tests.py",
    "GBPA": "stored with UPDATE only: tests/smmu/register_tests.py",
    "GERRORN": "a toggle acknowledges or is UNPREDICTABLE: tests/smmu/gerror_tests.py",
}


class _RegSequence(SmmuSequence):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.wrong: list[str] = []
        self.checked = 0

    def storing(self) -> Iterator[tuple[str, SmmuReg]]:
        """Registers that hold what is written."""
        return ((n, r) for n, r in self.ral.regs.items() if n not in APART)

    async def put(self, reg: SmmuReg, value: int) -> None:
        """Write on the bus whatever the map says of the register's rights."""
        for low in range(0, reg.WIDTH, 32):
            await self.prog.io.write32(reg.get_offset() + low // 8, value >> low & 0xFFFFFFFF)
        await self.bench.cycles(SETTLE)

    async def same(self, name: str, reg: SmmuReg, what: str) -> None:
        """The register reads as the model says, volatile fields apart."""
        want = reg.stable_value()
        status, got = await reg.read()
        self.checked += 1
        differs = (got ^ want) & ~reg.mask_of(volatile=True)
        if status != uvm_status_e.UVM_IS_OK or differs:
            self.wrong.append(f"{name} reads 0x{got:x} {what}, not 0x{want:x}")


class RegResetSequence(_RegSequence):
    """REG-001, REG-035: every register reads as the model says after reset, volatile or not."""

    def __init__(self, name: str = "reg_reset") -> None:
        super().__init__(name)

    async def body(self) -> None:
        for name, reg in self.ral.regs.items():
            want = reg.get_reset()
            status, got = await reg.read()
            self.checked += 1
            if status != uvm_status_e.UVM_IS_OK or got != want:
                self.wrong.append(f"{name} reads 0x{got:x} after reset, not 0x{want:x}")


class RegAccessSequence(_RegSequence):
    """Each field obeys its policy: RW keeps what is written, RO and reserved bits keep their value.

    ``rounds`` random values and their complements a register.
    """

    def __init__(self, name: str = "reg_access", rounds: int = 2) -> None:
        super().__init__(name)
        self.rounds = rounds

    async def body(self) -> None:
        for name, reg in self.storing():
            for _ in range(self.rounds):
                value = self.rng.getrandbits(reg.WIDTH)
                for written in (value, ~value & (1 << reg.WIDTH) - 1):
                    await self.put(reg, written)
                    await self.same(name, reg, f"after writing 0x{written:x}")
                    keeps = reg.mask_of(access="RO", volatile=False)
                    if (reg.stable_value() ^ reg.get_reset()) & keeps:
                        self.wrong.append(f"{name}: a read-only field moved")
            await self.put(reg, reg.get_reset())


class RegBitBashSequence(_RegSequence):
    """Every RW bit alone at 1 among zeros, and alone at 0 among ones."""

    def __init__(self, name: str = "reg_bit_bash") -> None:
        super().__init__(name)

    async def body(self) -> None:
        for name, reg in self.storing():
            bits = reg.mask_of(access="RW", volatile=False)
            for bit in range(reg.WIDTH):
                if bits >> bit & 1:
                    for value in (1 << bit, bits & ~(1 << bit)):
                        await self.put(reg, value)
                        await self.same(name, reg, f"after writing 0x{value:x}")
            await self.put(reg, reg.get_reset())


class RegDoorsSequence(_RegSequence):
    """Front door and back door agree: written by one, read by the other (white-box builds)."""

    def __init__(self, name: str = "reg_doors") -> None:
        super().__init__(name)

    async def body(self) -> None:
        for name, reg in self.storing():
            bits = reg.mask_of(access="RW", volatile=False)
            if reg.get_backdoor() is None or not bits:
                continue
            value = self.rng.getrandbits(reg.WIDTH) & bits
            await self.put(reg, value)
            want = reg.stable_value()
            await self._peeked(name, reg, want, "written by the front door")
            await reg.poke(~value & bits)
            await reg.mirror(uvm_check_e.UVM_CHECK)
            await self.same(name, reg, "poked by the back door")
            await self.put(reg, reg.get_reset())

    async def _peeked(self, name: str, reg: SmmuReg, want: int, what: str) -> None:
        status, got = await reg.peek()
        self.checked += 1
        if status != uvm_status_e.UVM_IS_OK or got != want:
            self.wrong.append(f"{name} holds 0x{got:x} {what}, not 0x{want:x}")
