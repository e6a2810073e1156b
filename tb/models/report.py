# SPDX-License-Identifier: Apache-2.0
"""Report of a scenario: a text, a self-contained HTML page, a JSON file and a trace.

All figures are cycles of the SMMU clock; nothing in them depends on the machine that ran it,
so two runs with one seed give identical files.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from tb.models import trace

COLORS = {
    "hardware": "#4e79a7",
    "host-kernel": "#59a14f",
    "qemu": "#b07aa1",
    "kvm": "#e15759",
    "guest-kernel": "#f28e2b",
}
BAR_WIDTH, BAR_HEIGHT, LABEL_WIDTH = 900, 16, 190

STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1160px;color:#222}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.8em}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:2px 10px;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}
.ok{color:#2a7a2a;font-weight:600}.bad{color:#b00020;font-weight:600}
.key span{display:inline-block;width:11px;height:11px;margin:0 4px 0 14px}
.wrap{overflow-x:auto}svg text{font:11px system-ui,sans-serif}
"""


def text(result: dict[str, Any], faults: int = 3) -> str:
    """Terminal report; ``faults`` timelines are printed hop by hop."""
    lines = [
        f"{result['title']}: seed {result['seed']}, {result['cycles']} cycles at "
        f"{result['clock_mhz']} MHz",
        f"stalls resolved {result['stalls_resolved']}, aborted {result['stalls_aborted']}; "
        f"isolation violations {result['isolation_violations']}, "
        f"stale accesses {result['stale_accesses']}; "
        f"transactions of one queue done while the other was stalled "
        f"{result['overlapped_transactions']}",
        "",
    ]
    for fault in result["faults"][:faults]:
        way = "write" if fault["write"] else "read"
        lines.append(
            f"fault {fault['index']}: {fault['event']} pasid {fault['pasid']} {way} "
            f"{fault['addr']} {fault['outcome']}"
        )
        hops = list(fault["hops"].items())
        for index, (name, cycle) in enumerate(hops):
            leg = cycle - hops[index - 1][1] if index else 0
            lines.append(f"  {cycle:>9}  +{leg:<6} {name:<14} {result['path'][name]}")
    rest = len(result["faults"]) - faults
    if rest > 0:
        lines.append(f"  ... {rest} more in the report")
    lines += ["", f"{'leg':<32}{'layer':<14}{'min':>8}{'median':>8}{'max':>8}"]
    for name, leg in result["legs"].items():
        lines.append(
            f"{name:<32}{leg['layer']:<14}{leg['min']:>8}{leg['median']:>8}{leg['max']:>8}"
        )
    lines += ["", "share of fault time: " + _inline(result["fault_time_share_percent"], " %")]
    lines.append("totals: " + _inline(result["totals"], ""))
    lines += [f"ERROR: {error}" for error in result["errors"]]
    return "\n".join(lines)


def _inline(table: dict[str, Any], unit: str) -> str:
    return ", ".join(f"{name} {value}{unit}" for name, value in table.items())


def _bars(faults: list[dict[str, Any]], path: dict[str, str]) -> str:
    """One stacked bar per fault, all to one scale."""
    spans = [list(f["hops"].values()) for f in faults]
    longest = max((hops[-1] - hops[0] for hops in spans), default=1) or 1
    out = []
    for row, fault in enumerate(faults):
        hops, y = list(fault["hops"].items()), row * (BAR_HEIGHT + 4)
        label = f"{fault['index']}: pasid {fault['pasid']} {fault['addr']}"
        out.append(f"<text x='0' y='{y + 12}'>{html.escape(label)}</text>")
        for (_, start), (name, end) in zip(hops, hops[1:], strict=False):
            x = LABEL_WIDTH + (start - hops[0][1]) * BAR_WIDTH / longest
            width = (end - start) * BAR_WIDTH / longest
            out.append(
                f"<rect x='{x:.1f}' y='{y}' width='{max(width, 0.5):.1f}' height='{BAR_HEIGHT}' "
                f"fill='{COLORS[path[name]]}'><title>{name} +{end - start} "
                f"(cycle {end})</title></rect>"
            )
        if fault["outcome"] != "resolved":
            end = LABEL_WIDTH + (hops[-1][1] - hops[0][1]) * BAR_WIDTH / longest + 6
            out.append(f"<text x='{end:.1f}' y='{y + 12}'>{fault['outcome']}</text>")
    height = len(faults) * (BAR_HEIGHT + 4)
    width = LABEL_WIDTH + BAR_WIDTH + 70
    return (
        f"<div class='wrap'><svg width='{width}' height='{height}' role='img' "
        f"aria-label='time of each fault by layer'>{''.join(out)}</svg></div>"
    )


def _table(head: list[str], rows: list[list[Any]]) -> str:
    def row(cells: list[Any], tag: str) -> str:
        return (
            "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
        )

    return f"<table>{row(head, 'th')}{''.join(row(r, 'td') for r in rows)}</table>"


def page(result: dict[str, Any], costs: list[tuple[str, str, int, str]] = ()) -> str:
    """Self-contained HTML; ``costs`` rows are (step, layer, cycles, source)."""
    good = not result["errors"]
    verdict = "<span class='ok'>PASS</span>" if good else "<span class='bad'>FAIL</span>"
    key = "".join(f"<span style='background:{c}'></span>{n}" for n, c in COLORS.items())
    legs = [
        [name, leg["layer"], leg["min"], leg["median"], leg["max"]]
        for name, leg in result["legs"].items()
    ]
    hops = [
        [f["index"], f["event"], f["pasid"], f["addr"], "W" if f["write"] else "R", f["outcome"]]
        + [f["hops"].get(name, "") for name in result["path"]]
        for f in result["faults"]
    ]
    owners = [
        [owner, access, n]
        for owner, row in result["accesses_by_owner"].items()
        for access, n in row.items()
    ]
    checks = [
        ["stalls resolved", result["stalls_resolved"]],
        ["stalls aborted", result["stalls_aborted"]],
        ["isolation violations", result["isolation_violations"]],
        ["stale accesses", result["stale_accesses"]],
        ["overlapped transactions", result["overlapped_transactions"]],
    ]
    errors = "".join(f"<p class='bad'>{html.escape(e)}</p>" for e in result["errors"])
    shares = [[k, f"{v} %"] for k, v in result["fault_time_share_percent"].items()]
    title = html.escape(result["title"])
    busy = [[k, v] for k, v in result["software_busy_cycles"].items()]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>vSVA {title}</title><style>{STYLE}</style><h1>vSVA {title} {verdict}</h1>",
        f"<p>Seed {result['seed']}, {result['cycles']} cycles of a {result['clock_mhz']} MHz "
        f"SMMU clock. {html.escape(result['about'])}.</p>",
        errors,
        _table(["check", "value"], checks),
        f"<h2>Faults</h2><p class='key'>{key}</p>",
        _bars(result["faults"], result["path"]),
        "<h2>Legs (resolved faults)</h2>",
        _table(["leg", "layer", "min", "median", "max"], legs),
        "<h2>Share of fault time</h2>",
        _table(["layer", "share"], shares),
        "<h2>Cycles each layer was busy in the whole run</h2>",
        _table(["layer", "cycles"], busy),
        "<h2>Totals</h2>",
        _table(["what", "count"], [[k, v] for k, v in result["totals"].items()]),
        "<h2>Hops of each fault (cycle numbers)</h2><div class='wrap'>",
        _table(["#", "event", "pasid", "address", "", "outcome", *result["path"]], hops),
        "</div><h2>Memory accesses by owner of the page</h2>",
        _table(["owner", "access", "count"], owners),
        "<h2>Cost table</h2>",
        _table(["step", "layer", "cycles", "source"], [list(row) for row in costs]),
        "</html>",
    ]
    return "\n".join(parts)


def write(result: dict[str, Any], folder: Path, costs: list[tuple[str, str, int, str]]) -> None:
    """Write ``report.html``, ``result.json`` and ``trace.json`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in result.items() if name != "steps"}  # the trace's alone
    (folder / "result.json").write_text(json.dumps(kept, indent=1) + "\n")
    trace_text = json.dumps(trace.build(result, result.get("steps", ())))
    (folder / "trace.json").write_text(trace_text + "\n")
    (folder / "report.html").write_text(page(result, costs) + "\n")
