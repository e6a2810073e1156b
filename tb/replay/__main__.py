# SPDX-License-Identifier: Apache-2.0
"""``python -m tb.replay CASES``: run replay cases on the reference model and on the RTL.

Prints one line a case and a total.  Exit codes: 0 all passed or skipped, 1 a case failed,
2 a path, a file or an argument is not usable.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sim.options import BUILD_ROOT, ROOT
from tb.replay.format import Case, FormatError, dump, find_cases, load_case, read_document
from tb.replay.interpreter import CaseResult
from tb.replay.model_runner import ModelTarget, drive, model_config, run_on_model
from tb.replay.shrink import Shrinker, file_of, report

ORDER = {"FAIL": 0, "SKIPPED": 1, "PASS": 2}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tb.replay", description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path, help="case files or folders of them")
    parser.add_argument("--model-only", action="store_true", help="do not simulate the RTL")
    parser.add_argument("--sim", default=None, help="verilator or icarus")
    parser.add_argument("--config", default=None, help="tiny, default or large")
    parser.add_argument("--seed", default=None, help="seed of the bench")
    parser.add_argument("--shrink", action="store_true", help="make the one failing case minimal")
    parser.add_argument("--verbose", action="store_true", help="also tell which target failed")
    return parser.parse_args(argv)


def load_all(paths: list[Path]) -> tuple[list[Case], list[str]]:
    """All readable cases, and one line for each thing that is wrong."""
    cases: list[Case] = []
    errors: list[str] = []
    for path in paths:
        if not path.exists():
            errors.append(f"ERROR {path}: no such file or folder")
            continue
        found = find_cases(path)
        if not found:
            errors.append(f"ERROR {path}: no case (*.json or *.json.gz) in this folder")
        for item in found:
            try:
                cases.append(load_case(item))
            except FormatError as error:
                errors.append(f"ERROR {item}: {error}")
            except OSError as error:
                errors.append(f"ERROR {item}: {error.strerror or error}")
    return cases, errors


def merge(results: list[list[CaseResult]]) -> list[CaseResult]:
    """One result a case: the first failure of any target, else a skip, else the pass."""
    return [min(row, key=lambda r: ORDER[r.status]) for row in zip(*results, strict=True)]


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    options = _arguments(argv)
    cases, errors = load_all(options.cases)
    for line in errors:
        print(line)
    if not cases:
        return 2

    model = model_config(options.config)
    if options.shrink:
        return 2 if errors else _shrink(cases, options)
    results = [[_tagged(r, "model") for r in run_on_model(cases, model)]]
    if not options.model_only:
        from tb.replay.rtl_runner import run_on_rtl

        try:
            rtl = run_on_rtl(cases, sim=options.sim, config=options.config, seed=options.seed)
        except RuntimeError as error:
            print(f"ERROR replay: {error}")
            return 2
        results.append([_tagged(r, "rtl") for r in rtl])

    merged = merge(results)
    for result in merged:
        print(result.line)
    count = {status: sum(r.status == status for r in merged) for status in ("PASS", "FAIL")}
    skipped = len(merged) - count["PASS"] - count["FAIL"]
    print(f"{count['PASS']} passed, {count['FAIL']} failed, {skipped} skipped")
    if errors:
        return 2
    return 1 if count["FAIL"] else 0


def _shrink(cases: list[Case], options: argparse.Namespace) -> int:
    """Cut the only case down, write it, and print the line that replays it."""
    if len(cases) != 1:
        print(f"ERROR replay: SHRINK takes one case, there are {len(cases)}")
        return 2
    document = read_document(Path(cases[0].source))
    if options.model_only:
        shrinker = Shrinker(document, [ModelTarget(model_config(options.config))])
        found = shrinker.summary(drive(shrinker.run()))
    else:
        from tb.replay.rtl_runner import shrink_on_rtl

        how = {"sim": options.sim, "config": options.config, "seed": options.seed}
        try:
            found = shrink_on_rtl(document, **how)
        except RuntimeError as error:
            print(f"ERROR replay: {error}")
            return 2
    results = [CaseResult(**row) for row in found["results"]]
    tagged = [_tagged(r, t) for r, t in zip(results, ("model", "rtl"), strict=False)]
    if found["document"] is None:
        verdict = min(tagged, key=lambda r: ORDER[r.status])
        state = "passes" if verdict.status == "PASS" else f"is skipped, {verdict.detail}"
        print(f"ERROR replay: {verdict.name} {state}: there is no failure to shrink")
        return 2
    path = file_of(cases[0].name, BUILD_ROOT / "replay")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(found["document"]))
    print("\n".join(r.line for r in tagged))
    print(report(document, found["document"], found["runs"]))
    parts = [f"CASES={path.relative_to(ROOT)}"]
    parts += [f"{n}={v}" for n, v in (("SIM", options.sim), ("CONFIG", options.config)) if v]
    print(f"REPRO: make replay {' '.join(parts)}")
    return 0


def _tagged(result: CaseResult, target: str) -> CaseResult:
    """A failure says where it was seen."""
    if result.status != "FAIL":
        return result
    return CaseResult(result.name, result.status, f"{result.detail} target={target}")


if __name__ == "__main__":
    sys.exit(main())
