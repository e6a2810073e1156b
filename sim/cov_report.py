# SPDX-License-Identifier: Apache-2.0
"""The page of `make cov`: one HTML file, no scripts, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sim.options import ROOT
from tb.env.coverage_rules import by_rule, rules_of

if TYPE_CHECKING:
    from sim.cov import Result, Source

STYLE = """
body { font: 14px sans-serif; margin: 2em; max-width: 80em }
table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: #f4f4f4 }
pre { font: 12px monospace; margin: 0 } .miss { background: #fcc } .hit { background: #e6f6e6 }
.waived { background: #fe9 } li.miss { list-style: square }
"""


def page(result: Result, summary: dict[str, float]) -> str:
    """The whole page."""
    rows = "".join(
        f"<tr><td>{escape(kind)}</td><td>{value:.2f} %</td></tr>" for kind, value in summary.items()
    )
    problems = "".join(f"<li class=miss>{escape(text)}</li>" for text in result.problems)
    return (
        "<!doctype html><meta charset=utf-8><title>Coverage</title>"
        f"<style>{STYLE}</style><h1>Coverage of hdl/smmu</h1><table>{rows}</table>"
        f"<ul>{problems}</ul><h2>Cases of the architecture</h2>{_functional(result)}"
        f"{_rules(result)}"
        f"<h2>Files</h2>{_table(result)}{''.join(_file(result, n) for n in result.files)}"
    )


def _share(flags: list[bool]) -> str:
    return f"{100 * sum(flags) / len(flags):.1f} %" if flags else ""


def _functional(result: Result) -> str:
    parts = []
    for name, bins in result.functional.items():
        flags = [hits > 0 for hits in bins.values()]
        items = "".join(
            f"<li class={'hit' if hits else 'miss'}>{escape(text)}: {hits} "
            f"<small>{' '.join(rules_of(name, text))}</small></li>"
            for text, hits in bins.items()
        )
        parts.append(
            f"<details{'' if all(flags) else ' open'}><summary>{escape(name)}: {_share(flags)} of "
            f"{len(flags)}</summary><ul>{items}</ul></details>"
        )
    return "".join(parts)


def _rules(result: Result) -> str:
    """Rules with the bins that come from them."""
    rows = "".join(
        f"<tr class={'hit' if hit == total else 'miss'}><td>{rule}<td>{hit} of {total}</tr>"
        for rule, (hit, total) in by_rule(result.functional).items()
    )
    return (
        f"<details><summary>{len(by_rule(result.functional))} rules have such cases</summary>"
        f"<table><tr><th>rule<th>cases hit</tr>{rows}</table></details>"
    )


def _table(result: Result) -> str:
    rows = "".join(
        f"<tr><td><a href='#{escape(name)}'>{escape(name)}</a></td>"
        f"<td>{_share(list(s.lines.values()))}</td><td>{_share(list(s.branches.values()))}</td>"
        f"<td>{_share(list(s.toggles.values()))}</td></tr>"
        for name, s in result.files.items()
    )
    return f"<table><tr><th>file<th>line<th>branch<th>toggle</tr>{rows}</table>"


def _file(result: Result, name: str) -> str:
    source: Source = result.files[name]
    lines = []
    for number, text in enumerate((ROOT / name).read_text().splitlines(), 1):
        kind = {True: "hit", False: "miss", None: ""}[source.lines.get(number)]
        reason = result.waived.get((name, number), "")
        if reason:
            kind = "waived"
        title = f" title='{escape(reason, quote=True)}'" if reason else ""
        lines.append(f"<pre class='{kind}'{title}>{number:5} {escape(text)}</pre>")
    still = sorted(what for what, hit in source.toggles.items() if not hit)
    quiet = (
        f"<details><summary>{len(still)} bits without a toggle</summary><pre>"
        + escape("\n".join(still))
        + "</pre></details>"
        if still
        else ""
    )
    return (
        f"<details id='{escape(name)}'><summary>{escape(name)}</summary>{''.join(lines)}{quiet}"
        "</details>"
    )
