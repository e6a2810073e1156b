# SPDX-License-Identifier: Apache-2.0
"""What every speed run does to the SMMU: one nested PASID stream over PAGES warm pages.

``lay_out`` puts the structures into the memory of a program; ``script`` says the same to the C++
loop (loop.cpp), which has no Python: lines of memory, register writes and targets.
"""

from __future__ import annotations

from tb.env.program import SmmuProgram
from tb.models.fields import REG
from tb.models.memory import Memory
from tb.models.vmsa import Stage1Leaf

SID, SSID = 5, 3
PAGES = 16
PAGE = 4096
BEATS, LANES = 8, 16
BYTES = BEATS * LANES  # of a burst, on the 128-bit ports of the default configuration
VA = 0x40_0000_0000
DATA = 0x4020_0000
TARGETS = 64  # bursts until the addresses repeat
CR0ACK = REG["CR0ACK"].offset


def lay_out(prog: SmmuProgram) -> list[int]:
    """Structures and tables; the VAs of TARGETS bursts, spread over all pages."""
    stream = prog.stream(SID, cdmax=4, s2=True, s1dss=2)
    stream.lend(DATA, PAGES * PAGE)
    space = stream.space(SSID, asid=1)
    for page in range(PAGES):
        space.map(VA + PAGE * page, stream.ipa(DATA + PAGE * page), PAGE, Stage1Leaf())
    return [VA + k % PAGES * PAGE + 5 * k * BYTES % PAGE for k in range(TARGETS)]


class Recorder:
    """A register port that notes what software does and answers what it waits for.

    ``done`` holds ("reg" or "poll", offset, value).
    """

    def __init__(self) -> None:
        self.done: list[tuple[str, int, int]] = []
        self._cr0 = 0

    @property
    def cycle(self) -> int:
        """No time passes here."""
        return 0

    async def read32(self, offset: int) -> int:
        """Only CR0ACK is read, and it follows CR0."""
        assert offset == CR0ACK, f"nothing knows what 0x{offset:x} reads"
        self.done.append(("poll", offset, self._cr0))
        return self._cr0

    async def write32(self, offset: int, value: int) -> None:
        """Note a write."""
        self._cr0 = value if offset == REG["CR0"].offset else self._cr0
        self.done.append(("reg", offset, value))

    async def cycles(self, count: int) -> None:
        """Nothing to wait for."""

    def bring_up(self, prog: SmmuProgram) -> None:
        """Note what ``prog.start`` does."""
        try:
            prog.start().send(None)
        except StopIteration:
            return
        raise AssertionError("bring-up waited")


def frames(memory: Memory) -> list[tuple[int, str]]:
    """Every page that is not zero: address, bytes in hex."""
    return [(pa, memory.peek(pa, PAGE).hex()) for pa in memory.touched()]


def script() -> str:
    """The scene as the lines loop.cpp reads."""
    memory, io = Memory(), Recorder()
    prog = SmmuProgram(io, memory)
    targets = lay_out(prog)
    io.bring_up(prog)
    lines = [f"mem {pa:x} {data}" for pa, data in frames(memory)]
    lines += [f"{op} {offset:x} {value:x}" for op, offset, value in io.done]
    lines += [f"stream {SID:x} {SSID:x}", *(f"target {va:x}" for va in targets)]
    return "\n".join(lines) + "\n"
