# SPDX-License-Identifier: Apache-2.0
"""Finding and checking the STE and CD of a transaction (TRN-001 steps 2-14).

Rules STR-*, STE-*, CD-*, TRN-006..025.  Addresses inside a nested stream's CD tables are IPAs
and go through stage 2 first (NST-001).
"""

from __future__ import annotations

from collections.abc import Callable

from tb.models.fields import Event, FaultClass, S1Dss
from tb.models.layout import Record
from tb.models.smmu_ref import attributes
from tb.models.smmu_ref.attributes import MemAttr
from tb.models.smmu_ref.legality import cd_illegal, s1_enabled, s2_enabled, ste_illegal
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.types import Fault

STE_SIZE = CD_SIZE = 64
L1_ENTRY_SIZE = 8

# Stage 2 as seen from here: (address, class) -> (PA, stage 2 type of the page).
Translate = Callable[[int, FaultClass], tuple[int, MemAttr]]


def find_ste(session: Session) -> Record:
    """Steps 2-8: the STE of the StreamID, legal and not aborting, or a Fault."""
    regs, config, sid = session.regs, session.config, session.txn.sid
    cfg = regs.strtab_base_cfg
    if sid >> min(cfg.log2size, config.sid_bits):
        raise _bad_stream(session, "beyond LOG2SIZE (STR-003)")

    # The literal LOG2SIZE aligns the base, the capped one limits the range (STR-002).
    base = regs.strtab_base.addr & config.oas_mask
    attr = attributes.of_cr1_fields(
        regs.cr1.table_ic, regs.cr1.table_oc, regs.cr1.table_sh, regs.strtab_base.ra
    )
    if cfg.fmt == 1:
        pa = _two_level_ste(session, base, attr)
    else:
        pa = (base & -(STE_SIZE << cfg.log2size)) + sid * STE_SIZE

    ste = session.read_structure("STE", pa, attr)
    if ste is None:
        raise Fault(Event.F_STE_FETCH, "STE read aborted (TRN-011)", fetch_addr=pa)
    if not ste.v:
        raise Fault(Event.C_BAD_STE, "STE.V=0 (STE-002)")
    if not ste.config & 4:
        raise Fault(None, "STE.Config=0xx (STE-005)")
    if ste.config != 4:
        reason = ste_illegal(ste, config)
        if reason:
            raise Fault(Event.C_BAD_STE, reason)
    session.note(f"STE at 0x{pa:x} Config={ste.config}")
    return ste


def _bad_stream(session: Session, reason: str) -> Fault:
    # Terminated in any case, recorded only on request (EVQ-004).
    event = Event.C_BAD_STREAMID if session.regs.cr2.recinvsid else None
    return Fault(event, f"StreamID {reason}")


def _two_level_ste(session: Session, base: int, attr: MemAttr) -> int:
    """Steps 3-4: address of the STE behind an L1STD."""
    cfg, config, sid = session.regs.strtab_base_cfg, session.config, session.txn.sid
    split = cfg.split if cfg.split in (6, 8, 10) else 6
    l1_bytes = L1_ENTRY_SIZE << max(cfg.log2size - split, 0)
    pa = (base & -max(l1_bytes, 64)) + (sid >> split) * L1_ENTRY_SIZE
    l1std = session.read_structure("L1STD", pa, attr)
    if l1std is None:
        raise Fault(Event.F_STE_FETCH, "L1STD read aborted (TRN-011)", fetch_addr=pa)
    span, index = l1std.span, sid & ((1 << split) - 1)
    if not 1 <= span <= split + 1:
        raise _bad_stream(session, f"Span {span} (STR-008, STR-009)")
    if index >= 1 << (span - 1):
        raise _bad_stream(session, "beyond the Span (STR-010)")
    pa = (l1std.l2ptr & -(STE_SIZE << (span - 1))) + index * STE_SIZE
    if l1std.l2ptr >> config.oas:
        raise Fault(
            Event.F_STE_FETCH, "L2Ptr beyond OAS (STR-011)", fetch_addr=pa & config.oas_mask
        )
    return pa


def stage1_context(session: Session, ste: Record) -> int | None:
    """Steps 9-10: index of the CD, or None when stage 1 is not performed."""
    txn = session.txn
    uses_table = s1_enabled(ste) and ste.s1cdmax != 0
    if txn.ssv:
        if not uses_table or txn.ssid >> ste.s1cdmax:
            raise Fault(Event.C_BAD_SUBSTREAMID, "SubstreamID not usable (TRN-015)")
        if ste.s1dss == S1Dss.SSID0 and txn.ssid == 0:
            raise Fault(Event.F_STREAM_DISABLED, "SubstreamID 0 with S1DSS=2 (STE-015)")
        return txn.ssid
    if not s1_enabled(ste):
        return None
    if not uses_table or ste.s1dss == S1Dss.SSID0:
        return 0
    if ste.s1dss == S1Dss.BYPASS:
        return None
    raise Fault(Event.F_STREAM_DISABLED, "no SubstreamID with S1DSS=0 or 3 (STE-013)")


def find_cd(session: Session, ste: Record, index: int, translate: Translate) -> Record:
    """Steps 12-14: the legal CD of that index, or a Fault."""
    attr = attributes.of_cd_fields(ste.s1cir, ste.s1cor, ste.s1csh)

    def fetch(what: str, address: int) -> Record:
        pa, combined = address, attr
        if s2_enabled(ste):
            pa, page_attr = translate(address, FaultClass.CD)
            combined = attributes.combine(attr, page_attr)
        found = session.read_structure(what, pa, combined)
        if found is None:
            raise Fault(Event.F_CD_FETCH, f"{what} read aborted (TRN-024)", fetch_addr=pa)
        return found

    address = _cd_address(session, ste, index, fetch)
    cd = fetch("CD", address)
    reason = cd_illegal(cd, ste, session.config)
    if reason:
        raise Fault(Event.C_BAD_CD, reason)
    session.note(f"CD {index} at 0x{address:x}")
    return cd


def _cd_address(
    session: Session, ste: Record, index: int, fetch: Callable[[str, int], Record]
) -> int:
    pointer = ste.s1contextptr
    if ste.s1cdmax == 0:
        return pointer
    # Alignment bits below the table size are forced to zero (TRN-020, STR-016).
    split = {1: 6, 2: 10}.get(ste.s1fmt)
    if split is None:
        return (pointer & -(CD_SIZE << ste.s1cdmax)) + index * CD_SIZE
    l1_bytes = L1_ENTRY_SIZE << max(ste.s1cdmax - split, 0)
    l1cd = fetch("L1CD", (pointer & -max(l1_bytes, 64)) + (index >> split) * L1_ENTRY_SIZE)
    if not l1cd.v:
        raise Fault(Event.C_BAD_SUBSTREAMID, "L1CD.V=0 (STR-017)")
    if l1cd.l2ptr >> session.config.oas:
        raise Fault(Event.C_BAD_SUBSTREAMID, "L1CD.L2Ptr beyond OAS (STR-018)")
    low = index & ((1 << split) - 1)
    return (l1cd.l2ptr & -(CD_SIZE << split)) + low * CD_SIZE
