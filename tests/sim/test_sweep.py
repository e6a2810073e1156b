# SPDX-License-Identifier: Apache-2.0
"""The sweep of `make synth SWEEP=1`: mapping only what is new gives the same areas; its page."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from sim import sweep, sweep_page
from sim import synth_flow as flow
from sim.options import BUILD_ROOT, ROOT, OptionError

RESULT = {
    "rtl": "0123456789abcdef",
    "base": {"TBU_SLOTS": 8, "NUM_TBU": 1},
    "points": [
        {"parameter": "TBU_SLOTS", "value": 8, "lut4": 100, "ff": 50, "ram_bits": 7},
        {"parameter": "TBU_SLOTS", "value": 16, "lut4": 180, "ff": 60, "ram_bits": 9},
        {"parameter": "NUM_TBU", "value": 1, "lut4": 100, "ff": 50, "ram_bits": 7},
    ],
}


def test_sweep_mapping_what_is_new_is_mapping_all() -> None:
    """The main TLB with twice the sets, mapped alone and after the smaller one."""
    folder = BUILD_ROOT / "synth-tests" / "sweep"
    small = flow.of_tree("smmu_tlb", "tiny", folder)
    large = replace(small, params={"SETS": 128, "SET_W": 7})
    first, second = sweep.hierarchies([small, large])
    known = sweep.map_new(small, first, {})
    alone = sweep.map_new(large, second, {})
    known.pop("smmu_tlb")
    beside = known | sweep.map_new(large, second, known)
    assert set(alone) & set(known), "the two designs share no module"
    assert sweep.total(large, second, beside) == sweep.total(large, second, alone)
    assert (
        sweep.total(large, second, alone)["ram_bits"]
        > (sweep.total(small, first, known)["ram_bits"])
    )


def test_sweep_points_start_from_the_base() -> None:
    params = flow.of_tree(sweep.TOP, sweep.BASE, ROOT).params
    for name, values in sweep.POINTS.items():
        assert params[name] in values and list(values) == sorted(values)
        assert {value / params[name] for value in values} <= set(sweep_page.FACTORS)
    assert sweep.points("NUM_TBU") == [("NUM_TBU", 1), ("NUM_TBU", 2), ("NUM_TBU", 4)]
    with pytest.raises(OptionError, match="no sweep of NUM_TBUS; close: NUM_TBU"):
        sweep.points("NUM_TBUS")


def test_sweep_section_is_replaced_in_its_page() -> None:
    section = sweep_page.section(RESULT)
    assert "| TBU_SLOTS | **8** | 100 | 50 | 7 | - |" in section
    assert "| TBU_SLOTS | 16 | 180 | 60 | 9 | 10.0 |" in section
    page = sweep_page.replaced("# Title\n\ntext\n", None)
    assert page.startswith("# Title\n\ntext\n\n## How cost grows\n") and "SWEEP=1" in page
    page = sweep_page.replaced(page + "\n## After\n", RESULT)
    assert page == f"# Title\n\ntext\n\n{section}\n## After\n"


def test_sweep_plot_is_the_same_each_time() -> None:
    plot = sweep_page.plot(RESULT)
    assert plot == sweep_page.plot(json.loads(json.dumps(RESULT)))
    text = "".join(ElementTree.fromstring(plot).itertext())
    assert "TBU_SLOTS = 8" in text and "NUM_TBU = 1" in text
    assert "<script" not in plot and "http://" not in plot.replace("http://www.w3.org", "")
