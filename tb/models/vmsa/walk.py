# SPDX-License-Identifier: Apache-2.0
"""Independent VMSAv8-64 walker for CPU models and checks (architecture section 3).

It knows nothing of streams, events or SMMU structures: a regime in, a translation or a fault
out, in the order of the Arm ARM (translation, address size, access flag, permission).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tb.models.vmsa.geometry import LAST_LEVEL, Granule

Read64 = Callable[[int], "int | None"]

_PA_BITS = 48


@dataclass(frozen=True)
class AccessKind:
    """What is being attempted; ``fetch`` is an instruction read."""

    write: bool = False
    privileged: bool = False
    fetch: bool = False


@dataclass(frozen=True)
class Stage1Regime:
    """Registers of a two-range EL1&0 stage 1; sizes in bits, ``out_bits`` is the IPA limit."""

    ttb: tuple[int, int]
    tsz: tuple[int, int]
    granule: tuple[Granule, Granule]
    out_bits: int = 48
    disabled: tuple[bool, bool] = (False, False)
    ignore_top_byte: tuple[bool, bool] = (False, False)
    flat_permissions: tuple[bool, bool] = (False, False)
    wxn: bool = False
    pan: bool = False
    ignore_af: bool = False


@dataclass(frozen=True)
class Stage2Regime:
    """Registers of a stage 2; sizes in bits."""

    ttb: int
    tsz: int
    granule: Granule
    start_level: int
    out_bits: int = 48
    ignore_af: bool = False


@dataclass(eq=False)
class WalkFault(Exception):
    """A fault: ``kind`` is "translation", "size", "access", "permission" or "external".

    ``ia`` is the input address of the faulting stage, ``for_table`` tells that stage 2 was
    translating the address of a stage 1 table.
    """

    stage: int
    kind: str
    level: int
    ia: int
    for_table: bool = False


@dataclass(frozen=True)
class Translation:
    """Result of a walk: output address, leaf level and size in bytes, and the descriptor.

    ``allowed`` holds the permitted (access, privileged) pairs of letters "r", "w", "x".
    ``path`` lists the descriptor addresses that were read.
    """

    pa: int
    level: int
    size: int
    descriptor: int
    allowed: frozenset[tuple[str, bool]]
    path: tuple[int, ...] = field(default=(), compare=False)

    def permits(self, access: AccessKind) -> bool:
        """True when the access passes the permission check."""
        letter = "x" if access.fetch else "w" if access.write else "r"
        return (letter, access.privileged) in self.allowed


def walk_stage1(
    regime: Stage1Regime, va: int, access: AccessKind, read64: Read64, *, check: bool = True
) -> Translation:
    """Translate ``va``; ``read64`` gets a table address and returns None on a bus error."""
    half = va >> 55 & 1
    size_bits = 64 - regime.tsz[half]
    top = 56 if regime.ignore_top_byte[half] else 64
    upper = (va & ((1 << top) - 1)) >> size_bits
    if regime.disabled[half] or upper != ((1 << (top - size_bits)) - 1 if half else 0):
        raise WalkFault(1, "translation", 0, va)

    granule = regime.granule[half]
    start = granule.start_level(size_bits)
    found = _descend(1, granule, start, regime.ttb[half], va, size_bits, regime.out_bits, read64)
    level, descriptor, tables, path = found
    if not descriptor >> 10 & 1 and not regime.ignore_af:
        raise WalkFault(1, "access", level, va)
    if regime.flat_permissions[half]:
        tables = []
    allowed = _stage1_rights(descriptor, tables, regime)
    result = _finish(granule, level, descriptor, va, allowed, path)
    if check and (not result.permits(access) or _pan_denies(regime, access, allowed)):
        raise WalkFault(1, "permission", level, va)
    return result


def walk_stage2(
    regime: Stage2Regime,
    ipa: int,
    access: AccessKind,
    read64: Read64,
    *,
    check: bool = True,
    for_table: bool = False,
) -> Translation:
    """Translate an intermediate physical address."""
    try:
        size_bits = 64 - regime.tsz
        if ipa >> size_bits:
            raise WalkFault(2, "translation", 0, ipa)
        granule = regime.granule
        level, descriptor, _, path = _descend(
            2, granule, regime.start_level, regime.ttb, ipa, size_bits, regime.out_bits, read64
        )
        if not descriptor >> 10 & 1 and not regime.ignore_af:
            raise WalkFault(2, "access", level, ipa)
        result = _finish(granule, level, descriptor, ipa, _stage2_rights(descriptor), path)
        if check and not result.permits(access):
            raise WalkFault(2, "permission", level, ipa)
        return result
    except WalkFault as fault:
        if not for_table:
            raise
        raise WalkFault(2, fault.kind, fault.level, fault.ia, for_table=True) from None


def walk_nested(
    stage1: Stage1Regime, stage2: Stage2Regime, va: int, access: AccessKind, read64: Read64
) -> tuple[Translation, Translation]:
    """Both stages; every stage 1 table address is itself translated by stage 2."""

    def read_table(ipa: int) -> int | None:
        where = walk_stage2(stage2, ipa, AccessKind(), read64, for_table=True)
        return read64(where.pa)

    first = walk_stage1(stage1, va, access, read_table)
    return first, walk_stage2(stage2, first.pa, access, read64)


def _descend(
    stage: int,
    granule: Granule,
    start: int,
    base: int,
    ia: int,
    size_bits: int,
    out_bits: int,
    read64: Read64,
) -> tuple[int, int, list[int], tuple[int, ...]]:
    """Follow the tables; returns leaf level, leaf, table descriptors and addresses read."""
    table = base & -max(granule.start_table_bytes(start, size_bits), 16)
    tables: list[int] = []
    path: list[int] = []
    for level in range(start, LAST_LEVEL + 1):
        address = table + 8 * granule.index(ia, level, start, size_bits)
        path.append(address)
        descriptor = read64(address)
        if descriptor is None:
            raise WalkFault(stage, "external", level, ia)
        is_table = level < LAST_LEVEL and descriptor & 2
        if not descriptor & 1 or not (is_table or descriptor & 2 or level in granule.block_levels):
            raise WalkFault(stage, "translation", level, ia)
        address_bits = descriptor & ((1 << _PA_BITS) - 1)
        if address_bits >> out_bits or (granule.shift == 16 and descriptor >> 12 & 0xF):
            raise WalkFault(stage, "size", level, ia)
        if not is_table:
            return level, descriptor, tables, tuple(path)
        tables.append(descriptor)
        table = address_bits & -granule.size
    raise AssertionError("unreachable: level 3 has no table descriptors")


def _finish(
    granule: Granule,
    level: int,
    descriptor: int,
    ia: int,
    allowed: frozenset[tuple[str, bool]],
    path: tuple[int, ...],
) -> Translation:
    size = granule.leaf_size(level)
    base = descriptor & ((1 << _PA_BITS) - 1) & -size
    return Translation(base | ia & (size - 1), level, size, descriptor, allowed, path)


def _stage1_rights(
    descriptor: int, tables: list[int], regime: Stage1Regime
) -> frozenset[tuple[str, bool]]:
    user = bool(descriptor >> 6 & 1) and not any(t >> 61 & 1 for t in tables)
    write = not descriptor >> 7 & 1 and not any(t >> 62 & 1 for t in tables)
    uxn = bool(descriptor >> 54 & 1) or any(t >> 60 & 1 for t in tables)
    pxn = bool(descriptor >> 53 & 1) or any(t >> 59 & 1 for t in tables)
    rights = {("r", True)}
    if write:
        rights.add(("w", True))
    if user:
        rights.add(("r", False))
        if write:
            rights.add(("w", False))
    for privileged, never in ((True, pxn or (user and write)), (False, uxn)):
        if not never and not (regime.wxn and ("w", privileged) in rights):
            rights.add(("x", privileged))
    return frozenset(rights)


def _pan_denies(
    regime: Stage1Regime, access: AccessKind, allowed: frozenset[tuple[str, bool]]
) -> bool:
    data = not access.fetch
    return regime.pan and access.privileged and data and ("r", False) in allowed


def _stage2_rights(descriptor: int) -> frozenset[tuple[str, bool]]:
    rights = set()
    for privileged in (False, True):
        if descriptor >> 6 & 1:
            rights.add(("r", privileged))
        if descriptor >> 7 & 1:
            rights.add(("w", privileged))
        execute = {0: True, 1: not privileged, 2: False, 3: privileged}[descriptor >> 53 & 3]
        if execute:
            rights.add(("x", privileged))
    return frozenset(rights)
