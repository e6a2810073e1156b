# SPDX-License-Identifier: Apache-2.0
"""TLBI and DSB instructions of a CPU, and what each of them sends to the interconnect.

A broadcast names the scope and nothing else: the messages of the interconnect have neither a bit
for the shareability domain the instruction was written with (the interconnect decides to whom it
is delivered) nor one for nXS. So ``VAE1IS``, ``VAE1OS``, ``VAE1ISNXS`` and ``VAE1OSNXS`` send one
and the same message, and so do ``DSB ISH`` and ``DSB ISHNXS`` after them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# operation: (has a VMID, has an ASID, has an address, stage, last level only); stage 0: both
TLBI_OPERATIONS = {
    "ALLE1": (0, 0, 0, 0, 0),
    "VMALLS12E1": (1, 0, 0, 0, 0),
    "VMALLE1": (1, 0, 0, 1, 0),
    "ASIDE1": (1, 1, 0, 1, 0),
    "VAE1": (1, 1, 1, 1, 0),
    "VALE1": (1, 1, 1, 1, 1),
    "VAAE1": (1, 0, 1, 1, 0),
    "VAALE1": (1, 0, 1, 1, 1),
    "IPAS2E1": (1, 0, 1, 2, 0),
    "IPAS2LE1": (1, 0, 1, 2, 1),
}
DOMAINS = ("IS", "OS")
_TLBI = re.compile(rf"({'|'.join(TLBI_OPERATIONS)})(IS|OS)?(NXS)?\Z")
_DSB = re.compile(r"(SY|OSH|ISH|NSH)(NXS)?\Z")


@dataclass(frozen=True)
class TlbiMessage:
    """A broadcast TLBI of the Non-secure EL1&0 regime; None: not compared."""

    vmid: int | None = None
    asid: int | None = None
    addr: int | None = None
    stage: int = 0
    leaf: bool = False


@dataclass(frozen=True)
class SyncMessage:
    """A broadcast Sync: wait for all earlier TLBIs and what used the old translations."""


Message = TlbiMessage | SyncMessage


class Maintenance:
    """The part of a CPU that executes TLBI and DSB for one VM."""

    def __init__(self, vmid: int, send: Callable[[Message], None]) -> None:
        self.vmid = vmid
        self._send = send
        self._pending = False  # a TLBI was broadcast since the last Sync

    def tlbi(self, name: str, *, asid: int = 0, addr: int = 0) -> None:
        """TLBI ``name``, e.g. VAE1OSNXS; without IS or OS it stays in the CPU."""
        parsed = _TLBI.match(name)
        if parsed is None:
            raise ValueError(f"TLBI {name}: not modelled")
        operation, domain, _nxs = parsed.groups()
        if domain is None:
            return
        has_vmid, has_asid, has_addr, stage, leaf = TLBI_OPERATIONS[operation]
        self._pending = True
        self._send(
            TlbiMessage(
                self.vmid if has_vmid else None,
                asid if has_asid else None,
                addr if has_addr else None,
                stage,
                bool(leaf),
            )
        )

    def dsb(self, name: str) -> None:
        """DSB ``name``, e.g. ISHNXS: a Sync if it reaches others and a TLBI went before."""
        parsed = _DSB.match(name)
        if parsed is None:
            raise ValueError(f"DSB {name}: no such barrier")
        if self._pending and parsed[1] != "NSH":
            self._pending = False
            self._send(SyncMessage())
