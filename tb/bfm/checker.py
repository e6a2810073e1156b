# SPDX-License-Identifier: Apache-2.0
"""Python side of the protocol checkers: rules by name, and the verdict at the end of a test.

The rules of a bus are checked in Verilog, every cycle, by the checker inside its probe; each
checker hands what it found to a ``bfm_rule_log``, which is all that Python reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from tb.bfm.mailbox import Unit

AXI_RULES = (
    "AW_STABLE", "AR_STABLE", "W_STABLE", "B_STABLE", "R_STABLE", "AW_BURST", "AR_BURST",
    "W_LAST", "R_LAST", "B_ID", "R_ID", "W_STRB", "UNKNOWN", "RESET", "W_AHEAD",
)  # fmt: skip
AXIL_RULES = (
    "AW_STABLE", "W_STABLE", "B_STABLE", "AR_STABLE", "R_STABLE", "B_NONE", "R_NONE", "EXOKAY",
    "UNKNOWN", "RESET",
)  # fmt: skip
DVM_RULES = (
    "AC_STABLE", "CR_STABLE", "CR_NONE", "AC_SNOOP", "COMPLETE", "REQ_STEP", "ACK_STEP",
    "UNKNOWN", "RESET",
)  # fmt: skip


class RuleChecker:
    """The checker of one probe; ``off`` names rules this bus breaks on purpose.

    ``forgive`` forgets what was found before the first reset, when VALID is not yet defined.
    """

    PROTOCOL: ClassVar[str] = ""
    RULES: ClassVar[Sequence[str]] = ()

    def __init__(self, probe: Any, name: str = "", off: Iterable[str] = ()) -> None:
        self.name = name or probe._path
        self._handle = probe.u_check
        self.log = Unit(self._handle.u_log)
        self._forgiven = 0
        self.switch_off(*off)

    def switch_off(self, *rules: str) -> None:
        """Check all rules but these."""
        self.log.reg("cfg_off").set(sum(1 << self.RULES.index(rule) for rule in rules))

    @property
    def errors(self) -> int:
        """Cycles in which a rule was broken."""
        return self.log.reg("err_cnt_q").get()

    @property
    def broken(self) -> list[str]:
        """Names of the rules broken so far."""
        mask = self.log.reg("err_mask_q").get()
        return [rule for bit, rule in enumerate(self.RULES) if mask >> bit & 1]

    def forgive(self) -> None:
        """What was broken so far does not count."""
        self._forgiven = self.errors

    def check(self) -> None:
        """AssertionError when a rule was broken; call at the end of every test."""
        if self.errors != self._forgiven:
            names = ", ".join(self.broken)
            raise AssertionError(f"{self.name}: {self.PROTOCOL} rules broken: {names}")


class AxiChecker(RuleChecker):
    """AXI4. A device that sends bursts across 4 KB (FLT-018) needs ``AR_BURST`` and ``AW_BURST``
    off; ``w_ahead`` bursts of W may be ahead of AW."""

    PROTOCOL, RULES = "AXI", AXI_RULES

    def __init__(self, probe: Any, name: str = "", off: Iterable[str] = (),
                 w_ahead: int | None = None) -> None:  # fmt: skip
        super().__init__(probe, name, off)
        if w_ahead is not None:
            Unit(self._handle).reg("cfg_w_ahead").set(w_ahead)


class AxilChecker(RuleChecker):
    """AXI4-Lite, of a ``bfm_axil_probe``."""

    PROTOCOL, RULES = "AXI4-Lite", AXIL_RULES


class DvmChecker(RuleChecker):
    """DVM snoop channels and coherency connection, of a ``bfm_dvm_probe``."""

    PROTOCOL, RULES = "DVM", DVM_RULES
