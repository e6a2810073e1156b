# SPDX-License-Identifier: Apache-2.0
"""`make regress`: no result is lost, whatever happens to tests, workers and the runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from junitparser import JUnitXml

from sim import history
from sim.options import ROOT, OptionError
from sim.regress import __main__ as front
from sim.regress import executors, lists, progress, run, state
from sim.regress.job import HUNG, KILLED, Job, Verdict, execute, read_tests, read_verdict

CONFTEST = """
from pathlib import Path
from sim import history
from tests.conftest import *
history.FILE = Path(__file__).with_name("results.jsonl")  # not among those of the tree
"""
PLANTED = {
    "passes": "def test_a(): pass\ndef test_b(): pass\n",
    "fails": "def test_good(): pass\ndef test_bad(): assert 1 == 2, 'planted'\n",
    "hangs": "import time\ndef test_first(): pass\ndef test_stuck(): time.sleep(60)\n",
    "crashes": "import os\ndef test_first(): pass\ndef test_exit(): os._exit(9)\n",
    "killed": "import os\ndef test_first(): pass\ndef test_kill(): os.kill(os.getpid(), 9)\n",
    "empty": "",
}
LIMITS_S = {"hangs": 15.0}  # long enough for its first test on a busy machine
WAITS = """
import os, time
from pathlib import Path
def test_waits():
    here = Path(__file__).parent
    (here / "worker").write_text(str(os.getppid()))
    end = time.monotonic() + 90
    while not (here / "go").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
"""
COUNTS = """
from pathlib import Path
def test_a():
    with open(Path(__file__).with_name("count"), "a") as file: file.write("x")
"""


def planted_job(folder: Path, name: str, text: str, limit_s: float = 120.0) -> Job:
    (folder / "conftest.py").write_text(CONFTEST)
    file = folder / f"test_{name}.py"
    file.write_text(text)
    return Job("", str(file), "verilator", "tiny", 3, 1, limit_s)


def _regression(folder: Path, jobs: list[Job]) -> state.Regression:
    return state.begin("planted", 1, [3], jobs, {}, folder / "regress")


def _resume(folder: Path) -> list[str]:
    """The command that resumes what is below a folder; a background shell would ignore Ctrl-C."""
    code = (
        "import signal, sys; from pathlib import Path; from sim.regress.__main__ import main;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "sys.exit(main(Path(sys.argv[1])))"
    )
    return [sys.executable, "-c", code, str(folder / "regress")]


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No option of the session."""
    for name in (*front.ASKED, "JOBS", "RESUME", "EXECUTOR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


# ---- no result is lost --------------------------------------------------------------------------


def test_regress_tells_every_end(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                 plain: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Failed, crashed, hung and killed runs are failures with a log and a reproduce line."""
    jobs = [planted_job(tmp_path, name, text, LIMITS_S.get(name, 120.0))
            for name, text in PLANTED.items()]  # fmt: skip
    regression = _regression(tmp_path, jobs)
    run.run_all(regression, executors.LocalExecutor(tmp_path / "submitit"), 3)
    states = {job.name: read_verdict(regression.folder_of(job)).state for job in jobs}
    assert [*states.values()] == ["passed", "failed", "hung", "failed", "killed", "failed"]

    assert not run.report(regression, "local")
    text = capsys.readouterr().out
    assert text.count("REPRO: make test") == 5
    for job in jobs[1:]:
        assert f"{job.name}/job.log" in text
    assert "TEST=test_bad SEED=3 SIM=verilator CONFIG=tiny" in text
    for told in ("still running after 15 s: stopped", "pytest was killed by signal 9",
                 "no test ran", "pytest ended with code 9 outside its tests"):  # fmt: skip
        assert told in text
    # What had passed before the end counts; every other run is one failure.
    assert text.splitlines()[-1] == "6 passed, 5 failed"

    suites = list(JUnitXml.fromfile(str(tmp_path / "regress" / "junit.xml")))
    assert [(s.tests, s.failures, s.errors) for s in suites] == [
        (2, 0, 0), (2, 0, 1), (2, 0, 1), (2, 0, 1), (2, 0, 1), (1, 0, 1),
    ]  # fmt: skip
    assert "planted" in suites[1].tostring().decode()
    assert all((regression.folder_of(job) / "junit.xml").is_file() for job in jobs)


def test_regress_resumes_after_worker_and_runner_are_killed(
    tmp_path: Path, plain: pytest.MonkeyPatch
) -> None:
    """Finished runs are kept, the others run, with the same seeds."""
    jobs = [
        planted_job(tmp_path, "before", PLANTED["passes"]),
        planted_job(tmp_path, "waits", WAITS),
        planted_job(tmp_path, "after", PLANTED["passes"]),
    ]
    regression = _regression(tmp_path, jobs)
    env = {**os.environ, "RESUME": "1", "JOBS": "1"}
    runner = subprocess.Popen(_resume(tmp_path), cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    worker = tmp_path / "worker"
    _wait_for(lambda: worker.is_file() and worker.read_text() != "")
    runner.kill()
    runner.wait(30)
    os.kill(int(worker.read_text()), signal.SIGKILL)
    first, second, third = map(regression.folder_of, jobs)
    kept = (first / "verdict.json").stat().st_mtime_ns
    assert read_verdict(second) is None and not third.exists()

    (tmp_path / "go").touch()
    done = subprocess.run(_resume(tmp_path), cwd=ROOT, env=env, capture_output=True, text=True,
                          check=False, timeout=600)  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-1] == "5 passed, 0 failed"
    assert "planted, 2 runs, 1 kept, SEED=1, seeds 3" in lines[0]
    assert (first / "verdict.json").stat().st_mtime_ns == kept
    assert {test.seed for test in read_tests(second)} == {3}


def test_regress_that_is_interrupted_says_how_to_go_on(
    tmp_path: Path, plain: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: runs that were under way end at once; what had ended is on the page."""
    jobs = [
        planted_job(tmp_path, "before", PLANTED["passes"]),
        planted_job(tmp_path, "waits", WAITS),
    ]
    regression = _regression(tmp_path, jobs)
    env = {**os.environ, "RESUME": "1", "JOBS": "1"}
    runner = subprocess.Popen(
        _resume(tmp_path), cwd=ROOT, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    worker = tmp_path / "worker"
    _wait_for(lambda: worker.is_file() and worker.read_text() != "")
    os.killpg(runner.pid, signal.SIGINT)  # a terminal sends it to all
    told = runner.communicate(timeout=300)[1].strip().splitlines()
    assert runner.returncode == 130
    assert told == ["regress: interrupted, 1 runs left; go on with: make regress RESUME=1"]
    assert regression.left() == jobs[1:]
    _wait_for(lambda: not Path(f"/proc/{worker.read_text()}").exists())
    page = (tmp_path / "regress" / "index.html").read_text()
    assert "interrupted, 1 runs left" in page and '<b id="passed">2</b>' in page


def test_regress_worker_is_killed_runner_goes_on(
    tmp_path: Path, plain: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker that is gone is a failure with its log; resuming runs it again."""
    job = planted_job(tmp_path, "waits", WAITS)
    regression = _regression(tmp_path, [job])
    code = (
        "import os, signal, sys, time; from pathlib import Path; f = Path(sys.argv[1])\n"
        "end = time.monotonic() + 60\n"
        "while not (f.is_file() and f.read_text()) and time.monotonic() < end: time.sleep(0.05)\n"
        "os.kill(int(f.read_text()), signal.SIGKILL)"
    )
    killer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "worker")])
    run.run_all(regression, executors.LocalExecutor(tmp_path / "submitit"), 1)
    assert killer.wait(60) == 0
    assert regression.outcome(job).lost == "killed: the worker ended without a result"
    assert not run.report(regression, "local")
    text = capsys.readouterr().out
    assert text.splitlines()[-1] == "0 passed, 1 failed" and text.count("REPRO: ") == 1
    assert "---- the worker" in (regression.folder_of(job) / "job.log").read_text()

    (tmp_path / "go").touch()
    plain.setenv("RESUME", "1")
    assert front.main(tmp_path / "regress") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_regress_two_of_one_run_make_one(tmp_path: Path, plain: pytest.MonkeyPatch) -> None:
    """Whoever comes second takes the verdict of the first, unless that attempt was killed."""
    job = planted_job(tmp_path, "once", COUNTS)
    first = execute(job, tmp_path / "run")
    assert execute(job, tmp_path / "run") == first and (tmp_path / "count").read_text() == "x"
    (tmp_path / "run" / "verdict.json").write_text(f'{{"state": "{KILLED}", "wall_s": 1}}')
    assert execute(job, tmp_path / "run").state == "passed"
    assert (tmp_path / "count").read_text() == "xx"
    (tmp_path / "run" / "verdict.json").write_text(f'{{"state": "{HUNG}", "wall_s": 1}}')
    assert execute(job, tmp_path / "run").state == HUNG


# ---- what is asked for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"LIST": "nihgtly"}, "LIST=nihgtly: no such list; close: nightly"),
        ({"SEEDS": "0"}, "SEEDS=0: not a number from 1 to 10000"),
        ({"JOBS": "two"}, "JOBS=two: not a number from 1 to 10000"),
        ({"RESUME": "yes"}, "RESUME=yes: not one of 0, 1"),
        ({"RESUME": "1"}, "RESUME=1: no regression to resume; start one without it"),
        ({"EXECUTOR": "cloud"}, "EXECUTOR=cloud: not one of local, slurm"),
        ({"TEST": "test_smu_smoke"}, "TEST=test_smu_smoke: no such test; close: test_smmu_smoke"),
        ({"TEST": "test_smmu_smoke", "LIST": "smoke"}, "LIST and TEST exclude each other"),
        ({"LIST": "icarus", "CONFIG": "large"}, "icarus: no run with SIM=verilator CONFIG=large"),
        ({"EXECUTOR": "slurm", "PATH": ""}, "EXECUTOR=slurm: no sbatch on this machine"),
    ],
)
def test_regress_refuses_in_one_line(asked: dict[str, str], says: str, tmp_path: Path,
    plain: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    for name, value in asked.items():
        plain.setenv(name, value)
    assert front.main(tmp_path) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"regress: {says}") and told.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_regress_resumes_only_what_was_asked_for(
    tmp_path: Path, plain: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.begin("smoke", 1, [0], [], {"LIST": "smoke", "SEEDS": "2"}, tmp_path)
    plain.setenv("RESUME", "1")
    plain.setenv("SEEDS", "3")
    assert front.main(tmp_path) == 2
    assert "was started with SEEDS=2, not SEEDS=3" in capsys.readouterr().err


def test_regress_is_alone_in_its_tree(tmp_path: Path) -> None:
    with state.alone(tmp_path), pytest.raises(OptionError, match=f"process {os.getpid()}"):
        with state.alone(tmp_path):
            pass


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lists: [", "lists and limit_min are wanted"),
        ("lists: {a: []}", "lists and limit_min are wanted"),
        ("limit_min: 1\nlists: {a: [b]}", "a: b: a mapping is wanted"),
        ("limit_min: 1\nlists: {a: [{test: t}]}", "test, sims and configs are wanted"),
        ("limit_min: 1\nlists: {a: [{test: t, sims: [vcs], configs: [tiny]}]}", "unknown vcs"),
        ("limit_min: 1\nlists: {a: [{test: t, sims: [], configs: [], seeds: 0}]}", "above 0"),
        ("limit_min: 1\nlists: {a: [{list: a}]}", "takes in itself"),
    ],
)
def test_regress_names_what_is_wrong_in_a_list(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "lists.yaml"
    file.write_text(text)
    with pytest.raises(OptionError, match=says):
        lists.read_list("a", file)


def test_regress_lists_are_planned_by_file() -> None:
    """Each list names tests that exist; `all` holds every file of tests/."""
    for name in ("smoke", "nightly", "icarus"):
        assert lists.plan_jobs(lists.read_list(name), [0])
    jobs = lists.plan_jobs(lists.read_list("all"), lists.pick_seeds(3, 7))
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert {job.file for job in jobs} == files
    assert len({job.name for job in jobs}) == len(jobs)
    # The same seed gives the same seeds, on any machine.
    assert lists.pick_seeds(3, 7) == lists.pick_seeds(4, 7)[:3] != lists.pick_seeds(3, 8)


def test_regress_runs_part_of_a_file_by_its_pattern() -> None:
    """A file that is selected whole runs by its path, otherwise TEST stays."""
    tests = {job.file: job.test for job in lists.plan_jobs(lists.read_list("smoke"), [0])}
    assert tests["tests/smmu/test_smoke.py"] == "tests/smmu/test_smoke.py"
    assert tests["tests/unit/test_walker.py"] == "smoke"


# ---- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("terminal", [False, True])
def test_regress_progress_shows_rate_and_time_left(terminal: bool, tmp_path: Path) -> None:
    file = open(tmp_path / "out", "w")  # noqa: SIM115 - closed below
    console = progress.Console(file=file, force_terminal=terminal, width=200, highlight=False)
    job = Job("test_[x]", "tests/test_x.py", "verilator", "tiny", 0, 1, 1.0)
    with progress.Meter(4, 1, console) as meter:
        meter.start -= 30.0  # half a minute ago
        meter.ended(state.Outcome(job, tmp_path, state.Verdict("passed", 20.0), []))
        meter.ended(state.Outcome(job, tmp_path, None, []))
    file.close()
    text = (tmp_path / "out").read_text()
    assert "tests/test_x.py test_[x] SIM=verilator CONFIG=tiny SEED=0" in text
    assert "FAILED" in text and "killed" in text
    assert "1 failed, 4.0 runs/min, 15 s left" in text
    assert ("3/4" in text) and (("━" in text) == terminal)


def test_regress_counts_no_test_that_was_left_out(tmp_path: Path) -> None:
    """A function whose tests TEST left out has not passed; a run that was lost is a failure."""
    states = ("passed", "partial", "skipped", "failed", "error", "passed")
    tests = [
        history.Record("t.py::t", str(i), "icarus", "tiny", 0, s) for i, s in enumerate(states)
    ]
    job = planted_job(tmp_path, "x", "")
    outcomes = [state.Outcome(job, tmp_path, Verdict("failed", 1.0), tests),
                state.Outcome(job, tmp_path, None, [])]  # fmt: skip
    counts = run.count(outcomes)
    assert counts == {"passed": 2, "partial": 1, "skipped": 1, "failed": 3}
