# SPDX-License-Identifier: Apache-2.0
"""What goes into the reference SMMU and what comes out (architecture section 3).

Addresses are byte addresses, lengths are bytes, widths are bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from tb.models.fields import Event, EventRecord, FaultClass
from tb.models.layout import Record
from tb.models.smmu_ref.attributes import MemAttr, OutputAttrs

PAGE_SIZE = 4096


class MemoryPort(Protocol):
    """The memory behind the walk port (``tb.models.memory.Memory`` fits)."""

    def read(self, pa: int, n: int, who: str = "") -> tuple[bytes, bool]: ...

    def write(self, pa: int, data: bytes, strb: int | None = None, who: str = "") -> bool: ...

    def peek(self, pa: int, n: int) -> bytes: ...

    def response_to(self, pa: int, n: int, is_write: bool, who: str = "") -> str: ...


@dataclass(frozen=True)
class SmmuConfig:
    """Build parameters that software can see, and two switches of the model.

    ``auto_run`` executes commands as soon as a register write allows it; without it the owner
    calls ``step``.  ``auto_ack`` completes CR0, IRQ_CTRL and GBPA updates at once; without it
    they stay open until ``complete_updates`` is called.
    """

    oas: int = 48
    sid_bits: int = 16
    ssid_bits: int = 20
    cmdqs: int = 8
    eventqs: int = 8
    stall_max: int = 16
    gbpa_abort: bool = False
    dvm_port: bool = True
    coherent_port: bool = True
    auto_run: bool = True
    auto_ack: bool = True
    who: str = "smmu"

    @property
    def oas_mask(self) -> int:
        """Mask of all output address bits."""
        return (1 << self.oas) - 1


@dataclass(frozen=True)
class Transaction:
    """One untranslated upstream transaction.

    ``ssid`` is None when no SubstreamID is presented.  ``length`` is the number of bytes the
    burst covers from ``addr``.  ``cache`` and ``domain`` are AxCACHE and AxDOMAIN as driven;
    ``no_stall`` is the port strap or AxMMUFLOW (FLT-026).
    """

    sid: int
    addr: int
    rnw: bool
    ssid: int | None = None
    length: int = 1
    priv: bool = False
    inst: bool = False
    cache: int = 0xF
    domain: int = 0
    lock: bool = False
    secsid: int = 0
    atop: int = 0
    no_stall: bool = False

    @property
    def ssv(self) -> bool:
        """True when a SubstreamID is presented."""
        return self.ssid is not None

    @property
    def instruction(self) -> bool:
        """Incoming InD; every write is Data (ATT-015)."""
        return self.inst and self.rnw

    @property
    def unsupported(self) -> bool:
        """Atomics and bursts over a 4 KB boundary cannot be translated (FLT-018)."""
        return bool(self.atop) or self.addr % PAGE_SIZE + self.length > PAGE_SIZE


class Kind(Enum):
    """How a transaction ends, as the client sees it."""

    OK = "OK"
    ABORT = "ABORT"
    RAZWI = "RAZWI"
    STALL = "STALL"


@dataclass(frozen=True)
class Fetch:
    """One read the SMMU makes for a transaction; ``what`` names the structure."""

    what: str
    pa: int
    length: int
    attr: MemAttr


@dataclass(frozen=True)
class Outcome:
    """What happens to a transaction.

    ``event`` is the record it wants to write (STAG 0 until one is assigned) or None, and
    ``recorded`` tells whether it could be written.  ``stag`` is None for a stall that has no
    record yet.  ``steps`` names the rules that decided, for logs; ``fetches`` lists structure
    and table reads in order.  ``page_shift`` is log2 of the leaf both stages agree on.
    """

    kind: Kind
    pa: int | None = None
    attrs: OutputAttrs | None = None
    event: bytes | None = None
    recorded: bool = False
    stag: int | None = None
    page_shift: int = 12
    steps: tuple[str, ...] = ()
    fetches: tuple[Fetch, ...] = field(default=(), repr=False)

    @property
    def record(self) -> Record | None:
        """The event record, decoded."""
        return None if self.event is None else EventRecord.unpack(self.event)

    def __str__(self) -> str:
        where = "" if self.pa is None else f" pa=0x{self.pa:x}"
        what = "" if self.event is None else f" {self.record}"
        return f"{self.kind.value}{where}{what}"


@dataclass
class Fault(Exception):
    """Ends the evaluation of a transaction.

    ``stage`` is the stage that faulted, or 0 for configuration errors; only stage faults of
    the four translation-related events obey A/R/S or S2R/S2S (FLT-001), and only when
    ``configurable``.  ``event`` None means abort with no event.
    """

    event: Event | None
    rule: str
    stage: int = 0
    fault_class: FaultClass = FaultClass.IN
    configurable: bool = False
    ipa: int = 0
    fetch_addr: int = 0

    def __str__(self) -> str:
        name = self.event.name if self.event is not None else "silent abort"
        return f"{name} ({self.rule})"
