# SPDX-License-Identifier: Apache-2.0
"""Where runs run: processes of this machine or jobs of a Slurm cluster, both through submitit.

A run is the same function either way, and its result is what it left in its folder; an executor
only starts it and says whether it is still there. sbatch's own variables (SBATCH_PARTITION,
SBATCH_ACCOUNT, ..) choose where on the cluster.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import submitit

from sim.options import OptionError
from sim.processes import end_with_parent
from sim.regress.job import Job, execute

SPARE_MIN = 5  # a run ends itself by its limit; what does not even do that is ended from outside
ASK_S = 5.0  # between two questions to Slurm
GRACE_S = 10.0  # for the last file of a job of another machine to be seen here


class LocalExecutor:
    """Processes of this machine; they end when the run does."""

    name = "local"
    at_once = min(4, os.cpu_count() or 1)  # where JOBS does not say

    @staticmethod
    def check() -> None:
        """OptionError when runs cannot be started here."""

    def __init__(self, folder: Path) -> None:
        self._submitit = submitit.AutoExecutor(folder, cluster="local")

    def start(self, job: Job, folder: Path) -> Any:
        """Start a run; what is returned stands for it in the other methods."""
        self._submitit.update_parameters(timeout_min=_limit_min(job))
        # A Ctrl-C is for the runner, which stops its runs; between it and them it would only
        # make noise.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._submitit.submit(_execute_with_parent, job, folder)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def gone(self, handle: Any) -> bool:
        """True when the run cannot write any more."""
        return handle.done()

    def stop(self, handles: list[Any]) -> None:
        """End them."""
        for handle in handles:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(handle.job_id), signal.SIGKILL)

    def output(self, handle: Any) -> str:
        """What the worker itself said."""
        return (handle.stdout() or "") + (handle.stderr() or "")


class SlurmExecutor(LocalExecutor):
    """Jobs of a Slurm cluster that shares this folder; they outlive the runner."""

    name = "slurm"
    at_once = 1000  # Slurm knows best how many of those in its queue run

    @staticmethod
    def check() -> None:
        """OptionError when no cluster answers."""
        for tool in ("sbatch", "srun", "squeue", "scancel"):
            if not shutil.which(tool):
                raise OptionError(f"EXECUTOR=slurm: no {tool} on this machine (docs/regress.md)")
        asked = _slurm("sinfo", "--noheader", "--format=%P")
        if asked.returncode or not asked.stdout.strip():
            said = (asked.stderr.strip() or "sinfo lists no partition").splitlines()[-1]
            raise OptionError(f"EXECUTOR=slurm: no cluster answers: {said} (docs/regress.md)")

    def __init__(self, folder: Path) -> None:
        self._submitit = submitit.AutoExecutor(folder, cluster="slurm")
        self._folder = folder
        self._queued: set[str] = set()
        self._asked = 0.0
        self._missed: dict[str, float] = {}

    def start(self, job: Job, folder: Path) -> Any:
        """Queue a run, unless a runner that was killed has queued it and it is still there."""
        kept = self.id_file(job)
        if kept.is_file():
            queued = submitit.SlurmJob(self._folder, kept.read_text())
            if queued.job_id in self._in_queue(refresh=True):
                return queued
        self._submitit.update_parameters(timeout_min=_limit_min(job), name=job.name)
        try:
            started = self._submitit.submit(execute, job, folder)
        except (submitit.core.utils.FailedJobError, OSError) as err:
            said = str(err).strip().splitlines()
            raise OptionError(f"EXECUTOR=slurm: {said[-1] if said else err!r}") from err
        kept.write_text(started.job_id)
        self._queued.add(started.job_id)
        return started

    def stop(self, handles: list[Any]) -> None:
        """End them."""
        for handle in handles:
            handle.cancel(check=False)

    def id_file(self, job: Job) -> Path:
        """Where the number Slurm gave a run is kept."""
        return self._folder / f"{job.name}.id"

    def gone(self, handle: Any) -> bool:
        """True when Slurm has not known the job for a while (needs no accounting, unlike sacct)."""
        if handle.job_id in self._in_queue():
            self._missed.pop(handle.job_id, None)
            return False
        since = self._missed.setdefault(handle.job_id, time.monotonic())
        return time.monotonic() - since > GRACE_S

    def _in_queue(self, refresh: bool = False) -> set[str]:
        if refresh or time.monotonic() - self._asked > ASK_S:
            self._asked = time.monotonic()
            told = _slurm("squeue", "--noheader", "--me", "--format=%i")
            if not told.returncode:  # a controller that restarts has lost no job
                self._queued = set(told.stdout.split())
        return self._queued


EXECUTORS = {executor.name: executor for executor in (LocalExecutor, SlurmExecutor)}


def _limit_min(job: Job) -> int:
    return math.ceil(job.limit_s / 60) + SPARE_MIN


def _slurm(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"{command[0]} does not answer")


def _execute_with_parent(job: Job, folder: Path) -> Any:
    """A worker of this machine that is killed takes its simulation along."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with_parent()
    return execute(job, folder)
