# SPDX-License-Identifier: Apache-2.0
"""Transactors that break a protocol rule: the checker names the rule, and the test fails for it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sim import runner, sources
from sim.options import BUILD_ROOT, ROOT
from sim.results import explain
from tests.files import write_shared


@dataclass(frozen=True)
class Mutant:
    """``old`` becomes ``new`` in one module; ``says`` is what the failure must name."""

    module: str
    old: str
    new: str
    top: str
    test: str
    says: str


MUTANTS = {
    "w_before_aw": Mutant(
        "bfm_axi_master_wr", "wlate   = wdesc[`BFM_DS_WAFTER] &&", "wlate   = 1'b0 &&",
        "tb_bfm_axi", "bursts", "AXI rules broken: W_AHEAD",
    ),
    "rlast_wrong": Mutant(
        "bfm_axi_mem_rd", "beat == vec[`BFM_AX_LEN];", "beat == 8'd3;",
        "tb_bfm_axi", "bursts", "AXI rules broken: R_LAST",
    ),
    "ar_moves": Mutant(
        "bfm_axi_master_rd", "assign ar_vec_o   = vec_q;",
        "assign ar_vec_o   = vec_q ^ {{(`BFM_AX_W-13){1'b0}}, cycle_i[0], 12'd0};",
        "tb_bfm_axi", "bursts", "AXI rules broken: AR_STABLE",
    ),
    "b_before_w": Mutant(
        "tb_bfm_axil", "if (aw_q && w_q) begin", "if (aw_q) begin",
        "tb_bfm_axil", "registers", "AXI4-Lite rules broken: B_NONE",
    ),
    "ac_withdrawn": Mutant(
        "bfm_dvm", "assign dvm_acvalid = valid_q;", "assign dvm_acvalid = valid_q && cycle_q[0];",
        "bfm_dvm", "messages", "DVM rules broken: AC_STABLE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(MUTANTS))
def test_bfm_mutants(name: str) -> None:
    """The violation is caught, by its rule."""
    mutant = MUTANTS[name]
    files = sources.closure(mutant.top)
    (original,) = (path for path in files if path.stem == mutant.module)
    text = original.read_text()
    assert text.count(mutant.old) == 1, f"{original.relative_to(ROOT)}: the line to break is gone"
    broken = BUILD_ROOT / "broken" / name / original.name
    write_shared(broken, text.replace(mutant.old, mutant.new))
    built = runner.build(
        mutant.top, config=None, public=[mutant.module],
        sources=[broken if path == original else path for path in files],
    )  # fmt: skip
    module = "tests.unit.bfm_mutant_tests"
    result = runner.run(built, module=module, tests=mutant.test, check=False)
    assert not result.ok, f"{name} was not caught"
    said = explain(result)
    assert mutant.says in said, said


@pytest.mark.parametrize("top, test", [("tb_bfm_axi", "bursts"), ("tb_bfm_axil", "registers"),
                                       ("bfm_dvm", "messages")])  # fmt: skip
def test_bfm_unbroken(top: str, test: str) -> None:
    """The same traffic over the transactors as they are breaks no rule."""
    built = runner.build(top, config=None)
    runner.run(built, module="tests.unit.bfm_mutant_tests", tests=test)
