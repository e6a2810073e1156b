# SPDX-License-Identifier: Apache-2.0
"""A booted Linux with SVA and an accelerator, where processes are made.

A scenario that works on it does not see whether it is the host or a guest.
"""

from __future__ import annotations

from tb.models.audit import Space
from tb.models.linux.accel import AccelDriver, UserProcess
from tb.models.linux.kernel import Kernel, PidAllocator
from tb.models.linux.mm import Mm
from tb.models.linux.sva import Sva
from tb.models.probe import Binding, Probe


class LinuxWithSva:
    """Processes of one kernel; ``sid`` is the accelerator's physical StreamID (for the probe)."""

    def __init__(
        self,
        kernel: Kernel,
        sva: Sva,
        driver: AccelDriver,
        probe: Probe,
        sid: int,
        *,
        first_queue: int = 0,
        name: str = "",
    ) -> None:
        self.kernel = kernel
        self.sva = sva
        self.driver = driver
        self.name = name
        self.processes: list[UserProcess] = []
        self._probe = probe
        self._sid = sid
        self._first_queue = first_queue
        self._asids = PidAllocator(1, 0xFFFF)

    def spawn_process(self, name: str, queue: int) -> UserProcess:
        """A process with its own address space; PASID and ASID are the next free ones."""
        cpu = self.kernel.cpus[len(self.processes) % len(self.kernel.cpus)]
        pasid = self.sva.pasids.alloc()
        mm = Mm(self.kernel, cpu, self._asids.alloc(), pasid, self._space(pasid))
        process = UserProcess(name, self.driver, cpu, mm, queue)
        self.bind_queue(process, queue)
        self.processes.append(process)
        return process

    async def fork(self, parent: UserProcess, name: str) -> UserProcess:
        """A copy of the process; it is not bound to the device, whose registers stay behind."""
        space = f"{parent.mm.space}+{len(self.processes)}"
        mm = Mm(self.kernel, parent.cpu, self._asids.alloc(), None, space)
        child = UserProcess(name, self.driver, parent.cpu, mm, parent.queue)
        self.processes.append(child)
        await parent.mm.fork(parent.cpu, mm)
        return child

    def bind_queue(self, process: UserProcess, queue: int) -> None:
        """Tell the probe whose traffic the queue carries from now on."""
        bound = Binding(process.mm.space, self._sid, process.mm.pasid)
        self._probe.bindings[self._first_queue + queue] = bound

    def bind_space(self, queue: int, space: Space) -> None:
        """As :meth:`bind_queue` for traffic of the kernel itself, which has no PASID."""
        self._probe.bindings[self._first_queue + queue] = Binding(space, self._sid, 0)

    def _space(self, pasid: int) -> Space:
        return f"{self.name}.{pasid}" if self.name else pasid
