# SPDX-License-Identifier: Apache-2.0
"""The plan tool: broken plans are named in one line each, states follow the recorded results."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import history, selection, sources
from sim.history import Record
from sim.selection import PytestCase
from tb.tools import check_plan
from tb.tools.check_plan import FAILED, NOT_RUN, PASSED, Results, State
from tb.tools.plan_file import PLAN_DIR, read_catalogue, read_plan

RULES = """\
areas:
  AAA:
    feature: first area
    rules:
      AAA-001: ["1.1", one]
      AAA-002: ["1.2", two]
  BBB:
    feature: second area
    rules:
      BBB-001: ["2", three]
later: [AAA-009]
"""
POINT = "testpoints:\n  a_point:\n    about: what\n    rules: [AAA-001]\n    tests: [test_x/one]\n"
GOOD = "feature: things\n" + POINT
CASES = (
    PytestCase("tests/unit/test_x.py", "test_x", "", ("one", "two")),
    PytestCase("tests/unit/test_plain.py", "test_plain"),
    PytestCase("tests/smmu/test_whole.py", "test_whole", "", ("three", "four")),
    PytestCase("tests/smmu/test_bare.py", "test_bare"),
)
X, PLAIN = (case.node for case in CASES[:2])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(selection, "all_cases", lambda: CASES)
    for name in ("STRICT", "ONLY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("AAA-001", "AAA-01"), "p.yaml: a_point: no rule AAA-01; close: AAA-001"),
        (GOOD.replace("AAA-001", "AAA-009"), "p.yaml: a_point: AAA-009 is a rule of milestone 2"),
        (GOOD.replace("/one", "/onee"), "p.yaml: a_point: no test test_x/onee; close: test_x/one"),
        (GOOD.replace("test_x/one", "test_plan"), "no test test_plan; close: test_plain"),
        (GOOD.replace("test_x/one", "test_x/"), "no test test_x/"),
        (GOOD.replace("test_x/one", "'test_x[8]/one'"), "no test test_x[8]/one"),
        (GOOD.replace("[test_x/one]", "[]"), "a_point: names no test and no property"),
        (GOOD.replace("[AAA-001]", "[]"), "a_point: cites no rule"),
        (GOOD.replace("[AAA-001]", "[AAA-001, AAA-001]"), "AAA-001 stands twice"),
        (GOOD.replace("[AAA-001]", "AAA-001"), "a_point.rules: a list is wanted"),
        (GOOD.replace("about: what", "abuot: what"), "a_point: key 'about' is missing"),
        (GOOD.replace("    tests", "    test"), "a_point: unknown key 'test'"),
        (GOOD + POINT.partition("\n")[2], "p.yaml:7:3: not YAML: key 'a_point' stands twice"),
        (GOOD.replace("a_point:", "a_point"), "p.yaml:4:10: not YAML: "),
        (GOOD.replace("feature", "features"), "p.yaml: key 'feature' is missing"),
        ("feature: x\ntestpoints: [a]\n", "p.yaml.testpoints: a mapping is wanted"),
        ("feature: x\ntestpoints: {a: b}\n", "p.yaml: a: a mapping is wanted"),
        ("- a list\n", "p.yaml: a mapping is wanted at the top"),
        ("feature: x\ninfrastructure: {test_y: why}\n", "p.yaml: infrastructure: no test test_y"),
        ("feature: x\ninfrastructure: {test_x: }\n", "infrastructure test_x: say why in one line"),
        (GOOD + "    properties: [mod/P9]\n", "a_point: no property mod/P9"),
    ],
)
def test_plan_mistake_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    (folder / "p.yaml").write_text(text)
    mistakes = read_plan(folder, claims=False).mistakes
    assert len(mistakes) == 1 and says in mistakes[0]
    assert "\n" not in mistakes[0] and str(folder) not in mistakes[0]
    assert check_plan.main(["--static"], folder) == 1
    assert f"plan: {mistakes[0]}\n" in capsys.readouterr().out


def test_plan_mistakes_of_a_file_leave_the_others_readable(folder: Path) -> None:
    (folder / "bad.yaml").write_text("{")
    (folder / "good.yaml").write_text(GOOD)
    (folder / "more.yaml").write_text(GOOD.replace("[AAA-001]", "[AAA-002, CCC-001]"))
    plan = read_plan(folder, claims=False)
    assert [point.rules for point in plan.testpoints] == [("AAA-001",), ("AAA-002", "CCC-001")]
    assert [mistake.partition(":")[0] for mistake in plan.mistakes] == ["bad.yaml", "more.yaml"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "rules.yaml:"),
        (RULES.replace('["2", three]', "three"), "BBB-001: [section, title] is wanted"),
        (RULES.replace("BBB-001", "BBC-001"), "BBC-001: not the id of a rule of BBB"),
        (RULES.replace("later", "latter"), "rules.yaml: key 'later' is missing"),
    ],
)
def test_plan_broken_catalogue(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    (folder / "rules.yaml").write_text(text)
    assert check_plan.main([], folder) == 1
    out = capsys.readouterr().out
    assert out.startswith("plan: rules.yaml") and says in out and out.count("\n") == 1


def test_plan_wants_every_test_of_the_whole_smmu(folder: Path) -> None:
    (folder / "p.yaml").write_text(GOOD)
    missing = [mistake.partition(":")[0] for mistake in read_plan(folder).mistakes]
    assert missing == ["test_whole/three", "test_whole/four", "test_bare"]
    cited = GOOD.replace("[test_x/one]", "[test_whole/three]")
    (folder / "p.yaml").write_text(cited + "infrastructure: {test_bare: checks the bench}\n")
    assert [m.partition(":")[0] for m in read_plan(folder).mistakes] == ["test_whole/four"]
    (folder / "p.yaml").write_text(GOOD.replace("test_x/one", "test_whole, test_bare"))
    assert read_plan(folder).mistakes == []


def _state(*results: tuple[str, str, str], name: str = "test_x/one") -> str:
    records = [Record(node, inner, "verilator", "tiny", 1, state) for node, inner, state in results]
    return Results(records).of_test(name)[0]


@pytest.mark.usefixtures("folder")
def test_plan_state_of_a_test() -> None:
    assert _state() == NOT_RUN
    assert _state((X, "one", "passed")) == PASSED
    assert _state((X, "two", "passed")) == NOT_RUN
    assert _state((X, "one", "failed")) == FAILED
    # all parameters of the function count, other functions do not
    assert _state((f"{X}[8]", "one", "passed"), (f"{X}[9]", "one", "failed")) == FAILED
    assert _state((f"{X}[8]", "one", "passed"), (f"{X}s[9]", "one", "failed")) == PASSED
    # what failed outside the simulation leaves nothing proven
    assert _state((X, "one", "passed"), (X, "", "failed")) == PASSED
    assert _state((X, "one", "passed"), (X, "", "error")) == FAILED
    # a function as a whole needs a whole run
    assert _state((X, "", "passed"), name="test_x") == PASSED
    assert _state((X, "one", "passed"), (X, "", "partial"), name="test_x") == NOT_RUN
    # a part of it in another configuration does no harm; other parameters do not stand in
    part = (X, "", "partial")
    assert _state((X, "", "passed"), part, name="test_x") == PASSED
    assert _state((f"{X}[1]", "", "passed"), (f"{X}[2]", "", "partial"), name="test_x") == NOT_RUN
    assert _state((PLAIN, "", "skipped"), name="test_plain") == NOT_RUN
    assert _state((f"{PLAIN}[1]", "", "skipped"), (f"{PLAIN}[2]", "", "passed"),
                  name="test_plain") == PASSED  # fmt: skip


TWO = """\
feature: things
testpoints:
  first:
    about: what
    rules: [AAA-001, AAA-002]
    tests: [test_x/one]
  second:
    about: what
    rules: [AAA-001]
    tests: [test_plain]
    properties: [mod/P1]
"""


def test_plan_rule_passes_when_all_its_testpoints_do(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "mod.v"
    module.write_text("// P1: always so\nassert (1);\n")
    monkeypatch.setattr(sources, "library", lambda: {"mod": module})
    (folder / "p.yaml").write_text(TWO)
    plan = read_plan(folder, claims=False)
    assert plan.mistakes == []

    def states(**of: str) -> list[str]:
        nodes = {"x": (X, "one"), "plain": (PLAIN, ""), "formal": ("formal/mod", "")}
        records = [Record(*nodes[name], "s", "c", 0, state) for name, state in of.items()]
        state = State(plan, Results(records))
        return [state.of_rule(rule) for rule in plan.catalogue.rules]

    assert states() == [NOT_RUN, NOT_RUN, "not covered"]
    assert states(x="passed", plain="passed") == [NOT_RUN, PASSED, "not covered"]
    assert states(x="passed", plain="passed", formal="passed") == [PASSED, PASSED, "not covered"]
    assert states(x="failed", plain="passed") == [FAILED, FAILED, "not covered"]
    assert states(x="passed", formal="failed") == [FAILED, PASSED, "not covered"]


def test_plan_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line, the exit codes, and what STRICT and the area add."""
    records = [Record(X, "one", "verilator", "tiny", 7, "passed")]
    monkeypatch.setattr(history, "latest", lambda: records)

    def run(text: str, *args: str, strict: str = "") -> tuple[int, str]:
        (folder / "p.yaml").write_text(text + "infrastructure: {test_whole: w, test_bare: w}\n")
        monkeypatch.setenv("STRICT", strict)
        code = check_plan.main(list(args), folder)
        return code, capsys.readouterr().out

    code, out = run(GOOD)
    assert code == 0 and out.splitlines()[-1] == "M1 covered 1 / 3, passing 1"
    code, out = run(GOOD, strict="1")
    assert code == 1 and "not covered AAA-002" in out and "not covered BBB-001" in out
    every = GOOD.replace("AAA-001", "AAA-001, AAA-002, BBB-001")
    assert run(every, strict="1")[0] == 0
    code, out = run(every.replace("test_x/one", "test_x/one, test_plain"), strict="1")
    assert code == 1 and "not run     test_plain\n" in out
    assert out.splitlines()[-1] == "M1 covered 3 / 3, passing 0"
    records[:] = [Record(f"{X}[8]", "one", "verilator", "tiny", 7, "failed")]
    code, out = run(every, strict="1")
    assert "failed      test_x[8]/one SIM=verilator CONFIG=tiny SEED=7\n" in out
    assert run(every)[0] == 0 and run(every, "--static") == (0, "")
    code, out = run(GOOD, "--area", "AAA")
    assert code == 0 and "AAA-001 failed" in out and "p.yaml: a_point" in out
    assert "AAA-002 not covered" in out and "BBB-001" not in out
    assert run(GOOD, "--area", "AAB")[0] == 1


def test_plan_catalogue_of_the_tree() -> None:
    """605 rules of milestone 1, each with a title; none of them is also one for later."""
    catalogue = read_catalogue(PLAN_DIR / "rules.yaml")
    assert len(catalogue.rules) == 605 and len(catalogue.later) == 110
    assert not catalogue.later & {*catalogue.rules}
    assert all(rule.title and rule.section for rule in catalogue.rules.values())
