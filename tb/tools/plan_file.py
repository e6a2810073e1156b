# SPDX-License-Identifier: Apache-2.0
"""Reads the test plan: the catalogue of rules and the testpoints that cite them.

Every mistake is one line in `Plan.mistakes`; what is right besides stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim import selection, sources
from sim.options import ROOT, close_to
from tb.tools.gen_yaml import SpecError, check_keys, get_list, get_str, load_yaml

PLAN_DIR = ROOT / "tests" / "plan"
CATALOGUE = "rules.yaml"
WHOLE_SMMU = ("tests/smmu/", "tests/system/")  # where every test has its testpoint


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue: its section of the architecture document and what it is about."""

    id: str
    section: str
    title: str

    @property
    def area(self) -> str:
        """The part of the id before the number."""
        return self.id.partition("-")[0]


@dataclass(frozen=True)
class Catalogue:
    """The rules of milestone 1 by id, the features of their areas, and the ids left for later."""

    rules: dict[str, Rule]
    features: dict[str, str]
    later: frozenset[str]


@dataclass(frozen=True)
class Testpoint:
    """What one or more tests provoke and check, and the rules that asks for."""

    file: str
    name: str
    about: str
    rules: tuple[str, ...]
    tests: tuple[str, ...]
    properties: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}: {self.name}"


@dataclass
class Plan:
    """Everything tests/plan says, and what is wrong with it."""

    catalogue: Catalogue
    testpoints: list[Testpoint] = field(default_factory=list)
    infrastructure: dict[str, str] = field(default_factory=dict)  # test -> reason
    mistakes: list[str] = field(default_factory=list)


def cases_named(name: str) -> list[tuple[selection.PytestCase, str]]:
    """(function, cocotb test or empty) for `function` or `function/cocotb_test`."""
    outer, _, inner = name.partition("/")
    found = [case for case in selection.all_cases() if case.name == outer]
    if "/" not in name:
        return [(case, "") for case in found]
    return [(case, inner) for case in found if inner in case.inner]


def property_exists(name: str) -> bool:
    """True when the module of `module/P3` says `P3:` in a comment."""
    module, _, label = name.partition("/")
    path = sources.library().get(module)
    return bool(path and label and re.search(rf"//.*\b{re.escape(label)}\s*:", path.read_text()))


# ---- reading ----------------------------------------------------------------------------------


def _strings(node: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = get_list(node, key, where) if key in node else []
    if not all(isinstance(value, str) for value in values):
        raise SpecError(f"{where}.{key}: a list of names is wanted")
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise SpecError(f"{where}.{key}: {', '.join(twice)} stands twice")
    return tuple(values)


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue; SpecError for the first mistake (nothing can be checked without it)."""
    data = load_yaml(path)
    check_keys(data, path.name, ("areas", "later"))
    rules: dict[str, Rule] = {}
    features: dict[str, str] = {}
    for area, body in data["areas"].items():
        where = f"{path.name}: {area}"
        check_keys(body, where, ("feature", "rules"))
        features[area] = get_str(body, "feature", where)
        for name, row in body["rules"].items():
            if not (isinstance(row, list) and [*map(type, row)] == [str, str]):
                raise SpecError(f"{where}: {name}: [section, title] is wanted, both text")
            if not re.fullmatch(rf"{area}-\d{{3}}", name):
                raise SpecError(f"{where}: {name}: not the id of a rule of {area}")
            rules[name] = Rule(name, *row)
    return Catalogue(rules, features, frozenset(_strings(data, "later", path.name)))


def _testpoint(file: str, name: str, body: Any) -> Testpoint:
    where = f"{file}: {name}"
    check_keys(body, where, ("about", "rules"), ("tests", "properties"))
    point = Testpoint(
        file, name, get_str(body, "about", where),
        *(_strings(body, key, where) for key in ("rules", "tests", "properties")),
    )  # fmt: skip
    if not point.rules:
        raise SpecError(f"{where}: cites no rule")
    if not point.tests and not point.properties:
        raise SpecError(f"{where}: names no test and no property")
    return point


def _read_file(path: Path, plan: Plan) -> None:
    data = load_yaml(path)
    check_keys(data, path.name, ("feature",), ("testpoints", "infrastructure"))
    get_str(data, "feature", path.name)
    for key in ("testpoints", "infrastructure"):
        if not isinstance(data.get(key, {}), dict):
            raise SpecError(f"{path.name}.{key}: a mapping is wanted")
    for name, body in data.get("testpoints", {}).items():
        try:
            plan.testpoints.append(_testpoint(path.name, str(name), body))
        except SpecError as err:
            plan.mistakes.append(str(err))
    for name, reason in data.get("infrastructure", {}).items():
        if not isinstance(reason, str):
            plan.mistakes.append(f"{path.name}: infrastructure {name}: say why in one line")
        if not cases_named(str(name)):
            plan.mistakes.append(f"{path.name}: infrastructure: {_no_test(str(name))}")
        plan.infrastructure[str(name)] = str(reason)


# ---- checking ---------------------------------------------------------------------------------


def _no_test(name: str) -> str:
    cases = selection.all_cases()
    known = [case.name for case in cases]
    if "/" in name:
        known = [f"{case.name}/{inner}" for case in cases for inner in case.inner]
    return f"no test {name}; close: {close_to(name, known)}"


def _wrong_names(plan: Plan) -> Iterator[str]:
    catalogue = plan.catalogue
    for point in plan.testpoints:
        for rule in point.rules:
            if rule in catalogue.later:
                yield f"{point.place}: {rule} is a rule of milestone 2"
            elif rule not in catalogue.rules:
                yield f"{point.place}: no rule {rule}; close: {close_to(rule, [*catalogue.rules])}"
        for test in point.tests:
            if not cases_named(test):
                yield f"{point.place}: {_no_test(test)}"
        for name in point.properties:
            if not property_exists(name):
                yield f"{point.place}: no property {name} (its module says `// P1: what` above it)"


def _whole_names(names: Iterable[str]) -> set[str]:
    """`names`, and for a whole function all its cocotb tests."""
    found = set(names)
    for name in names:
        for case, inner in cases_named(name):
            found |= set() if inner else {f"{case.name}/{one}" for one in case.inner}
    return found


def _unclaimed(plan: Plan) -> Iterator[str]:
    cited = [test for point in plan.testpoints for test in point.tests]
    known = _whole_names([*cited, *plan.infrastructure])
    for case in selection.all_cases():
        if not case.path.startswith(WHOLE_SMMU):
            continue
        for name in [f"{case.name}/{inner}" for inner in case.inner] or [case.name]:
            if name not in known:
                yield f"{name}: no testpoint cites it, and it is not listed as infrastructure"


def read_plan(folder: Path = PLAN_DIR, claims: bool = True) -> Plan:
    """The plan of a folder; `claims`: every test of the whole SMMU must stand in it."""
    catalogue = read_catalogue(folder / CATALOGUE)
    plan = Plan(catalogue)
    for path in sorted(folder.glob("*.yaml")):
        if path.name == CATALOGUE:
            continue
        try:
            _read_file(path, plan)
        except SpecError as err:
            plan.mistakes.append(str(err).replace(f"{path.parent}/", ""))
    plan.mistakes += _wrong_names(plan)
    if claims:
        plan.mistakes += _unclaimed(plan)
    return plan
