# SPDX-License-Identifier: Apache-2.0
"""Driver-side view of the accelerator: registers, descriptors, completion records.

Pure Python without a simulator (architecture.md sections 2 and 3). Offsets are bytes from the
base of the accelerator's 1 MB window, addresses are 64-bit virtual addresses of the process,
lengths are bytes. The names equal those of hdl/dma/dma_defs.vh; docs/dma.md explains them.

A kernel programs a queue with the writes of `setup_writes`; a user process then keeps a `Ring`
in its own memory and rings the doorbell of its user page.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

WINDOW_BYTES = 1 << 20
PAGE_BYTES = 4096
MAX_QUEUES = 64

DESC_BYTES = 64
CPL_BYTES = 32
INDEX_MASK = 0xFFFF
RING_LOG2_MAX = 15

ID_VALUE = 0x53444D01
PRIV_BASE = 0x40000
USER_BASE = 0x80000


class GlobalReg(IntEnum):
    """Offsets in the global page (privileged)."""

    ID = 0x000
    PARAMS = 0x004
    SID = 0x008
    LIMIT = 0x00C
    INT_LO = 0x010
    INT_HI = 0x014
    BUSY_LO = 0x018
    BUSY_HI = 0x01C


class PrivReg(IntEnum):
    """Offsets in the privileged page of a queue; the user registers are there as well."""

    CTRL = 0x000
    PASID = 0x004
    RING_LO = 0x008
    RING_HI = 0x00C
    RING_LOG2 = 0x010
    INT_PEND = 0x014


class UserReg(IntEnum):
    """Offsets in the user page of a queue."""

    DOORBELL = 0x040
    HEAD = 0x044
    STATUS = 0x048
    ACK = 0x04C
    ERR_LO = 0x050
    ERR_HI = 0x054
    DONE_COUNT = 0x058


class Ctrl(IntFlag):
    """Bits of PrivReg.CTRL."""

    EN = 1 << 0
    IE = 1 << 1
    RESET = 1 << 2


class IntPend(IntFlag):
    """Bits of PrivReg.INT_PEND, cleared by writing one."""

    DONE = 1 << 0
    ERROR = 1 << 1


PASID_VALID = 1 << 31


class Op(IntEnum):
    """Descriptor opcodes."""

    NOP = 0x00
    COPY = 0x01
    FILL = 0x02


class Flag(IntFlag):
    """Descriptor flags: write a completion record; interrupt when done without error."""

    CPL = 1 << 0
    IRQ = 1 << 1


class Status(IntEnum):
    """How a descriptor ended: in the completion record and in UserReg.STATUS."""

    NONE = 0x00  # not ended
    OK = 0x01
    READ = 0x10  # bus error reading the source
    WRITE = 0x11  # bus error writing the destination
    FETCH = 0x12  # bus error reading the descriptor
    CPL = 0x13  # bus error writing the completion record
    BAD_DESC = 0x20  # unknown opcode, or a reserved bit set
    BAD_CPL = 0x21  # completion record not aligned to 32 bytes


def global_reg(reg: GlobalReg) -> int:
    """Offset of a global register in the window."""
    return int(reg)


def priv_reg(queue: int, reg: PrivReg | UserReg) -> int:
    """Offset of a register in the privileged page of a queue."""
    return PRIV_BASE + queue * PAGE_BYTES + int(reg)


def user_page(queue: int) -> int:
    """Offset of the 4 KB page a process may be given."""
    return USER_BASE + queue * PAGE_BYTES


def user_reg(queue: int, reg: UserReg) -> int:
    """Offset of a register in the user page of a queue."""
    return user_page(queue) + int(reg)


@dataclass(frozen=True)
class Params:
    """Decoded GlobalReg.PARAMS: what was built in."""

    num_queues: int
    beat_bytes: int
    max_burst: int  # beats

    @classmethod
    def decode(cls, value: int) -> Params:
        """From the register value."""
        return cls(value & 0xFF, 1 << (value >> 8 & 0xF), value >> 16 & 0xFF)


@dataclass(frozen=True)
class QueueStatus:
    """Decoded UserReg.STATUS."""

    enabled: bool
    busy: bool
    halted: bool
    doorbell_error: bool
    resetting: bool
    state: int  # of the engine, for debugging
    status: int  # Status of the descriptor that halted the queue
    write: bool  # the failing access was a write
    resp: int  # AXI response: 2 SLVERR, 3 DECERR
    cpl_failed: bool  # the completion record could not be written

    @classmethod
    def decode(cls, value: int) -> QueueStatus:
        """From the register value."""
        return cls(
            enabled=bool(value & 1),
            busy=bool(value >> 1 & 1),
            halted=bool(value >> 2 & 1),
            doorbell_error=bool(value >> 3 & 1),
            resetting=bool(value >> 4 & 1),
            state=value >> 8 & 0xF,
            status=value >> 16 & 0xFF,
            write=bool(value >> 24 & 1),
            resp=value >> 25 & 3,
            cpl_failed=bool(value >> 27 & 1),
        )


@dataclass(frozen=True)
class Descriptor:
    """One work descriptor; `pack` gives its 64 bytes."""

    op: int
    src: int = 0
    dst: int = 0
    length: int = 0
    pattern: int = 0
    cpl: int = 0
    cookie: int = 0
    flags: int = 0

    def pack(self) -> bytes:
        """Little-endian image as the engine reads it."""
        return struct.pack(
            "<BBHIQQQQQ16x", self.op, 0, self.flags, self.length, self.src, self.dst,
            self.pattern, self.cpl, self.cookie,
        )  # fmt: skip

    @classmethod
    def unpack(cls, image: bytes) -> Descriptor:
        """From 64 bytes of memory."""
        op, _, flags, length, src, dst, pattern, cpl, cookie = struct.unpack("<BBHIQQQQQ16x", image)
        return cls(op, src, dst, length, pattern, cpl, cookie, flags)


def copy(
    src: int, dst: int, length: int, *, cpl: int | None = None, cookie: int = 0, irq: bool = False
) -> Descriptor:
    """Copy `length` bytes; any alignment. The ranges must not overlap."""
    return Descriptor(Op.COPY, src, dst, length, 0, cpl or 0, cookie, _flags(cpl, irq))


def fill(
    dst: int, length: int, pattern: int, *, cpl: int | None = None, cookie: int = 0,
    irq: bool = False,
) -> Descriptor:  # fmt: skip
    """Repeat the 8 bytes of `pattern`, the lowest at `dst`, over `length` bytes."""
    return Descriptor(Op.FILL, 0, dst, length, pattern, cpl or 0, cookie, _flags(cpl, irq))


def nop(*, cpl: int | None = None, cookie: int = 0, irq: bool = False) -> Descriptor:
    """Do nothing, but report it: a marker in the queue."""
    return Descriptor(Op.NOP, cpl=cpl or 0, cookie=cookie, flags=_flags(cpl, irq))


def _flags(cpl: int | None, irq: bool) -> int:
    return (Flag.CPL if cpl is not None else 0) | (Flag.IRQ if irq else 0)


@dataclass(frozen=True)
class Completion:
    """One completion record; `status` is Status.NONE until the engine has written it."""

    cookie: int
    bytes_done: int  # written and acknowledged, from the start of the destination
    fault_addr: int  # first address that failed, exact to the bus beat
    status: int
    op: int
    write: bool
    resp: int
    index: int  # of the descriptor, free-running 16 bits

    @property
    def done(self) -> bool:
        """The engine has ended the descriptor, well or not."""
        return self.status != Status.NONE

    @property
    def ok(self) -> bool:
        """The descriptor ended without an error."""
        return self.status == Status.OK

    def pack(self) -> bytes:
        """The 32 bytes the engine writes."""
        word = (
            self.status | self.op << 8 | int(self.write) << 32 | self.resp << 33 | self.index << 48
        )
        return struct.pack("<QQQQ", self.cookie, self.bytes_done, self.fault_addr, word)

    @classmethod
    def unpack(cls, image: bytes) -> Completion:
        """From 32 bytes of memory."""
        cookie, bytes_done, fault_addr, word = struct.unpack("<QQQQ", image)
        return cls(
            cookie, bytes_done, fault_addr, word & 0xFF, word >> 8 & 0xFF,
            bool(word >> 32 & 1), word >> 33 & 3, word >> 48,
        )  # fmt: skip


def setup_writes(
    queue: int, *, ring: int, ring_log2: int, pasid: int | None, irq: bool = True
) -> list[tuple[int, int]]:
    """Register writes (offset, value) that hand a reset queue to a process.

    ring       VA of the descriptor ring, aligned to 64 bytes
    ring_log2  log2 of the number of descriptors, 0 to 15
    pasid      SubstreamID of the process, None to send none
    """
    if ring % DESC_BYTES or not 0 <= ring < 1 << 64:
        raise ValueError(f"ring address {ring:#x} is not a 64-bit address aligned to 64 bytes")
    if not 0 <= ring_log2 <= RING_LOG2_MAX:
        raise ValueError(f"ring_log2 {ring_log2} is not in 0..{RING_LOG2_MAX}")
    return [
        (priv_reg(queue, PrivReg.PASID), 0 if pasid is None else pasid | PASID_VALID),
        (priv_reg(queue, PrivReg.RING_LO), ring & 0xFFFFFFFF),
        (priv_reg(queue, PrivReg.RING_HI), ring >> 32),
        (priv_reg(queue, PrivReg.RING_LOG2), ring_log2),
        (priv_reg(queue, PrivReg.CTRL), Ctrl.EN | (Ctrl.IE if irq else 0)),
    ]


def reset_writes(queue: int) -> list[tuple[int, int]]:
    """Register writes that take a queue back; poll STATUS until `resetting` is false."""
    return [(priv_reg(queue, PrivReg.CTRL), int(Ctrl.RESET))]


class Ring:
    """Index arithmetic of a user-space ring: free-running 16-bit head and tail."""

    def __init__(self, base: int, log2: int) -> None:
        self.base = base
        self.size = 1 << log2
        self.head = 0
        self.tail = 0

    @property
    def free(self) -> int:
        """Descriptors that can still be posted."""
        return self.size - ((self.tail - self.head) & INDEX_MASK)

    def slot(self, index: int) -> int:
        """VA of the descriptor of a free-running index."""
        return self.base + (index & (self.size - 1)) * DESC_BYTES

    def post(self) -> int:
        """Take the next slot; returns its VA. `tail` is then the doorbell value."""
        if self.free == 0:
            raise IndexError("descriptor ring is full")
        va = self.slot(self.tail)
        self.tail = (self.tail + 1) & INDEX_MASK
        return va

    def retire(self, head: int) -> int:
        """Move on to the value of UserReg.HEAD; returns how many have ended since."""
        ended = (head - self.head) & INDEX_MASK
        self.head = head & INDEX_MASK
        return ended
