# SPDX-License-Identifier: Apache-2.0
"""`make plan`: which rules of the catalogue the tests cover, and which of these pass.

    python -m tb.tools.check_plan [--static] [--area AREA]

Reads tests/plan and the latest recorded results; runs no simulator. STRICT=1 of the environment:
exit 1 while a rule is not covered or not passing, and say which. --static (`make lint`) only checks
that the names in the plan exist. --area (or ONLY) shows the rules of one area one by one.
See docs/testplan.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sim import history
from sim.options import close_to
from tb.tools.gen_yaml import SpecError
from tb.tools.plan_file import PLAN_DIR, Plan, Testpoint, cases_named, read_plan

NOT_RUN, PASSED, FAILED = "not run", "passing", "failed"
FORMAL = "formal"  # node of the record of a proof: formal/<module>
WIDTH = 100


@dataclass
class Results:
    """Answers of the recorded results for the names a plan uses."""

    records: list[history.Record]
    by_node: dict[tuple[str, str], list[history.Record]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_node = defaultdict(list)
        for record in self.records:
            self.by_node[record.node.split("[")[0], record.inner].append(record)

    def _of_case(self, node: str, inner: str) -> tuple[str, list[history.Record]]:
        own = [r for r in self.by_node[node, inner] if r.state != "skipped"]
        bad = [r for r in own if r.state in ("failed", "error")]
        if inner:  # a function that ended early says nothing good of what is inside
            bad += [r for r in self.by_node[node, ""] if r.state == "error"]
        if bad:
            return FAILED, bad
        # each set of parameters has run as a whole somewhere; a part of it elsewhere does no harm
        passed = {r.node for r in own if r.state == "passed"}
        return (PASSED if passed and passed == {r.node for r in own} else NOT_RUN), own

    def of_test(self, name: str) -> tuple[str, list[history.Record]]:
        """State of a test, and the records that decide it; its worst parameters decide."""
        found = [self._of_case(case.node, inner) for case, inner in cases_named(name)]
        return self._worst(found)

    def of_property(self, name: str) -> tuple[str, list[history.Record]]:
        """State of a formal property: that of the proofs of its module."""
        return self._of_case(f"{FORMAL}/{name.partition('/')[0]}", "")

    @staticmethod
    def _worst(
        found: Iterable[tuple[str, list[history.Record]]],
    ) -> tuple[str, list[history.Record]]:
        order = (FAILED, NOT_RUN, PASSED)
        return min(found, key=lambda one: order.index(one[0]), default=(NOT_RUN, []))

    def of_point(self, point: Testpoint) -> str:
        """State of a testpoint: the worst of its tests and properties."""
        found = [self.of_test(name) for name in point.tests]
        return self._worst([*found, *(self.of_property(p) for p in point.properties)])[0]


@dataclass
class State:
    """A plan judged by results: the testpoints of every rule, the state of every testpoint."""

    plan: Plan
    results: Results

    def __post_init__(self) -> None:
        self.points: dict[str, list[Testpoint]] = defaultdict(list)
        for point in self.plan.testpoints:
            for rule in point.rules:
                self.points[rule].append(point)
        self.of_point = {p.place: self.results.of_point(p) for p in self.plan.testpoints}

    def of_rule(self, rule: str) -> str:
        """`not covered`, or the worst state of its testpoints."""
        states = {self.of_point[p.place] for p in self.points.get(rule, [])}
        return next((s for s in (FAILED, NOT_RUN, PASSED) if s in states), "not covered")

    def counts(self, area: str = "") -> tuple[int, int, int]:
        """(rules, covered, passing) of an area, or of all."""
        states = [
            self.of_rule(rule.id)
            for rule in self.plan.catalogue.rules.values()
            if area in ("", rule.area)
        ]
        uncovered = states.count("not covered")
        return len(states), len(states) - uncovered, states.count(PASSED)


# ---- printing ---------------------------------------------------------------------------------


def table(state: State) -> Iterator[str]:
    """One line an area."""
    features = state.plan.catalogue.features
    wide = max(len(text) for text in features.values())

    def line(area: str, feature: str, *columns: object) -> str:
        cells = "".join(f"{column:>10}" for column in columns)
        return f"{area:<4} {feature:<{wide}}{cells}"

    yield line("area", "feature", "rules", "covered", "passing", "missing")
    for area, feature in features.items():
        rules, covered, passing = state.counts(area)
        yield line(area, feature, rules, covered, passing, rules - covered)


def details(state: State, area: str) -> Iterator[str]:
    """One line a rule of an area, and one a testpoint below it."""
    for rule in state.plan.catalogue.rules.values():
        if rule.area != area:
            continue
        yield f"{rule.id} {state.of_rule(rule.id):<12}{rule.section:<10} {rule.title}"
        for point in state.points.get(rule.id, []):
            yield f"        {state.of_point[point.place]:<12}{point.place}"


def missing(state: State) -> Iterator[str]:
    """The rules nobody covers and the tests that do not pass."""
    for area in state.plan.catalogue.features:
        rules = [r.id for r in state.plan.catalogue.rules.values() if r.area == area]
        bare = [rule for rule in rules if state.of_rule(rule) == "not covered"]
        if bare:
            yield from textwrap.wrap(
                f"not covered {' '.join(bare)}", WIDTH, subsequent_indent=" " * 12,
                break_on_hyphens=False,
            )  # fmt: skip
    named: dict[str, tuple[str, list[history.Record]]] = {}
    for point in state.plan.testpoints:
        named |= {name: state.results.of_test(name) for name in point.tests}
        named |= {name: state.results.of_property(name) for name in point.properties}
    bad = {r.key: r for result, records in named.values() if result == FAILED for r in records}
    for _, r in sorted(bad.items()):
        node = r.node.rsplit("::", 1)[-1]
        where = f"{node}/{r.inner}" if r.inner else node
        yield f"failed      {where} SIM={r.sim} CONFIG={r.config} SEED={r.seed}"
    yield from sorted(f"not run     {n}" for n, (result, _) in named.items() if result == NOT_RUN)


def report(plan: Plan, records: list[history.Record], strict: bool, area: str = "") -> int:
    """Print the state of a plan without mistakes; the exit code."""
    state = State(plan, Results(records))
    rules, covered, passing = state.counts()
    print("\n".join([*table(state), ""]))
    if area:
        print("\n".join([*details(state, area), ""]))
    if strict:
        print("\n".join([*missing(state), ""]))
    print(f"M1 covered {covered} / {rules}, passing {passing}")
    return 1 if strict and passing < rules else 0


def main(argv: list[str] | None = None, folder: Path = PLAN_DIR) -> int:
    """Check the plan, print its state."""
    parser = argparse.ArgumentParser(prog="python -m tb.tools.check_plan", description=__doc__)
    parser.add_argument("--static", action="store_true", help="only check the names")
    parser.add_argument("--area", default=os.environ.get("ONLY", "").strip())
    args = parser.parse_args(argv)
    try:
        plan = read_plan(folder)
        if args.area and not args.static and args.area not in plan.catalogue.features:
            near = close_to(args.area, [*plan.catalogue.features])
            plan.mistakes.append(f"no area {args.area}; close: {near}")
    except SpecError as err:
        print(f"plan: {str(err).replace(f'{folder}/', '')}")
        return 1
    for mistake in plan.mistakes:
        print(f"plan: {mistake}")
    code = 0
    if not args.static:
        strict = os.environ.get("STRICT", "").strip() not in ("", "0")
        code = report(plan, history.latest(), strict, args.area)
    return 1 if plan.mistakes else code


if __name__ == "__main__":
    sys.exit(main())
