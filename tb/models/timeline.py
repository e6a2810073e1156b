# SPDX-License-Identifier: Apache-2.0
"""The life of each device fault, hop by hop, in cycles of the SMMU clock.

Which hops there are depends on who stands between the SMMU and the page tables: a *path* names
them in order, each with the layer that the leg ending there is booked to.

A fault is opened when the SMMU's event record appears in host memory, and every layer that
passes it on marks its hop.  The layers know different names for it: the host knows {StreamID,
STAG}, the guest knows {virtual StreamID, STAG}; the STAG travels unchanged as the page
request's group id, so it finds the open fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

Path = dict[str, str]  # hop names in order -> layer that holds the fault until it is reached

# nested translation: the fault travels through VFIO and QEMU to the guest and back
NESTED_PATH: Path = {
    "smmu_event": "hardware",  # record and PROD visible in host memory
    "host_irq": "hardware",  # wire seen by the host's interrupt controller
    "host_thread": "host-kernel",  # event queue thread has read the record
    "vfio_ring": "host-kernel",  # entry in the fault ring, eventfd signalled
    "qemu_relay": "qemu",  # main loop has taken the entry
    "guest_event": "qemu",  # record in the guest's event queue
    "guest_irq": "kvm",  # virtual CPU takes the interrupt
    "guest_thread": "guest-kernel",  # guest driver has read the record
    "guest_handler": "guest-kernel",  # page fault handler starts
    "page_mapped": "guest-kernel",  # descriptor written (and invalidated if one was replaced)
    "guest_resume": "guest-kernel",  # CMD_RESUME in the guest's command queue
    "qemu_resume": "kvm",  # trapped and fetched by the vSMMU
    "vfio_response": "qemu",  # page response in the response ring
    "host_resume": "host-kernel",  # physical CMD_RESUME handed to the SMMU
    "retry_done": "hardware",  # the retried transaction reached memory or was answered
}
# the same with iommufd: a fault queue and its response instead of VFIO's rings
_RENAMED = {"vfio_ring": "fault_queue", "vfio_response": "fault_response"}
IOMMUFD_PATH: Path = {_RENAMED.get(hop, hop): layer for hop, layer in NESTED_PATH.items()}

# the VM's memory is not pinned: the host takes faults of stage 2, the guest those of stage 1
UNPINNED_PATH: Path = {
    **dict(list(NESTED_PATH.items())[:3]),
    "stage2_mapped": "host-kernel",
    **dict(list(NESTED_PATH.items())[3:]),
}

SHORT_CUTS = {"stage2_mapped": "host_resume"}  # such a fault does not go up to the guest

# the process is the host's own
HOST_PATH: Path = {
    "smmu_event": "hardware",
    "host_irq": "hardware",
    "host_thread": "host-kernel",
    "host_handler": "host-kernel",  # page fault handler starts
    "page_mapped": "host-kernel",
    "host_resume": "host-kernel",
    "retry_done": "hardware",
}


@dataclass
class Fault:
    """One stalled transaction."""

    index: int
    sid: int
    pasid: int
    stag: int
    event: str
    addr: int
    write: bool
    path: Path
    again: int = 0  # how often the transaction has stalled on this page before, in a row
    outcome: str = "pending"  # then "resolved" or "aborted"
    hops: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """JSON form."""
        return {
            "index": self.index,
            "event": self.event,
            "sid": self.sid,
            "pasid": self.pasid,
            "stag": self.stag,
            "addr": f"0x{self.addr:x}",
            "write": self.write,
            "outcome": self.outcome,
            "hops": {name: self.hops[name] for name in self.passed()},
        }

    def legs(self) -> list[tuple[str, str, int]]:
        """(leg name, layer, cycles) between neighbouring hops that were passed."""
        hops, path = self.hops, self.path
        return [(f"{a} > {b}", path[b], hops[b] - hops[a]) for a, b in pairwise(self.passed())]

    def passed(self) -> list[str]:
        """Names of the hops behind it, in order."""
        return [name for name in self.path if name in self.hops]

    def next_hop(self) -> str | None:
        """The hop it waits for; None at the end of the path."""
        names, last = list(self.path), self.passed()[-1]
        if last in SHORT_CUTS:
            return SHORT_CUTS[last]
        after = names.index(last) + 1
        return names[after] if after < len(names) else None


class Timeline:
    """All faults of a run, and the way back from a name to the open fault."""

    def __init__(self, now: Callable[[], int], path: Path = NESTED_PATH) -> None:
        self._now = now
        self.path = path
        self.faults: list[Fault] = []
        self._open: dict[int, Fault] = {}  # by STAG, which is unique while outstanding
        self._retrying: list[Fault] = []
        self.pending_irq: list[Fault] = []

    def open(self, sid: int, pasid: int, stag: int, event: str, addr: int, write: bool) -> Fault:
        """A stall record appeared in host memory."""
        before = self.access(sid, pasid, addr, write)  # stalls again: the answer did not help
        again = before.again + 1 if before else 0
        fault = Fault(len(self.faults), sid, pasid, stag, event, addr, write, self.path, again)
        self.faults.append(fault)
        self._open[stag] = fault
        self.pending_irq.append(fault)
        fault.hops["smmu_event"] = self._now()
        return fault

    def irq(self) -> None:
        """The event queue wire fired: every record before it shares the moment."""
        for fault in self.pending_irq:
            self._mark(fault, "host_irq")
        self.pending_irq.clear()

    def hop(self, stag: int, name: str) -> None:
        """The outstanding fault with this STAG passed ``name``; the first time counts."""
        fault = self._open.get(stag)
        if fault is not None:
            self._mark(fault, name)

    def _mark(self, fault: Fault, name: str) -> None:
        """A hop that a fault skipped (its record was read on another's interrupt) stays out."""
        names = tuple(self.path)
        if not any(later in fault.hops for later in names[names.index(name) :]):
            fault.hops[name] = self._now()

    def close(self, stag: int, resolved: bool) -> None:
        """The physical CMD_RESUME is in its queue; the STAG may be used again from here on."""
        fault = self._open.pop(stag, None)
        if fault is None:
            return
        fault.hops["host_resume"] = self._now()
        fault.outcome = "resolved" if resolved else "aborted"
        if fault in self.pending_irq:
            self.pending_irq.remove(fault)
        if resolved:
            self._retrying.append(fault)

    def guest_irq(self, sid: int | None) -> None:
        """A guest takes the event queue's interrupt: every record before it shares the moment.

        ``sid`` is the StreamID of the guest's device, None where there is only one guest.
        """
        for fault in self._open.values():
            if "guest_event" in fault.hops and sid in (None, fault.sid):
                self._mark(fault, "guest_irq")

    def abandon(self, pasid: int, sid: int | None = None) -> None:
        """The address space dies: its retried transactions may end without reaching memory."""
        self._retrying = [f for f in self._retrying if f.pasid != pasid or sid not in (None, f.sid)]

    def outstanding(self, pasid: int | None = None) -> list[Fault]:
        """Faults whose response has not been given."""
        return [f for f in self._open.values() if pasid in (None, f.pasid)]

    def retrying(self) -> list[Fault]:
        """Faults answered with retry whose transaction has not completed yet."""
        return list(self._retrying)

    def access(self, sid: int, pasid: int, va: int | None, write: bool) -> Fault | None:
        """A transaction of ``sid`` and ``pasid`` completed downstream; it may end a retry.

        Returns the fault whose retry it ends, if any.
        ``va`` may be None where the observer knows no virtual address: the oldest retried
        fault of the space and direction is meant then (per AXI ID order is kept).
        """
        for fault in self._retrying:
            same_page = va is None or fault.addr >> 12 == va >> 12
            if (fault.sid, fault.pasid) == (sid, pasid) and fault.write == write and same_page:
                fault.hops["retry_done"] = self._now()
                self._retrying.remove(fault)
                return fault
        return None

    # ---- results ------------------------------------------------------------------------
    def leg_table(self) -> dict[str, dict[str, int | str]]:
        """Minimum, median and maximum of each leg over all resolved faults."""
        values: dict[str, list[int]] = {}
        layers: dict[str, str] = {}
        for fault in self.faults:
            if fault.outcome != "resolved":
                continue
            for name, layer, cycles in fault.legs():
                values.setdefault(name, []).append(cycles)
                layers[name] = layer
            names = list(fault.hops.values())
            values.setdefault("total", []).append(max(names) - min(names))
            layers["total"] = "all"
        total = values.pop("total", None)
        if total:
            values["total"] = total
        return {
            name: {
                "layer": layers[name],
                "min": min(v),
                "median": int(median(v)),
                "max": max(v),
            }
            for name, v in values.items()
        }

    def shares(self) -> dict[str, float]:
        """Share of the faults' time per layer, in percent."""
        sums: dict[str, int] = {}
        for fault in self.faults:
            if fault.outcome == "resolved":
                for _, layer, cycles in fault.legs():
                    sums[layer] = sums.get(layer, 0) + cycles
        total = sum(sums.values()) or 1
        return {layer: round(100 * n / total, 2) for layer, n in sums.items()}
