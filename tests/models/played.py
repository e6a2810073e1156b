# SPDX-License-Identifier: Apache-2.0
"""Results of scenarios on stand-in hardware, played once for all tests that look at them."""

from __future__ import annotations

from functools import cache
from typing import Any

from tb.models.standin.machine import StandinMachine


@cache
def played(name: str, defect: str = "") -> dict[str, Any]:
    """The result with seed 1, small; nobody may change it."""
    return StandinMachine(1).play(name, defect=defect)
