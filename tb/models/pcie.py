# SPDX-License-Identifier: Apache-2.0
"""PCIe functions in the system: which stream they are and how their requests look on AXI.

The SMMU has no pin that tells PCIe from other streams: a function is its StreamID (RequesterID
behind the offset of its root port), its PASID is the SubstreamID, and the No_Snoop attribute of a
request becomes the memory type that the root port drives.
"""

from __future__ import annotations

from dataclasses import dataclass

WRITE_BACK, NON_CACHEABLE = 0b1111, 0b0011  # AxCACHE
INNER, SYSTEM = 1, 3  # AxDOMAIN


@dataclass(frozen=True)
class PcieFunction:
    """Bus, device and function number behind a root port; ``offset`` as firmware describes it."""

    bus: int
    device: int
    function: int
    offset: int = 0

    @property
    def requester_id(self) -> int:
        """RequesterID of its requests."""
        return self.bus << 8 | self.device << 3 | self.function

    @property
    def stream_id(self) -> int:
        """StreamID that the root port drives."""
        return self.offset + self.requester_id

    @staticmethod
    def pins(no_snoop: bool) -> dict[str, int]:
        """AxCACHE and AxDOMAIN of a request: write-back inner shareable, or Non-cacheable."""
        if no_snoop:
            return {"cache": NON_CACHEABLE, "domain": SYSTEM}
        return {"cache": WRITE_BACK, "domain": INNER}
