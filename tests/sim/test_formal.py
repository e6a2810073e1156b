# SPDX-License-Identifier: Apache-2.0
"""A broken property, a broken design and an unreached cover must each make `make formal` fail."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim import formal, history, sources
from sim.options import ROOT, OptionError

COUNTER = """
// Module : tiny_counter
module tiny_counter (input wire clk_i, input wire rst_ni, input wire up_i);
    reg [2:0] count_q;
    always @(posedge clk_i)
        if (!rst_ni) count_q <= 3'd0;
        else if (up_i && count_q != 3'd5) count_q <= count_q + 3'd1;
`ifdef FORMAL
    initial assume (!rst_ni);
    reg past_q = 1'b0;
    always @(posedge clk_i) past_q <= 1'b1;
    // P1: it stays in its range
    always @(*) if (past_q) assert (count_q <= 3'd5);
    // P2: planted
    always @(*) if (past_q) assert (count_q != 3'd{never});
    // C1: planted
    always @(*) if (past_q) cover (count_q == 3'd{reached});
`endif
endmodule
"""


def tiny(folder: Path, never: int, reached: int) -> formal.Proof:
    file = folder / "tiny_counter.v"
    file.write_text(COUNTER.replace("{never}", str(never)).replace("{reached}", str(reached)))
    return formal.Proof("tiny_counter", "test", {"prove": 8, "cover": 10}, file=file)


def test_formal_passes_what_holds(tmp_path: Path) -> None:
    verdicts = formal.run(tiny(tmp_path, never=6, reached=5), tmp_path)
    assert all(verdict.ok for verdict in verdicts)
    assert "PROVED   tiny_counter P1 P2, k = 8" in verdicts[0].line
    assert "COVERED  tiny_counter C1, depth 10" in verdicts[1].line


def test_formal_names_a_broken_property(tmp_path: Path) -> None:
    prove, _ = formal.run(tiny(tmp_path, never=3, reached=5), tmp_path)
    assert not prove.ok
    assert "FAILED   tiny_counter prove: P2 (tiny_counter.v:" in prove.line
    trace = prove.line.partition("trace ")[2].partition(" (")[0]
    assert trace.endswith(".vcd") and (ROOT / trace).is_file()


def test_formal_names_an_unreached_cover(tmp_path: Path) -> None:
    _, cover = formal.run(tiny(tmp_path, never=6, reached=6), tmp_path)
    assert not cover.ok and "FAILED   tiny_counter cover: C1 (tiny_counter.v:" in cover.line


@pytest.mark.parametrize(
    ("module", "old", "new", "label"),
    [
        ("util_skid", "if (!held_q) data_q <= in_data_i;", "data_q <= in_data_i;", "P2"),
        (
            "smmu_stall_table",
            "pub_stag_i == {gen_q[j*8 +: 8], j[7:0]}",
            "pub_stag_i[7:0] == j[7:0]",
            "P5",
        ),
    ],
)
def test_formal_notices_a_broken_design(
    tmp_path: Path, module: str, old: str, new: str, label: str
) -> None:
    text = sources.library()[module].read_text()
    assert text.count(old) == 1
    copy = tmp_path / f"{module}.v"
    copy.write_text(text.replace(old, new))
    (listed,) = formal.proofs(module)
    broken = dataclasses.replace(listed, file=copy, depths={"bmc": 8})
    (verdict,) = formal.run(broken, tmp_path)
    assert not verdict.ok and f"{label} ({module}.v:" in verdict.line


def test_formal_reports_what_does_not_build(tmp_path: Path) -> None:
    proof = tiny(tmp_path, never=6, reached=5)
    proof.path.write_text(proof.path.read_text().replace("count_q <= 3'd0;", "count_q <= nothing("))
    verdict = formal.run_task(proof, "prove", tmp_path)
    assert (
        not verdict.ok and "tiny_counter prove: " in verdict.line and "logfile.txt" in verdict.line
    )


def test_formal_reads_assumptions_of_the_module_alone() -> None:
    """A child's assumption would silence the faults of its user."""
    (proof,) = formal.proofs("smmu_cmd_fetch")
    script = formal._script(proof, "prove").splitlines()
    assert "read_verilog util_fifo_ram.v" in script
    formal_reads = [ln for ln in script if ln.startswith("read_verilog -formal")]
    assert formal_reads == ["read_verilog -formal smmu_cmd_fetch.v"]


def test_formal_list_is_whole() -> None:
    """Every module with properties is in the list, and numbers them without a gap."""
    with_properties = {
        path.stem for path in sources.rtl_files() if "`ifdef FORMAL" in path.read_text()
    }
    listed = formal.proofs()
    assert {proof.module for proof in listed} == with_properties
    for proof in listed:
        names = [*formal.properties(proof.path).values()]
        for kind in "PC":
            own = [name for name in names if name[0] == kind]
            assert own == [f"{kind}{n}" for n in range(1, len(own) + 1)] and own, proof.module


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"about": "x", "prove": 3}, "needs a depth of cover"),
        ({"about": "x", "prove": 3, "bmc": 3, "cover": 3}, "needs a depth of cover"),
        ({"about": "x", "prove": 3, "cover": 3, "params": {"WIDHT": 1}}, "no parameter WIDHT"),
        ({"prove": 3, "cover": 3}, "says nothing about"),
        ({"about": "x", "prove": "three", "cover": 3}, "are numbers"),
    ],
)
def test_formal_refuses_a_broken_row(row: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        formal._proof("util_skid", row)


def test_formal_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONLY picks a module, its result is recorded; an unknown name is one line and code 2."""

    def main(only: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sim.formal"], cwd=ROOT, env=os.environ | {"ONLY": only},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = main("util_reg2")
    assert done.returncode == 0 and "1 of 1 modules passed" in done.stdout
    (state,) = {r.state for r in history.latest() if r.node == "formal/util_reg2"}
    assert state == "passed"
    done = main("util_rag2")
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("formal: no proofs of util_rag2; close: util_reg2")
