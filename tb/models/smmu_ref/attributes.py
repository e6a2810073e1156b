# SPDX-License-Identifier: Apache-2.0
"""Memory attributes: decode, override, combine, put on the bus (rules ATT-*, MEM-002..006).

One allocation hint pair per transaction is kept.  Where MAIR gives different hints for the
inner and outer cache the outer one counts, because AMBA attributes are the outer ones
(ATT-001); both caches are Write-Back whenever a hint is visible downstream (ATT-003).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# AxDOMAIN codes
DOMAIN_NSH, DOMAIN_ISH, DOMAIN_OSH, DOMAIN_SYS = 0, 1, 2, 3

# Cacheability, weakest to strongest cache use; the smaller one wins a combination (ATT-022).
NC, WT, WB = 0, 1, 2

# Shareability, the bigger one wins a combination (ATT-023).
NSH, ISH, OSH = 0, 1, 2

# Device types by strength, the smaller one wins (ATT-021).
NGNRNE, NGNRE, NGRE, GRE = 0, 1, 2, 3

_CACHE_OF_CODE = {0b01: NC, 0b10: WT, 0b11: WB}
_SH_OF_FIELD = {0: NSH, 1: NSH, 2: OSH, 3: ISH}
_DOMAIN_OF_SH = {NSH: DOMAIN_NSH, ISH: DOMAIN_ISH, OSH: DOMAIN_OSH}
_SH_OF_DOMAIN = {DOMAIN_NSH: NSH, DOMAIN_ISH: ISH, DOMAIN_OSH: OSH, DOMAIN_SYS: OSH}


@dataclass(frozen=True)
class MemAttr:
    """A memory type.  ``device`` is None for Normal memory."""

    device: int | None = None
    inner: int = WB
    outer: int = WB
    sh: int = NSH
    ra: bool = True
    wa: bool = True
    transient: bool = False

    @property
    def cacheable(self) -> bool:
        """Normal memory that some cache may hold."""
        return self.device is None and (self.inner, self.outer) != (NC, NC)

    def consistent(self) -> MemAttr:
        """Device and iNC-oNC are Outer Shareable and carry no hints (ATT-005)."""
        if not self.cacheable:
            return replace(self, sh=OSH, ra=False, wa=False, transient=False)
        return self if self.ra or self.wa else replace(self, transient=False)


@dataclass(frozen=True)
class OutputAttrs:
    """Attribute pins of a translated transaction."""

    cache: int
    domain: int
    prot: int
    lock: bool


def incoming(cache: int, domain: int) -> MemAttr:
    """Type of an upstream transaction from AxCACHE and AxDOMAIN (ATT-001).

    Codes AMBA reserves (allocate bits without Modifiable) count by their allocate bits.
    """
    ra, wa = bool(cache & 0b0100), bool(cache & 0b1000)
    if not (ra or wa):
        if cache & 0b10:
            return MemAttr(None, NC, NC).consistent()
        return MemAttr(NGNRE if cache & 1 else NGNRNE).consistent()
    level = WB if cache & 1 else WT
    return MemAttr(None, level, level, _SH_OF_DOMAIN[domain], ra, wa)


def of_memattr(code: int, sh: int = OSH) -> MemAttr:
    """Type of a stage 2 style MemAttr code (ATT-010, ATT-027); hints default to allocate."""
    outer, inner = code >> 2 & 3, code & 3
    if outer == 0:
        return MemAttr(inner).consistent()
    if inner == 0:
        return MemAttr(NGNRNE).consistent()
    return MemAttr(None, _CACHE_OF_CODE[inner], _CACHE_OF_CODE[outer], sh).consistent()


def of_mair(byte: int, sh_field: int) -> MemAttr:
    """Type of a MAIR byte with a descriptor's SH field (CD-022, CD-023, ATT-027)."""
    outer, inner = byte >> 4, byte & 0xF
    if outer == 0:
        return MemAttr(inner >> 2).consistent()

    def cache(nibble: int) -> int:
        if nibble == 0b0100:
            return NC
        return WB if nibble & 0b0100 else WT

    hints = outer if outer != 0b0100 else inner
    attr = MemAttr(
        None,
        cache(inner),
        cache(outer),
        _SH_OF_FIELD[sh_field],
        ra=bool(hints & 0b10),
        wa=bool(hints & 0b01),
        transient=not hints & 0b1000,
    )
    return attr.consistent()


def of_walk_fields(inner: int, outer: int, sh: int) -> MemAttr:
    """Type from CD.{IR,OR,SH}x or STE.S2{IR,OR,SH}0 (CD-027, STE-035)."""
    levels = {0: NC, 1: WB, 2: WT, 3: WB}
    attr = MemAttr(None, levels[inner], levels[outer], _SH_OF_FIELD[sh], ra=True, wa=outer == 1)
    return attr.consistent()


def of_cd_fields(inner: int, outer: int, sh: int) -> MemAttr:
    """Type from STE.S1C{IR,OR,SH}; code 11 does not allocate (STE-016)."""
    levels = {0: NC, 1: WB, 2: WT, 3: WB}
    hint = outer != 3
    attr = MemAttr(None, levels[inner], levels[outer], _SH_OF_FIELD[sh], ra=hint, wa=hint)
    return attr.consistent()


def of_cr1_fields(inner: int, outer: int, sh: int, allocate: int) -> MemAttr:
    """Type from CR1.TABLE_* or QUEUE_*, with the RA or WA bit of the base (ATT-030, ATT-031)."""
    levels = {0: NC, 1: WB, 2: WT, 3: NC}
    hint = bool(allocate)
    attr = MemAttr(None, levels[inner], levels[outer], _SH_OF_FIELD[sh], ra=hint, wa=hint)
    return attr.consistent()


def override(attr: MemAttr, cfg: object) -> MemAttr:
    """Apply MTCFG/MemAttr, ALLOCCFG and SHCFG of a decoded STE or GBPA (ATT-006..014)."""
    result = attr
    if cfg.mtcfg:
        wanted = of_memattr(cfg.memattr)
        result = replace(attr, device=wanted.device, inner=wanted.inner, outer=wanted.outer)
        if wanted.cacheable and not attr.cacheable:
            # Types without hints count as allocating, non-transient, OSH (ATT-013).
            result = replace(result, ra=True, wa=True, transient=False, sh=OSH)
    if cfg.alloccfg & 0b1000:
        result = replace(
            result,
            ra=bool(cfg.alloccfg & 0b0100),
            wa=bool(cfg.alloccfg & 0b0010),
            transient=bool(cfg.alloccfg & 0b0001),
        )
    if cfg.shcfg != 1:
        result = replace(result, sh=_SH_OF_FIELD[cfg.shcfg])
    return result.consistent()


def stage1_result(attr: MemAttr, descriptor: MemAttr) -> MemAttr:
    """Stage 1 replaces all but the hints, which combine if the input has any (ATT-019, 020)."""
    if not attr.cacheable:
        return descriptor
    return replace(
        descriptor,
        ra=descriptor.ra and attr.ra,
        wa=descriptor.wa and attr.wa,
        transient=descriptor.transient or attr.transient,
    ).consistent()


def combine(attr: MemAttr, stage2: MemAttr) -> MemAttr:
    """Stage 2 weakens the type it receives and leaves the hints alone (ATT-021..025)."""
    if attr.device is not None or stage2.device is not None:
        types = [t for t in (attr.device, stage2.device) if t is not None]
        return MemAttr(min(types)).consistent()
    return replace(
        attr,
        inner=min(attr.inner, stage2.inner),
        outer=min(attr.outer, stage2.outer),
        sh=max(attr.sh, stage2.sh),
    ).consistent()


def of_stage2_leaf(descriptor: int) -> MemAttr:
    """Type of a stage 2 block or page."""
    return of_memattr(descriptor >> 2 & 0xF, _SH_OF_FIELD[descriptor >> 8 & 3])


def bus_cache(attr: MemAttr, rnw: bool) -> tuple[int, int]:
    """``(AxCACHE, AxDOMAIN)`` of a type (ATT-003, ATT-004, MEM-006)."""
    if attr.device is not None:
        return (0b0000 if attr.device == NGNRNE else 0b0001), DOMAIN_SYS
    if (attr.inner, attr.outer) != (WB, WB):
        return 0b0011, DOMAIN_SYS
    hints = attr.wa << 3 | attr.ra << 2
    if not hints:
        hints = 0b1000 if rnw else 0b0100
    return hints | 0b0011, _DOMAIN_OF_SH[attr.sh]


def output(attr: MemAttr, rnw: bool, priv: bool, inst: bool, lock: bool) -> OutputAttrs:
    """Pins of a forwarded transaction (ATT-017); a shareable exclusive loses its lock (ATT-033)."""
    cache, domain = bus_cache(attr, rnw)
    prot = int(inst and rnw) << 2 | 1 << 1 | int(priv)
    return OutputAttrs(cache, domain, prot, lock and domain in (DOMAIN_NSH, DOMAIN_SYS))
