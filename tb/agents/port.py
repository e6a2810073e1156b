# SPDX-License-Identifier: Apache-2.0
"""The bench as agents see it: not there in the build phase, there once the clock runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from cocotb.triggers import Event

from tb.env.smmu_bench import SmmuBench


@dataclass
class BenchPort:
    """Hands one bench to all components of an environment."""

    _bench: SmmuBench | None = None
    _there: Event = field(default_factory=Event)

    def open(self, bench: SmmuBench) -> None:
        """The bench is out of its first reset; called by the test."""
        self._bench = bench
        self._there.set()

    async def ready(self) -> SmmuBench:
        """Wait for the bench."""
        await self._there.wait()
        return self.bench

    @property
    def bench(self) -> SmmuBench:
        """The bench; an error before :meth:`open`."""
        if self._bench is None:
            raise RuntimeError("the bench is made in the run phase: await ready() first")
        return self._bench
