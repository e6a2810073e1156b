# SPDX-License-Identifier: Apache-2.0
"""How far a regression is: a bar with rate and time left, or lines where there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sim.regress.state import Outcome

REDRAW_HZ = 2


def duration(seconds: float) -> str:
    """Seconds as a reader wants them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class Meter:
    """Counts runs that end; use as a context. ``done`` of ``total`` had ended before it began."""

    def __init__(self, total: int, done: int = 0, console: Console | None = None) -> None:
        self.total = total
        self.before = self.done = done
        self.failed = 0
        self.start = time.monotonic()
        self.console = console or Console(highlight=False, soft_wrap=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._bar = Progress(
            *columns, TimeElapsedColumn(), console=self.console, refresh_per_second=REDRAW_HZ,
            disable=not self.console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total, completed=done)

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._bar.stop()

    @property
    def told(self) -> str:
        """Failures, rate and time left."""
        ended = self.done - self.before
        passed_s = time.monotonic() - self.start
        left = f", {duration((self.total - self.done) * passed_s / ended)} left" if ended else ""
        rate = f", {60 * ended / max(passed_s, 0.1):.1f} runs/min" if ended else ""
        return f"{self.failed} failed{rate}{left}"

    def ended(self, outcome: Outcome) -> None:
        """Count and print the end of a run."""
        self.done += 1
        self.failed += not outcome.ok
        self._bar.update(self._task, completed=self.done, description=self.told)
        verdict = outcome.verdict
        wall = f", {duration(verdict.wall_s)}" if verdict else ""
        line = f"{'ok    ' if outcome.ok else 'FAILED'} {outcome.job.words}"
        line += f" ({len(outcome.tests)} tests{wall})"
        if outcome.lost:
            line += f": {outcome.lost}"
        if not self.console.is_terminal:
            line += f" [{self.done}/{self.total}, {self.told}]"
        self.console.print(line, markup=False)
