# SPDX-License-Identifier: Apache-2.0
"""The comparison as a self-contained HTML page: pictures, one table, growth, doubled costs."""

from __future__ import annotations

import html
from typing import Any

from tb.compare.plots import pictures
from tb.models.report import STYLE

MORE_STYLE = """
#figures td,#growth td,#costs td:nth-child(-n+3),th{white-space:nowrap}
td[colspan]{text-align:left}tr.first td{border-top:2px solid #888}
.pictures svg{max-width:100%;height:auto}.note{color:#555}
"""
Result = dict[str, Any]
# heading -> figure of a row
COLUMNS = {
    "cycles": "cycles",
    "exits": "exits",
    "commands": "commands",
    "invalidations": "invalidations",
    "memory reads": "memory_reads",
    "bytes copied": "bytes_copied",
    "ioctls": "ioctls",
    "interrupts": "interrupts",
    "cycles, costs x2": "doubled",
    "ratio": "ratio",
}


def _cell(text: object, **data: object) -> str:
    attributes = "".join(f" data-{name}='{html.escape(str(v))}'" for name, v in data.items())
    return f"<td{attributes}>{html.escape(str(text))}</td>"


def _table(name: str, head: list[str], rows: list[str]) -> str:
    cells = "".join(f"<th>{html.escape(title)}</th>" for title in head)
    return (f"<div class='wrap'><table id='{name}'><thead><tr>{cells}</tr></thead><tbody>"
            f"{''.join(rows)}</tbody></table></div>")  # fmt: skip


def _main_table(result: Result) -> str:
    """All rows; what a scheme does not have is one row with the reason."""
    rows = []
    for operation in result["operations"]:
        for scheme in result["schemes"]:
            found = [
                r for r in result["rows"] if (r["operation"], r["scheme"]) == (operation, scheme)
            ]
            for index, row in enumerate(found):
                key = {"scheme": scheme, "operation": operation, "pages": row["pages"]}
                cells = [_cell(operation), _cell(scheme), _cell(row["pages"])]
                cells += [_cell(row[what], what=what, **key) for what in COLUMNS.values()]
                cells.insert(4, _cell(f"{row['cycles'] / row['pages']:.0f}"))
                rows.append(f"<tr{' class=first' if not index else ''}>{''.join(cells)}</tr>")
            if not found:
                why = html.escape(result["missing"][scheme][operation])
                rows.append(f"<tr class='first'>{_cell(operation)}{_cell(scheme)}<td>-</td>"
                            f"<td colspan='{len(COLUMNS) + 1}'>none: {why}</td></tr>")  # fmt: skip
    head = ["operation", "scheme", "pages", *COLUMNS]
    head.insert(4, "cycles a page")
    return _table("figures", head, rows)


def _growth(result: Result) -> str:
    rows = []
    for each in result["growth"]:
        key = {"scheme": each["scheme"], "operation": each["operation"]}
        cells = [_cell(each["operation"]), _cell(each["scheme"])]
        cells += [_cell(each[what], what=what, **key) for what in ("fixed", "per_page", "exponent")]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = ["operation", "scheme", "fixed cycles", "cycles for one page more", "exponent"]
    return _table("growth", head, rows)


def _rtl(result: Result) -> str:
    if result["rtl"] is None:
        return "<p>Not run: <code>make compare RTL=1</code>.</p>"
    columns = {
        "scheme": "scheme", "operation": "operation", "pages": "pages", "cycles": "cycles, RTL",
        "standin_cycles": "cycles, stand-in", "memory_reads": "memory reads, RTL",
        "standin_memory_reads": "memory reads, stand-in", "differs": "counts that differ",
    }  # fmt: skip
    rows = [f"<tr>{''.join(_cell('none' if row[key] == '' else row[key]) for key in columns)}</tr>"
            for row in result["rtl"]]  # fmt: skip
    return _table("rtl", list(columns.values()), rows)


def page(result: Result) -> str:
    """The whole page."""
    costs = result["overlay"] or "tb/models/costs.yaml"
    schemes = [f"<tr>{_cell(name)}<td style='text-align:left'>{html.escape(about)}</td></tr>"
               for name, about in result["schemes"].items()]  # fmt: skip
    meanings = [f"<tr>{_cell(name)}<td style='text-align:left'>{html.escape(about)}</td></tr>"
                for name, about in (result["operations"] | result["figures"]).items()]  # fmt: skip
    cost_rows = [f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in result["costs"]]
    return "\n".join([
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Schemes compared</title><style>{STYLE}{MORE_STYLE}</style>",
        "<h1>Sharing addresses with a device: the schemes compared</h1>",
        f"<p>Measured from the counters of the models on {html.escape(result['hardware'])}, at "
        f"{result['clock_mhz']} MHz, one operation at a time, costs without jitter. Costs of "
        f"software: <b id='costs-file'>{html.escape(costs)}</b>. Memory reads are those of a walk "
        "without any cache of tables; the RTL has such caches.</p>",
        "<h2>Schemes</h2>", _table("schemes", ["scheme", "what it is"], schemes),
        "<h2>Words</h2>", _table("words", ["word", "what it means"], meanings),
        "<h2>How cost grows</h2><div class='pictures'>", *pictures(result).values(), "</div>",
        "<p class='note'>fixed + pages x (cycles for one page more), from the two largest sizes; "
        "exponent: 0 is constant, 1 is linear.</p>",
        _growth(result),
        "<h2>All figures</h2>",
        "<p class='note'>The last two columns: the same with all software costs doubled. A ratio "
        "of 2 rests on the costs alone; what is below 2 is hardware. Counts are structure: they do "
        "not change with the costs.</p>",
        _main_table(result),
        "<h2>The same counts on the RTL</h2>", _rtl(result),
        "<h2>Costs of software</h2>",
        _table("costs", ["step", "layer", "cycles", "source"], cost_rows),
        "</html>", "",
    ])  # fmt: skip
