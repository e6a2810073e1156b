# SPDX-License-Identifier: Apache-2.0
"""Stand-in hardware with a host and one VM on it, for tests of single parts of the software."""

from __future__ import annotations

from tb.models.host.machine import Host
from tb.models.stack import Stack, StackConfig
from tb.models.standin.machine import StandinMachine


class StackMachine(StandinMachine):
    """``boot`` brings up the host and then the VM."""

    def __init__(self, seed: int, config: StackConfig | None = None) -> None:
        super().__init__(seed)
        self.host = Host(self)
        self.stack = Stack(self.host, config)

    async def boot(self) -> None:
        """Host, VM, guest."""
        await self.host.boot()
        await self.stack.boot()
