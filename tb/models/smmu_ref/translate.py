# SPDX-License-Identifier: Apache-2.0
"""The ordered procedure of TRN-001: one transaction, current state, no side effect but reads."""

from __future__ import annotations

from tb.models.fields import Event, FaultClass
from tb.models.layout import Record
from tb.models.smmu_ref import attributes
from tb.models.smmu_ref.attributes import MemAttr
from tb.models.smmu_ref.config import find_cd, find_ste, stage1_context
from tb.models.smmu_ref.faults import conclude
from tb.models.smmu_ref.legality import s2_enabled
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.types import Fault, Kind, Outcome
from tb.models.smmu_ref.walk import stage1, stage2


def evaluate(session: Session) -> Outcome:
    """Outcome of the transaction as if it arrived now."""
    try:
        return _forward(session)
    except Fault as fault:
        return conclude(session, fault)


def _forward(session: Session) -> Outcome:
    txn, regs, config = session.txn, session.regs, session.config
    if txn.secsid:
        raise Fault(None, "not a Non-secure stream (ATT-040)")
    if txn.unsupported:
        raise Fault(Event.F_UUT, "atomic or burst over 4 KB (FLT-018)")

    attr = attributes.incoming(txn.cache, txn.domain)
    if not regs.cr0ack.smmuen:
        return _bypass_globally(session, attr)

    ste = session.ste = find_ste(session)
    _override_permissions(session, ste)
    attr = attributes.override(attr, ste)
    nested = s2_enabled(ste)
    shifts = [config.oas]

    index = stage1_context(session, ste)
    if index is None:
        if txn.addr >> config.oas:
            # FLT-008: outside the control of A/R/S and S2R/S2S.
            raise Fault(Event.F_ADDR_SIZE, "input above IAS (TRN-026, TRN-027)", stage=1)
        address = txn.addr
    else:

        def through_stage2(ipa: int, purpose: FaultClass) -> tuple[int, MemAttr]:
            where = stage2(session, ste, ipa, purpose)
            return where.pa, where.attr

        cd = session.cd = find_cd(session, ste, index, through_stage2)
        first = stage1(session, ste, cd, nested)
        address = first.address
        attr = attributes.stage1_result(attr, first.attr)
        shifts.append(first.shift)

    if nested:
        second = stage2(session, ste, address, FaultClass.IN)
        address = second.pa
        attr = attributes.combine(attr, second.attr)
        shifts.append(second.shift)
    return _ok(session, address, attr, min(shifts))


def _bypass_globally(session: Session, attr: MemAttr) -> Outcome:
    gbpa = session.regs.gbpa
    if gbpa.abort:
        raise Fault(None, "SMMUEN=0 and GBPA.ABORT=1 (INI-006)")
    if session.txn.addr >> session.config.oas:
        raise Fault(None, "SMMUEN=0 and address above OAS (INI-007)")
    _override_permissions(session, gbpa)
    session.note("global bypass (INI-005)")
    return _ok(session, session.txn.addr, attributes.override(attr, gbpa), session.config.oas)


def _override_permissions(session: Session, cfg: Record) -> None:
    """INSTCFG and PRIVCFG come before any check; writes stay Data (ATT-015, ATT-016)."""
    if cfg.privcfg & 2:
        session.priv = cfg.privcfg == 3
    if cfg.instcfg & 2 and session.txn.rnw:
        session.inst = cfg.instcfg == 3


def _ok(session: Session, pa: int, attr: MemAttr, page_shift: int) -> Outcome:
    txn = session.txn
    pins = attributes.output(attr, txn.rnw, session.priv, session.inst, txn.lock)
    return Outcome(
        Kind.OK,
        pa=pa,
        attrs=pins,
        page_shift=page_shift,
        steps=tuple(session.steps),
        fetches=tuple(session.fetches),
    )
