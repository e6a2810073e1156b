# SPDX-License-Identifier: Apache-2.0
"""The same runs on a real Slurm: equal results by seed, nothing lost when Slurm ends a job."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest

from sim import history
from sim.options import ROOT, OptionError
from sim.regress import compare, executors, lists, run, store
from sim.regress import state as state_of
from sim.regress.job import Verdict
from tests.sim.test_regress import WAITS, planted_job

ONE_NODE = ROOT / "sim" / "slurm" / "one_node.sh"


@pytest.fixture
def slurm() -> type[executors.SlurmExecutor]:
    """The executor, where a cluster answers."""
    try:
        executors.SlurmExecutor.check()
    except OptionError as err:
        pytest.skip(f"{err}; sudo sim/slurm/one_node.sh start brings up one node")
    return executors.SlurmExecutor


def test_slurm_results_equal_local_ones(
    slurm: type[executors.SlurmExecutor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds of simulations: same states, same simulated times, wherever they ran."""
    entries = [lists.Entry("test_util_ram", ("verilator",), ("tiny",))]
    for executor in (executors.LocalExecutor, slurm):
        jobs = lists.plan_jobs(entries, lists.pick_seeds(2, 1))
        regression = state_of.begin("ram", 1, lists.pick_seeds(2, 1), jobs, {}, tmp_path)
        run.run_all(regression, executor(regression.folder / "submitit"), 2)
        assert run.report(regression, executor.name)
        time.sleep(1)  # regressions are named by the second they began in
    assert compare.main([], tmp_path / store.FILE) == 0
    text = capsys.readouterr().out
    assert "ram EXECUTOR=local" in text and "ram EXECUTOR=slurm" in text
    assert text.splitlines()[-1] == "18 results equal, 0 differ"


def test_slurm_job_that_is_cancelled_is_a_failure(
    slurm: type[executors.SlurmExecutor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Slurm ended has no result and is told; resuming runs it again."""
    job = planted_job(tmp_path, "waits", WAITS)
    regression = state_of.begin("planted", 1, [3], [job], {}, tmp_path / "regress")
    executor = slurm(regression.folder / "submitit")

    def cancel() -> None:
        end = time.monotonic() + 60
        files = (tmp_path / "worker", executor.id_file(job))
        while not all(file.is_file() for file in files) and time.monotonic() < end:
            time.sleep(0.1)
        subprocess.run(["scancel", "--signal=KILL", executor.id_file(job).read_text()], check=True)

    thread = threading.Thread(target=cancel)
    thread.start()
    run.run_all(regression, executor, 1)
    thread.join(60)
    assert "killed" in regression.outcome(job).lost
    assert not run.report(regression, slurm.name)
    (tmp_path / "go").touch()
    run.run_all(regression, slurm(regression.folder / "submitit"), 1)
    assert run.report(regression, slurm.name)
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_slurm_that_takes_no_job_is_told(
    slurm: type[executors.SlurmExecutor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What sbatch says, in one line."""
    monkeypatch.setenv("SBATCH_PARTITION", "nosuch")
    job = planted_job(tmp_path, "waits", WAITS)
    with pytest.raises(OptionError, match=r"EXECUTOR=slurm: .*(partition|Partition)") as caught:
        slurm(tmp_path / "submitit").start(job, tmp_path / "run")
    assert "\n" not in str(caught.value)


def test_slurm_job_outlives_its_runner(
    slurm: type[executors.SlurmExecutor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A runner that is killed leaves its jobs; the next one takes them over."""
    job = planted_job(tmp_path, "waits", WAITS)
    regression = state_of.begin("planted", 1, [3], [job], {}, tmp_path / "regress")
    first = slurm(regression.folder / "submitit").start(job, regression.folder_of(job))
    again = slurm(regression.folder / "submitit").start(job, regression.folder_of(job))
    assert first.job_id == again.job_id
    (tmp_path / "go").touch()
    run.run_all(regression, slurm(regression.folder / "submitit"), 1)
    assert run.report(regression, slurm.name)
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "no two regressions of one list and the same seeds"),
        (["20200101-000000", "20200101-000001"], "no regression 20200101-000000"),
        (["20200101-000000"], "name two regressions"),
    ],
)
def test_compare_refuses_in_one_line(
    args: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(args, tmp_path / store.FILE) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1


def test_compare_shows_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A result that differs, in state or in simulated time, and one that is missing."""
    file, job = tmp_path / store.FILE, planted_job(tmp_path, "differs", "")
    kept = {
        "1": {"a": ("passed", 5.0), "b": ("passed", 5.0), "c": ("passed", 5.0), "d": ("passed", 5)},
        "2": {"a": ("passed", 5.0), "b": ("failed", 5.0), "c": ("passed", 6.0)},
    }
    for name, tests in kept.items():
        records = [history.Record("t.py::t", inner, "icarus", "tiny", 3, state, 1.0, sim_ns)
                   for inner, (state, sim_ns) in tests.items()]  # fmt: skip
        outcome = state_of.Outcome(job, tmp_path, Verdict("passed", 1.0), records)
        regression = state_of.Regression(name, "smoke", 1, [3], {}, "", [job], tmp_path)
        store.save(regression, [outcome], run.count([outcome]), "local", file)
    assert compare.main([], file) == 1
    assert capsys.readouterr().out.splitlines() == [
        "t.py::t/b SIM=icarus CONFIG=tiny SEED=3: passed at 5 ns, failed at 5 ns",
        "t.py::t/c SIM=icarus CONFIG=tiny SEED=3: passed at 5 ns, passed at 6 ns",
        "t.py::t/d SIM=icarus CONFIG=tiny SEED=3: passed at 5 ns, not run",
        "1: smoke EXECUTOR=local, seeds 3",
        "2: smoke EXECUTOR=local, seeds 3",
        "1 results equal, 3 differ",
    ]


def test_history_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / store.FILE).write_text("not a database, but long enough to look like one" * 9)
    with pytest.raises(OptionError, match=r"history\.sqlite: .*; move the file away"):
        store.runs(tmp_path / store.FILE)


def test_one_node_refuses_in_one_line() -> None:
    done = subprocess.run(["sh", str(ONE_NODE), "up"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("one_node: usage: ")
    assert done.stderr.count("\n") == 1
