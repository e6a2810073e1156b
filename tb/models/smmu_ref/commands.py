# SPDX-License-Identifier: Apache-2.0
"""Command decode and effects (rules CMD-*, TLB-001..010, RES-*).

The model keeps no cache, so invalidations have no effect of their own; they are still decoded,
checked for legality and reported to observers, who may track what is allowed to be stale.
"""

from __future__ import annotations

from typing import Protocol

from tb.models.fields import COMMANDS, Cerror, Op, SyncCs
from tb.models.layout import Record
from tb.models.smmu_ref.types import SmmuConfig

# Opcodes that exist on a Non-secure queue with Hyp=0, ATS=0, PRI=0 (CMD-004..006, CMD-044).
LEGAL_OPS = frozenset(
    {
        Op.PREFETCH_CONFIG,
        Op.PREFETCH_ADDR,
        Op.CFGI_STE,
        Op.CFGI_STE_RANGE,
        Op.CFGI_CD,
        Op.CFGI_CD_ALL,
        Op.TLBI_NH_ALL,
        Op.TLBI_NH_ASID,
        Op.TLBI_NH_VA,
        Op.TLBI_NH_VAA,
        Op.TLBI_S12_VMALL,
        Op.TLBI_S2_IPA,
        Op.TLBI_NSNH_ALL,
        Op.RESUME,
        Op.STALL_TERM,
        Op.SYNC,
    }
)

_TG_16K = 2


class Target(Protocol):
    """What commands act on (``model.SmmuRef``)."""

    config: SmmuConfig

    def resume(self, sid: int, stag: int, *, retry: bool, abort: bool) -> None: ...

    def terminate_stalls(self, sid: int) -> None: ...


def decode(data: bytes) -> tuple[Op, Record] | None:
    """Opcode and fields of a command, or None when it is illegal here."""
    code = data[0]
    if code not in LEGAL_OPS:
        return None
    op = Op(code)
    fields = COMMANDS[op].unpack(data)
    return None if _illegal(op, fields) else (op, fields)


def _illegal(op: Op, fields: Record) -> bool:
    if fields.get("ssec"):
        return True
    if op is Op.SYNC:
        return fields.cs == 3
    if fields.get("tg"):
        # TLB-008: TTL 1 does not exist for the 16 KB granule and counts as 0.
        ttl = 0 if (fields.tg, fields.ttl) == (_TG_16K, 1) else fields.ttl
        return not (fields.num or fields.scale or ttl)
    return False


def execute(target: Target, op: Op, fields: Record) -> Cerror:
    """Apply a legal command other than CMD_SYNC."""
    if op is Op.RESUME:
        if not fields.streamid >> target.config.sid_bits:
            target.resume(
                fields.streamid, fields.stag, retry=bool(fields.ac), abort=bool(fields.ab)
            )
    elif op is Op.STALL_TERM and not fields.streamid >> target.config.sid_bits:
        target.terminate_stalls(fields.streamid)
    return Cerror.NONE


def wants_interrupt(fields: Record) -> bool:
    """CMD_SYNC with CS=IRQ; SEV behaves like no signal (CMD-030, CMD-032)."""
    return fields.cs == SyncCs.IRQ
