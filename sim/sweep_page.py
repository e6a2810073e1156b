# SPDX-License-Identifier: Apache-2.0
"""What docs/performance.md shows of a sweep of sim/sweep.py: a table and docs/sweep.svg."""

from __future__ import annotations

import json
import re
from typing import Any

import pygal
from pygal.style import Style

from sim.options import ROOT

DOCS = ROOT / "docs"
DATA, PLOT, PAGE = DOCS / "sweep.json", DOCS / "sweep.svg", DOCS / "performance.md"
BEGIN, END = "<!-- sweep -->", "<!-- end of sweep -->"
FACTORS = (0.5, 1, 2, 4, 8)


def _points(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in result["points"] if row["parameter"] == name]


def plot(result: dict[str, Any]) -> str:
    """LUT4 over the factor by which each parameter is more than that of the base."""
    style = Style(background="white", plot_background="white", font_family="sans-serif")
    # no random names, and below no scripts and no date: the same figures give the same file
    chart = pygal.Line(style=style, js=[], no_prefix=True, width=900, height=480,
                       title="LUT4 of the SMMU, one parameter of tiny changed at a time",
                       x_title="parameter, times its value in tiny", legend_at_bottom=True,
                       legend_at_bottom_columns=3, show_minor_x_labels=True)  # fmt: skip
    chart.x_labels = ["1/2", "tiny", "2", "4", "8"]
    for name, base in result["base"].items():
        values = {row["value"] / base: row["lut4"] for row in _points(result, name)}
        chart.add(f"{name} = {base}", [values.get(factor) for factor in FACTORS])
    svg = chart.render(is_unicode=True)
    return re.sub(r"<script.*?</script>|<!--.*?-->", "", svg, flags=re.DOTALL) + "\n"


def section(result: dict[str, Any] | None) -> str:
    """The section of the page, between its marks; without figures it says how to get them."""
    head = ["## How cost grows", "", BEGIN]
    if result is None:
        return "\n".join([*head, "Not measured yet: `make synth SWEEP=1`.", END, ""])
    lines = [
        *head,
        f"Measured by `make synth SWEEP=1` on RTL {result['rtl']}: configuration `tiny`, one"
        " parameter changed at a time. LUT4 and flip-flops by Yosys for ECP5 with the hierarchy"
        " kept, before placement (carries and RAMs in LUTs come on top); RAM bits as the source"
        " has them.",
        "",
        "![LUT4 over the size of each parameter](sweep.svg)",
        "",
        "| parameter | value | LUT4 | flip-flops | RAM bits | LUT4 for one more |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, base in result["base"].items():
        before: dict[str, Any] | None = None
        for row in _points(result, name):
            each = "-"
            if before:
                each = f"{(row['lut4'] - before['lut4']) / (row['value'] - before['value']):.1f}"
            value = f"**{row['value']}**" if row["value"] == base else str(row["value"])
            lines.append(f"| {name} | {value} | {row['lut4']} | {row['ff']} | {row['ram_bits']} "
                         f"| {each} |")  # fmt: skip
            before = row
    return "\n".join([*lines, "", "Values of `tiny` in bold.", END, ""])


def committed() -> dict[str, Any] | None:
    """The sweep in the tree."""
    return json.loads(DATA.read_text()) if DATA.is_file() else None


def stale(rtl: str) -> str:
    """Why the committed sweep does not tell of this RTL; empty when it does."""
    result = committed()
    if result is None:
        return "docs/sweep.json is missing: make synth SWEEP=1"
    if result["rtl"] != rtl:
        return "docs/sweep.json was measured on another RTL: make synth SWEEP=1"
    return ""


def replaced(page: str, result: dict[str, Any]) -> str:
    """A page with its section made anew, or put at its end."""
    new = section(result)
    if BEGIN not in page:
        return f"{page.rstrip()}\n\n{new}"
    before, _, rest = page.partition("## How cost grows")
    _, _, after = rest.partition(f"{END}\n")
    return f"{before}{new}{after}"


def write(result: dict[str, Any]) -> None:
    """The data, the plot and the section of the page."""
    DATA.write_text(json.dumps(result, indent=1) + "\n")
    PLOT.write_text(plot(result))
    PAGE.write_text(replaced(PAGE.read_text(), result))
