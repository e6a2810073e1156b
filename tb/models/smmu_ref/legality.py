# SPDX-License-Identifier: Apache-2.0
"""STE and CD legality under the milestone 1 ID registers (rules STE-*, CD-*, VM2-001..004).

Both functions return the reason as text with a rule id, or None when the structure is legal.
Fields that the configuration does not use are never looked at (TRN-013, TRN-014).
"""

from __future__ import annotations

from tb.models.layout import Record
from tb.models.smmu_ref.types import SmmuConfig

MAX_ADDRESS_BITS = 48
_SIZES = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48}
_BASE_BITS = (1 << 52) - 1

TG_SHIFT = {0: 12, 1: 16, 2: 14}
TG1_SHIFT = {1: 14, 2: 12, 3: 16}


def size_bits(code: int, config: SmmuConfig) -> int:
    """Effective size of an IPS or S2PS code: never above OAS (CD-011, STE-027)."""
    return min(_SIZES.get(code, config.oas), config.oas)


def s1_enabled(ste: Record) -> bool:
    """STE.Config[0]."""
    return bool(ste.config & 1)


def s2_enabled(ste: Record) -> bool:
    """STE.Config[1]."""
    return bool(ste.config & 2)


def stage2_start_level(page_shift: int, sl0: int) -> int | None:
    """Start level of STE.S2SL0; None for codes reserved while STT=0 and DS=0 (VM2-001..003)."""
    if sl0 == 3:
        return None
    return (2 if page_shift == 12 else 3) - sl0


def stage2_geometry_legal(page_shift: int, t0sz: int, sl0: int, oas: int) -> bool:
    """S2T0SZ, S2SL0 and S2TG are consistent (STE-024, STE-025, VM2-001..004)."""
    level = stage2_start_level(page_shift, sl0)
    if level is None or not 16 <= t0sz <= 39 or t0sz < 64 - oas:
        return False
    # VM2-004: the longest walks exist only for large physical addresses.
    least = {(12, 0): 44, (14, 1): 42, (16, 1): 44}.get((page_shift, level), 0)
    if oas < least:
        return False
    per_level = page_shift - 3
    lowest = page_shift + per_level * (3 - level)
    index_bits = 64 - t0sz - lowest
    # Up to 16 concatenated tables, except where a longer walk would be the plain choice (level 0).
    limit = per_level if level == 0 else per_level + 4
    return 0 < index_bits <= limit


def ste_illegal(ste: Record, config: SmmuConfig) -> str | None:
    """Why the STE is ILLEGAL; only for V=1 and Config=1xx."""
    if s1_enabled(ste):
        if ste.s1cdmax > config.ssid_bits:
            return "S1CDMax above SSIDSIZE (STE-011)"
        if ste.s1contextptr >> config.oas:
            return "S1ContextPtr beyond OAS (TRN-021)"
    if s2_enabled(ste):
        return _stage2_illegal(ste, config)
    return None


def _stage2_illegal(ste: Record, config: SmmuConfig) -> str | None:
    if not ste.s2aa64:
        return "S2AA64=0 (STE-028)"
    if ste.s2endi:
        return "S2ENDI=1 (STE-028)"
    if ste.s2ha or ste.s2hd:
        return "S2HA or S2HD with HTTU=0 (STE-032)"
    page_shift = TG_SHIFT.get(ste.s2tg)
    if page_shift is None:
        return "S2TG reserved (STE-026)"
    if not stage2_geometry_legal(page_shift, ste.s2t0sz, ste.s2sl0, config.oas):
        return "S2T0SZ, S2SL0, S2TG inconsistent (STE-025)"
    if (ste.s2ttb & _BASE_BITS) >> size_bits(ste.s2ps, config):
        return "S2TTB beyond S2PS (STE-029)"
    return None


def cd_illegal(cd: Record, ste: Record, config: SmmuConfig) -> str | None:
    """Why the CD is ILLEGAL when reached through ``ste``; V is checked here too."""
    if not cd.v:
        return "CD.V=0 (CD-002)"
    if not cd.aa64:
        return "AA64=0 (CD-004)"
    if cd.s and ste.s1stalld:
        return "S=1 with S1STALLD=1 (CD-020)"
    if cd.endi and not (cd.epd0 and cd.epd1):
        return "ENDI=1 (CD-010)"
    if cd.ha or cd.hd:
        return "HA or HD with HTTU=0 (CD-012)"
    ips = size_bits(cd.ips, config)
    halves = (
        (cd.epd0, cd.t0sz, cd.tg0 in TG_SHIFT, cd.ttb0),
        (cd.epd1, cd.t1sz, cd.tg1 in TG1_SHIFT, cd.ttb1),
    )
    for half, (disabled, tsz, granule_exists, ttb) in enumerate(halves):
        if disabled:
            continue
        if not 16 <= tsz <= 39:
            return f"T{half}SZ out of range (CD-005)"
        if not granule_exists:
            return f"TG{half} reserved (CD-007)"
        if (ttb & _BASE_BITS) >> ips:
            return f"TTB{half} beyond IPS (CD-008)"
    return None
