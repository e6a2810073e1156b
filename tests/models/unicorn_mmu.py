# SPDX-License-Identifier: Apache-2.0
"""The stage 1 MMU of an emulated arm64 CPU (unicorn), asked through AT instructions.

The CPU stays at EL3, where its own fetches are not translated, and executes ``AT S1E1R`` and its
kin on a list of addresses; PAR_EL1 says what the EL1&0 regime would have done. No TLB is involved:
AT walks the tables every time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn.arm64_const import (
    UC_ARM64_REG_CP_REG,
    UC_ARM64_REG_PSTATE,
    UC_ARM64_REG_X0,
    UC_ARM64_REG_X1,
    UC_ARM64_REG_X2,
    UC_CPU_ARM64_MAX,
)
from unicorn.unicorn_const import UC_TLB_CPU

TABLES, TABLES_SIZE = 0x4000_0000, 16 << 20  # where tables may lie
MAX_ADDRESSES = 512  # of one call

_EL3H = 0x3CD  # PSTATE: EL3 with its own stack pointer, interrupts masked
_SCR_EL3, _HCR_EL2 = (1, 1, 3, 6, 0), (1, 1, 3, 4, 0)  # CRn CRm op0 op1 op2
_SCTLR, _TCR, _MAIR = (1, 0, 3, 0, 0), (2, 0, 3, 0, 2), (10, 2, 3, 0, 0)
_TTBR = ((2, 0, 3, 0, 0), (2, 0, 3, 0, 1))
_RW_NS = 1 << 10 | 1
_HCR_RW = 1 << 31
_MSR_PAN = 0xD500_419F  # MSR PAN, #1: the P forms of AT look at it
_IN, _OUT, _CODE_STEP = 0x8_0000, 0x9_0000, 0x1000


@dataclass(frozen=True)
class At:
    """An address translation instruction: what access it asks for."""

    opcode: int  # with X3
    write: bool
    privileged: bool
    pan: bool = False


AT_OPS = (
    At(0xD508_7803, write=False, privileged=True),
    At(0xD508_7823, write=True, privileged=True),
    At(0xD508_7843, write=False, privileged=False),
    At(0xD508_7863, write=True, privileged=False),
    At(0xD508_7903, write=False, privileged=True, pan=True),
    At(0xD508_7923, write=True, privileged=True, pan=True),
)


@dataclass(frozen=True)
class Par:
    """PAR_EL1. ``fst`` is the fault status code, None for a translation."""

    value: int

    @property
    def fst(self) -> int | None:
        """Fault status code; None when the address translates."""
        return self.value >> 1 & 0x3F if self.value & 1 else None

    @property
    def page(self) -> int:
        """Output address, without its low 12 bits."""
        return self.value & 0xFFFF_FFFF_F000

    @property
    def attr(self) -> int:
        """The byte of MAIR."""
        return self.value >> 56

    @property
    def sh(self) -> int:
        """Shareability field of the leaf."""
        return self.value >> 7 & 3


class UnicornMmu:
    """One CPU. ``program`` sets the regime, ``store`` the tables, ``at`` asks."""

    def __init__(self) -> None:
        self._uc = uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        uc.ctl_set_cpu_model(UC_CPU_ARM64_MAX)
        uc.ctl_set_tlb_mode(UC_TLB_CPU)
        uc.mem_map(0, 0x10_0000)
        uc.mem_map(TABLES, TABLES_SIZE)
        uc.reg_write(UC_ARM64_REG_PSTATE, _EL3H)
        self._system(_SCR_EL3, _RW_NS)
        self._system(_HCR_EL2, _HCR_RW)
        self._system(_SCTLR, 1)
        for number, op in enumerate(AT_OPS, 1):
            # loop: ldr x3, [x0], #8; at; isb; mrs x4, par_el1; str x4, [x1], #8; subs; b.ne
            code = struct.pack(
                "<8I", _MSR_PAN, 0xF840_8403, op.opcode, 0xD503_3FDF, 0xD538_7404,
                0xF800_8424, 0xF100_0442, 0x54FF_FF41,
            )  # fmt: skip
            uc.mem_write(number * _CODE_STEP, code)

    def _system(self, register: tuple[int, ...], value: int) -> None:
        self._uc.reg_write(UC_ARM64_REG_CP_REG, (*register, value))

    def program(self, *, ttb: tuple[int, int], tcr: int, mair: int) -> None:
        """TTBRn_EL1, TCR_EL1 and MAIR_EL1."""
        for register, value in zip(_TTBR, ttb, strict=True):
            self._system(register, value)
        self._system(_TCR, tcr)
        self._system(_MAIR, mair)

    def store(self, descriptors: Mapping[int, int]) -> None:
        """Write descriptors to memory."""
        for address, value in descriptors.items():
            self._uc.mem_write(address, value.to_bytes(8, "little"))

    def at(self, op: At, addresses: Sequence[int]) -> list[Par]:
        """PAR_EL1 of each address."""
        uc, count = self._uc, len(addresses)
        assert 0 < count <= MAX_ADDRESSES, count
        uc.mem_write(_IN, struct.pack(f"<{count}Q", *addresses))
        uc.reg_write(UC_ARM64_REG_X0, _IN)
        uc.reg_write(UC_ARM64_REG_X1, _OUT)
        uc.reg_write(UC_ARM64_REG_X2, count)
        start = (AT_OPS.index(op) + 1) * _CODE_STEP
        uc.emu_start(start, start + 32)
        return [Par(v) for v in struct.unpack(f"<{count}Q", uc.mem_read(_OUT, 8 * count))]
