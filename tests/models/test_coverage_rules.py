# SPDX-License-Identifier: Apache-2.0
"""Every functional bin comes from a rule of the catalogue, and names it."""

from __future__ import annotations

import yaml
from cocotb_coverage.coverage import coverage_db

from sim.options import ROOT
from tb.env import coverage  # noqa: F401  (registers the points)
from tb.env.coverage_rules import RULES, by_rule, rules_of


def points() -> dict[str, list[str]]:
    """Bins by point."""
    return {
        name.removeprefix("smmu."): list(item.detailed_coverage)
        for name, item in coverage_db.items()
        if name.startswith("smmu.")
    }


def test_every_bin_names_a_rule_that_exists() -> None:
    areas = yaml.safe_load((ROOT / "tests" / "plan" / "rules.yaml").read_text())["areas"]
    known = {rule for area in areas.values() for rule in area["rules"]}
    found = points()
    assert set(found) == set(RULES)
    for point, bins in found.items():
        for text in bins:
            rules = rules_of(point, text)
            assert rules, f"{point}: {text} names no rule"
            assert set(rules) <= known, f"{point}: {text}: {sorted(set(rules) - known)}"
    used = {
        rule for point, bins in found.items() for text in bins for rule in rules_of(point, text)
    }
    listed = {rule for phrases in RULES.values() for rules in phrases.values() for rule in rules}
    assert used == listed, f"phrases no bin has: {sorted(listed - used)}"


def test_phrases_are_whole_words() -> None:
    assert "TLB-016" not in rules_of("command", "TLBI_NH_VAA all single")
    assert rules_of("event", "F_ACCESS s1 IN stall") == (
        "EVQ-001", "EVQ-016", "FLT-003", "FLT-007",
    )  # fmt: skip
    assert by_rule({"sync": {"irq": 3, "msi": 0}})["CMD-027"] == (1, 2)
