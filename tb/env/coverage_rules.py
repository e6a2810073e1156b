# SPDX-License-Identifier: Apache-2.0
"""Which rules of the catalogue (tests/plan/rules.yaml) the functional cover points come from.

By point, phrases: a bin has the rules of every phrase it contains as whole words; the empty phrase
is in every bin. No simulator is needed to read this: `make cov` shows the rules beside the bins.
"""

from __future__ import annotations

import re

Phrases = dict[str, tuple[str, ...]]

_GRANULES: Phrases = {"4K": ("VM1-003",), "16K": ("VM1-004",), "64K": ("VM1-005",)}

RULES: dict[str, Phrases] = {
    "command": {
        "": ("CMD-001",), "illegal": ("CMD-004",), "PREFETCH_CONFIG": ("CMD-014",),
        "PREFETCH_ADDR": ("CMD-015",), "CFGI_STE": ("CMD-016", "CMD-017"),
        "CFGI_STE_RANGE": ("CMD-019",), "CFGI_ALL": ("CMD-020",), "CFGI_CD": ("CMD-021",),
        "CFGI_CD_ALL": ("CMD-024",), "TLBI_NH_ALL": ("TLB-014",), "TLBI_NH_ASID": ("TLB-015",),
        "TLBI_NH_VA": ("TLB-016",), "TLBI_NH_VAA": ("TLB-017",), "TLBI_S2_IPA": ("TLB-024",),
        "TLBI_S12_VMALL": ("TLB-026",), "TLBI_NSNH_ALL": ("TLB-027",), "STALL_TERM": ("RES-017",),
        "single": ("TLB-002",), "range": ("TLB-003",), "hint": ("TLB-006", "TLB-009"),
        "all": ("TLB-019",), "leaf": ("TLB-020",),
    },
    "sync": {
        "": ("CMD-027",), "none": ("CMD-028",), "irq": ("CMD-030",), "msi": ("CMD-029",),
        "sev": ("CMD-032",),
    },
    "resume": {
        "": ("RES-001",), "retry": ("RES-002",), "abort": ("RES-008",), "razwi": ("RES-007",),
        "stall_term": ("RES-017",),
    },
    "dvm": {
        "": ("DVM-001",), "sync": ("DVM-005",), "other": ("DVM-018",), "range": ("DVM-014",),
        "asid": ("DVM-012",), "vmid": ("DVM-012",), "va": ("DVM-019",), "ipa": ("DVM-019",),
    },
    "event": {
        "": ("EVQ-001",), "F_UUT": ("EVQ-003",), "C_BAD_STREAMID": ("EVQ-004",),
        "F_STE_FETCH": ("EVQ-005",), "C_BAD_STE": ("EVQ-006",), "F_STREAM_DISABLED": ("EVQ-008",),
        "C_BAD_SUBSTREAMID": ("EVQ-010",), "F_CD_FETCH": ("EVQ-011",), "C_BAD_CD": ("EVQ-012",),
        "F_WALK_EABT": ("EVQ-013",), "F_TRANSLATION": ("EVQ-014",), "F_ADDR_SIZE": ("EVQ-015",),
        "F_ACCESS": ("EVQ-016",), "F_PERMISSION": ("EVQ-017",), "s1 IN": ("FLT-007",),
        "s2 IN": ("NST-005",), "s2 TT": ("NST-004",), "s2 CD": ("NST-002",), "stall": ("FLT-003",),
        "terminate": ("FLT-002", "FLT-004"),
    },
    "configuration": {
        **_GRANULES, "TTB0": ("VM1-001",), "TTB1": ("VM1-001",), "s1": ("STE-007",),
        "s2": ("STE-008", "VM2-017"), "nested": ("NST-001", "TRN-050"), "bypass": ("STE-006",),
        "bypassed": ("STE-014",), "abort": ("STE-005",), "disabled bypass": ("ATT-006",),
        "disabled abort": ("ATT-008",),
    },
    "page_size": {
        **_GRANULES, "s1": ("VM1-009", "VM1-010"), "s2": ("VM2-010",), "nested": ("NST-013",),
    },
    "access": {
        "privileged": ("VM1-016",), "unprivileged": ("VM1-016",), "fetch": ("VM1-017",),
        "denied s1": ("EVQ-017",), "denied s2": ("VM2-011", "VM2-012"),
    },
    "fault_end": {
        "s1": ("FLT-002",), "s1 stall": ("FLT-003",), "s2": ("FLT-004",),
        "no-stall client": ("FLT-026",), "configuration": ("FLT-001",), "abort": ("FLT-010",),
        "razwi": ("FLT-010",),
    },
    "substream": {
        "given": ("TRN-004",), "absent CD0": ("STE-015",), "absent bypass": ("STE-014",),
        "absent disabled": ("STE-013",),
    },
    "output_type": {"": ("ATT-003",), "WB": ("ATT-020",), "Device": ("ATT-012",)},
}  # fmt: skip


def rules_of(point: str, text: str) -> tuple[str, ...]:
    """Rule ids of one bin of a point, sorted; none for a point this table does not know."""
    found: set[str] = set()
    for phrase, rules in RULES.get(point, {}).items():
        if re.search(rf"(?:^|\s){re.escape(phrase)}(?:\s|$)", text) or not phrase:
            found.update(rules)
    return tuple(sorted(found))


def by_rule(functional: dict[str, dict[str, int]]) -> dict[str, tuple[int, int]]:
    """{rule: (bins hit, bins)} over hits by point and bin."""
    counts: dict[str, tuple[int, int]] = {}
    for point, bins in functional.items():
        for text, hits in bins.items():
            for rule in rules_of(point, text):
                hit, total = counts.get(rule, (0, 0))
                counts[rule] = hit + (hits > 0), total + 1
    return dict(sorted(counts.items()))
