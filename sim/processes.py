# SPDX-License-Identifier: Apache-2.0
"""Child processes that neither outlive their parent nor their time. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent() -> None:
    """In the child: a simulator must not outlive a killed test run (Linux; elsewhere no effect)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_process(command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path,
                timeout_s: float) -> tuple[int, list[str]]:  # fmt: skip
    """(exit code, remarks); output goes to ``log``, the process group ends with the timeout."""
    with open(log, "w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent,  # noqa: PLW1509 - one call, no locks
        )  # fmt: skip
        try:
            return process.wait(timeout=timeout_s), []
        except subprocess.TimeoutExpired:
            return -1, [f"still running after {timeout_s:.0f} s: stopped"]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
