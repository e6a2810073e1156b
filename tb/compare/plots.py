# SPDX-License-Identifier: Apache-2.0
"""Pictures of a comparison as SVG, for the report and for docs/; equal figures give equal files."""

from __future__ import annotations

import re
from typing import Any

import pygal
from pygal.style import Style

from tb.models.report import COLORS

LAYER_COLORS = {name: c for name, c in COLORS.items() if name != "hardware"} | {
    "user": "#9c755f",
    "bus": "#bab0ac",
}
LINE_COLORS = (
    "#4e79a7",
    "#f28e2b",
    "#e15759",
    "#76b7b2",
    "#59a14f",
    "#b07aa1",
    "#9c755f",
    "#222222",
)
# schemes that an operation costs the same share one line, as long as their figures are this close
SAME = 0.005

Result = dict[str, Any]


def rows_of(result: Result, operation: str, scheme: str) -> list[Result]:
    """Rows of an operation of a scheme, by size."""
    return [r for r in result["rows"] if (r["operation"], r["scheme"]) == (operation, scheme)]


def _style(colors: tuple[str, ...]) -> Style:
    return Style(
        background="white",
        plot_background="white",
        font_family="sans-serif",
        colors=colors,
        legend_font_size=13,
        title_font_size=16,
    )


def _svg(chart: Any, name: str) -> str:
    """Without scripts, dates and random names; ``name`` keeps styles apart on one page."""
    chart.uuid = name
    text = re.sub(r"<script.*?</script>|<!--.*?-->", "", chart.render(is_unicode=True), flags=re.S)
    return re.sub(r"^<\?xml[^>]*\?>\s*", "", text.strip()) + "\n"


def _grouped(result: Result, operation: str) -> list[tuple[str, list[float]]]:
    """(names of schemes, cycles per page by size); those that cost the same together."""
    groups: list[tuple[list[str], list[float]]] = []
    for scheme in result["schemes"]:
        values = [row["cycles"] / row["pages"] for row in rows_of(result, operation, scheme)]
        if not values:
            continue
        for names, known in groups:
            if all(abs(a - b) <= SAME * b for a, b in zip(values, known, strict=True)):
                names.append(scheme)
                break
        else:
            groups.append(([scheme], values))
    return [(", ".join(names), values) for names, values in groups]


def _ticks(low: float, high: float) -> list[int]:
    """1, 2 and 5 of each decade, from below ``low`` to above ``high``."""
    steps = [digit * 10**decade for decade in range(10) for digit in (1, 2, 5)]
    first = max(index for index, step in enumerate(steps) if step <= max(low, 1))
    last = min(index for index, step in enumerate(steps) if step >= high)
    return steps[first : last + 1]


def growth(result: Result, operation: str) -> str:
    """Cycles per page over the number of pages, one line for each scheme."""
    chart = pygal.Line(
        style=_style(LINE_COLORS),
        js=[],
        width=900,
        height=520,
        logarithmic=True,
        title=f"{operation}: cycles per page",
        x_title="pages in one operation",
        legend_at_bottom=True,
        legend_at_bottom_columns=1,
        truncate_legend=-1,
        dots_size=4,
    )
    chart.x_labels = [str(size) for size in result["sizes"]]
    groups = _grouped(result, operation)
    for names, values in groups:
        chart.add(names, [round(value, 1) for value in values])
    shown = [value for _, values in groups for value in values]
    chart.y_labels = _ticks(min(shown), max(shown))
    return _svg(chart, operation)


def layers(result: Result, operation: str, pages: int) -> str:
    """Which layer of software is how long busy with an operation, one bar for each scheme."""
    chart = pygal.HorizontalStackedBar(
        style=_style(tuple(LAYER_COLORS.values())),
        js=[],
        width=900,
        height=460,
        title=f"{operation}, one at a time: cycles per page that each layer is busy",
        legend_at_bottom=True,
        legend_at_bottom_columns=4,
        truncate_legend=-1,
        truncate_label=-1,
    )
    found = [r for r in result["rows"] if (r["operation"], r["pages"]) == (operation, pages)][::-1]
    chart.x_labels = [row["scheme"] for row in found]
    for layer in LAYER_COLORS:
        chart.add(layer, [round(row["busy"].get(layer, 0) / pages) for row in found])
    return _svg(chart, f"{operation}-layers")


def pictures(result: Result) -> dict[str, str]:
    """File name -> SVG; the fault by layers at the smallest size."""
    out = {f"vsva-{name}.svg": growth(result, name) for name in result["operations"]}
    out["vsva-fault-layers.svg"] = layers(result, "fault", result["sizes"][0])
    return out
