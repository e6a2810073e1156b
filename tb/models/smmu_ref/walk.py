# SPDX-License-Identifier: Apache-2.0
"""Both stages of translation (TRN-001 steps 15-20; rules VM1-*, VM2-*, NST-*, TRN-028..041).

Nothing here is shared with ``tb.models.vmsa``: the two walkers check each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb.models.fields import Event, FaultClass
from tb.models.layout import Record
from tb.models.smmu_ref import attributes
from tb.models.smmu_ref.attributes import MemAttr
from tb.models.smmu_ref.legality import TG1_SHIFT, TG_SHIFT, size_bits, stage2_start_level
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.types import Fault

ADDRESS_BITS = (1 << 48) - 1
LAST = 3

# Levels at which each granule (by page shift) may hold a block (VM1-008, VM2-010).
_BLOCK_LEVELS = {12: (1, 2), 14: (2,), 16: (2,)}


@dataclass(frozen=True)
class Leaf:
    """Where a walk ended: the leaf, its level, and restrictions met in tables above it."""

    descriptor: int
    shift: int
    ap_table: int = 0
    uxn_table: int = 0
    pxn_table: int = 0

    def output(self, address: int) -> int:
        """Output address for an input address."""
        inside = (1 << self.shift) - 1
        return self.descriptor & ADDRESS_BITS & ~inside | address & inside


@dataclass(frozen=True)
class Shape:
    """Geometry and limits of one tree."""

    page_shift: int
    input_bits: int
    start: int
    base: int
    out_bits: int
    attr: MemAttr


# Reads the descriptor at an address of the tree; raises the Fault that belongs to it.
ReadDescriptor = Callable[[int], int]
# Makes the Fault of an event for this walk.
MakeFault = Callable[[Event, str], Fault]


def _walk(shape: Shape, address: int, read: ReadDescriptor, fault: MakeFault) -> Leaf:
    """Follow one tree from its start level to a leaf (TRN-037)."""
    per_level = shape.page_shift - 3
    page_mask = (1 << shape.page_shift) - 1
    shift = shape.page_shift + per_level * (LAST - shape.start)
    index_bits = shape.input_bits - shift
    table = shape.base & ADDRESS_BITS & -(8 << index_bits)
    ap_table = uxn_table = pxn_table = 0
    for level in range(shape.start, LAST + 1):
        index = address >> shift & ((1 << index_bits) - 1)
        descriptor = read(table + 8 * index)
        kind = descriptor & 3
        is_table = kind == 3 and level < LAST
        is_leaf = kind == 3 if level == LAST else kind == 1
        if is_leaf and level < LAST and level not in _BLOCK_LEVELS[shape.page_shift]:
            is_leaf = False
        if not (is_table or is_leaf):
            raise fault(Event.F_TRANSLATION, f"level {level} descriptor 0x{descriptor:x}")
        target = descriptor & ADDRESS_BITS
        # TRN-034: with 64 KB pages bits [15:12] would be address bits [51:48].
        if target >> shape.out_bits or (shape.page_shift == 16 and target >> 12 & 0xF):
            raise fault(Event.F_ADDR_SIZE, f"level {level} output 0x{target:x}")
        if is_leaf:
            return Leaf(descriptor, shift, ap_table, uxn_table, pxn_table)
        ap_table |= descriptor >> 61 & 3
        uxn_table |= descriptor >> 60 & 1
        pxn_table |= descriptor >> 59 & 1
        table = target & ~page_mask
        shift -= per_level
        index_bits = per_level
    raise AssertionError("a level 3 descriptor is a page or a fault")


# ---- stage 2 -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Stage2Result:
    """Output of stage 2 for one address."""

    pa: int
    attr: MemAttr
    shift: int


def stage2(session: Session, ste: Record, ipa: int, purpose: FaultClass) -> Stage2Result:
    """Steps 18-20 for one IPA; ``purpose`` is the CLASS of any fault."""

    def fault(event: Event, reason: str) -> Fault:
        return Fault(
            event,
            f"stage 2 {reason}",
            stage=2,
            fault_class=purpose,
            configurable=True,
            ipa=ipa,
        )

    input_bits = 64 - ste.s2t0sz
    if ipa >> input_bits:
        raise fault(Event.F_TRANSLATION, "IPA beyond S2T0SZ (VM2-006)")
    page_shift = TG_SHIFT[ste.s2tg]
    shape = Shape(
        page_shift=page_shift,
        input_bits=input_bits,
        start=stage2_start_level(page_shift, ste.s2sl0),
        base=ste.s2ttb,
        out_bits=size_bits(ste.s2ps, session.config),
        attr=attributes.of_walk_fields(ste.s2ir0, ste.s2or0, ste.s2sh0),
    )

    def read(pa: int) -> int:
        data = session.read("S2", pa, 8, shape.attr)
        if data is None:
            raise Fault(
                Event.F_WALK_EABT,
                "stage 2 descriptor read aborted (TRN-041)",
                stage=2,
                fault_class=purpose,
                fetch_addr=pa,
            )
        return int.from_bytes(data, "little")

    leaf = _walk(shape, ipa, read, fault)
    if not leaf.descriptor >> 10 & 1 and not ste.s2affd:
        raise fault(Event.F_ACCESS, "AF=0 (VM2-013)")
    attr = attributes.of_stage2_leaf(leaf.descriptor)
    if not _stage2_allows(session, leaf.descriptor, purpose):
        raise fault(Event.F_PERMISSION, "S2AP or XN (VM2-011, VM2-012)")
    # FLT-016: only a stream with both stages has such accesses.
    if purpose != FaultClass.IN and ste.s2ptw and attr.device is not None:
        raise fault(Event.F_PERMISSION, "S2PTW and Device (STE-031)")
    pa = leaf.output(ipa)
    session.note(f"stage 2 {purpose.name} 0x{ipa:x} -> 0x{pa:x}")
    return Stage2Result(pa, attr, leaf.shift)


def _stage2_allows(session: Session, descriptor: int, purpose: FaultClass) -> bool:
    readable, writable = descriptor >> 6 & 1, descriptor >> 7 & 1
    if purpose != FaultClass.IN:
        # Table and CD reads are data reads whatever the client does (NST-009).
        return bool(readable)
    if not session.txn.rnw:
        return bool(writable)
    if not session.inst:
        return bool(readable)
    never = descriptor >> 53 & 3
    return never == 0 or never == (3 if session.priv else 1)


# ---- stage 1 -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Stage1Result:
    """Output of stage 1: an IPA (or PA), the descriptor's type, log2 of the leaf."""

    address: int
    attr: MemAttr
    shift: int


def stage1(session: Session, ste: Record, cd: Record, nested: bool) -> Stage1Result:
    """Steps 15-17."""
    va = session.txn.addr

    def fault(event: Event, reason: str) -> Fault:
        return Fault(event, f"stage 1 {reason}", stage=1, configurable=True)

    half = va >> 55 & 1
    tsz, tg_shift, epd, had, tbi, ttb = _half(cd, half)
    top = 56 if tbi else 64
    input_bits = 64 - tsz
    upper = (va & ((1 << top) - 1)) >> input_bits
    # CD-009: a disabled half faults before any other look at it.
    if epd:
        raise fault(Event.F_TRANSLATION, f"EPD{half}=1 (CD-009)")
    if upper != ((1 << (top - input_bits)) - 1 if half else 0):
        raise fault(Event.F_TRANSLATION, f"VA outside TTB{half} (VM1-002)")

    levels = -(-(input_bits - tg_shift) // (tg_shift - 3))
    shape = Shape(
        page_shift=tg_shift,
        input_bits=input_bits,
        start=LAST + 1 - levels,
        base=ttb,
        out_bits=size_bits(cd.ips, session.config),
        attr=attributes.of_walk_fields(*_walk_fields(cd, half)),
    )

    def read(address: int) -> int:
        pa, attr = address, shape.attr
        if nested:
            where = stage2(session, ste, address, FaultClass.TT)
            pa, attr = where.pa, attributes.combine(attr, where.attr)
        data = session.read("S1", pa, 8, attr)
        if data is None:
            raise Fault(
                Event.F_WALK_EABT,
                "stage 1 descriptor read aborted (TRN-041)",
                stage=1,
                fault_class=FaultClass.TT,
                fetch_addr=pa,
            )
        return int.from_bytes(data, "little")

    leaf = _walk(shape, va, read, fault)
    if not leaf.descriptor >> 10 & 1 and not cd.affd:
        raise fault(Event.F_ACCESS, "AF=0 (VM1-015)")
    reason = _stage1_denial(session, cd, leaf, flat=bool(had))
    if reason:
        raise fault(Event.F_PERMISSION, reason)
    address = leaf.output(va)
    session.note(f"stage 1 0x{va:x} -> 0x{address:x}")
    mair = cd.mair0 | cd.mair1 << 32
    byte = mair >> 8 * (leaf.descriptor >> 2 & 7) & 0xFF
    attr = attributes.of_mair(byte, leaf.descriptor >> 8 & 3)
    return Stage1Result(address, attr, leaf.shift)


def _half(cd: Record, half: int) -> tuple[int, int, int, int, int, int]:
    if half:
        return cd.t1sz, TG1_SHIFT.get(cd.tg1, 12), cd.epd1, cd.had1, cd.tbi1, cd.ttb1
    return cd.t0sz, TG_SHIFT.get(cd.tg0, 12), cd.epd0, cd.had0, cd.tbi0, cd.ttb0


def _walk_fields(cd: Record, half: int) -> tuple[int, int, int]:
    return (cd.ir1, cd.or1, cd.sh1) if half else (cd.ir0, cd.or0, cd.sh0)


def _stage1_denial(session: Session, cd: Record, leaf: Leaf, *, flat: bool) -> str | None:
    """Why stage 1 denies the access, or None (VM1-016..023)."""
    bits = leaf.descriptor
    ap_table = 0 if flat else leaf.ap_table
    user = bits >> 6 & 1 and not ap_table & 1
    writable = not bits >> 7 & 1 and not ap_table & 2
    if session.inst:
        if session.priv:
            never = bits >> 53 & 1 or (leaf.pxn_table and not flat)
            if never or (user and writable):
                return "PXN or writable by EL0 (VM1-017, VM1-018)"
            can_write = writable
        else:
            if bits >> 54 & 1 or (leaf.uxn_table and not flat):
                return "UXN (VM1-017)"
            can_write = user and writable
        return "WXN (VM1-019)" if cd.wxn and can_write else None
    if session.priv:
        if cd.pan and user:
            return "PAN (VM1-020)"
    elif not user:
        return "AP denies EL0 (VM1-016)"
    if not session.txn.rnw and not writable:
        return "read-only (VM1-016)"
    return None
