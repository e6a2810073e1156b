# SPDX-License-Identifier: Apache-2.0
"""From a fault to what the client and the event queue see (rules FLT-*, EVQ-002..017)."""

from __future__ import annotations

from tb.models.fields import Event, EventRecord, FaultClass
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.types import Fault, Kind, Outcome


def conclude(session: Session, fault: Fault) -> Outcome:
    """Outcome of a transaction that met ``fault``; its record still lacks a STAG."""
    session.note(str(fault))
    kind, wanted = _disposition(session, fault)
    event = build_record(session, fault, stall=kind is Kind.STALL) if wanted else None
    return Outcome(
        kind,
        event=event,
        steps=tuple(session.steps),
        fetches=tuple(session.fetches),
    )


def _disposition(session: Session, fault: Fault) -> tuple[Kind, bool]:
    """How the client is answered, and whether a record is wanted (FLT-001..004)."""
    if not fault.configurable:
        return Kind.ABORT, fault.event is not None
    if fault.stage == 1:
        cd = session.cd
        stall, record = cd.s, bool(cd.r)
        terminate = Kind.ABORT if cd.a else Kind.RAZWI
    else:
        ste = session.ste
        stall, record, terminate = ste.s2s, bool(ste.s2r), Kind.ABORT
    if not stall:
        return terminate, record
    # FLT-026: a client that cannot stall is aborted, and always recorded.
    return (Kind.ABORT if session.txn.no_stall else Kind.STALL), True


def build_record(session: Session, fault: Fault, *, stall: bool) -> bytes:
    """The 32 bytes of an event; fields its type does not define stay zero (EVQ-001)."""
    txn = session.txn
    walk_read = fault.event == Event.F_PERMISSION and fault.fault_class == FaultClass.TT
    values = {
        "ssv": int(txn.ssv),
        "substreamid": txn.ssid or 0,
        "stall": int(stall),
        "pnu": int(session.priv),
        "ind": int(session.inst),
        "rnw": int(txn.rnw),
        "s2": int(fault.stage == 2),
        "class": int(fault.fault_class),
        "ttrnw": int(walk_read),
        "inputaddr": txn.addr,
        "ipa": fault.ipa,
        "fetchaddr": fault.fetch_addr,
    }
    names = EventRecord.names(fault.event)
    chosen = {name: value for name, value in values.items() if name in names}
    return EventRecord.pack(fault.event, streamid=txn.sid, **chosen)
