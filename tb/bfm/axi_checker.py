# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_axi_checker: rules by name, and the verdict at the end of a test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tb.bfm.mailbox import Unit

RULES = ("AW_STABLE", "AR_STABLE", "W_STABLE", "B_STABLE", "R_STABLE", "AW_BURST", "AR_BURST",
         "W_LAST", "R_LAST", "B_ID", "R_ID", "W_STRB", "UNKNOWN", "RESET", "W_AHEAD")  # fmt: skip


class AxiChecker:
    """The checker of one probe.

    ``off`` names rules this bus breaks on purpose (a device that sends bursts across 4 KB, FLT-018,
    needs ``AR_BURST`` and ``AW_BURST`` off). ``w_ahead`` bursts of W may be ahead of AW.
    """

    def __init__(self, probe: Any, name: str = "", off: Iterable[str] = (),
                 w_ahead: int | None = None) -> None:  # fmt: skip
        self.name = name or probe._path
        self.unit = Unit(probe.u_check)
        self.switch_off(*off)
        if w_ahead is not None:
            self.unit.reg("cfg_w_ahead").set(w_ahead)

    def switch_off(self, *rules: str) -> None:
        """Check all rules but these."""
        self.unit.reg("cfg_off").set(sum(1 << RULES.index(rule) for rule in rules))

    @property
    def errors(self) -> int:
        """Cycles in which a rule was broken."""
        return self.unit.reg("err_cnt_q").get()

    @property
    def broken(self) -> list[str]:
        """Names of the rules broken so far."""
        mask = self.unit.reg("err_mask_q").get()
        return [rule for bit, rule in enumerate(RULES) if mask >> bit & 1]

    def check(self) -> None:
        """AssertionError when a rule was broken; call at the end of every test."""
        assert self.errors == 0, f"{self.name}: AXI rules broken: {', '.join(self.broken)}"
