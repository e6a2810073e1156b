# SPDX-License-Identifier: Apache-2.0
"""Sparse physical memory shared by every model of the machine (architecture section 3).

Two doors lead in:

* the *bus door* (:meth:`Memory.read`, :meth:`Memory.write`, the atomics) is what a bus master
  uses: it honours injected errors, is logged when logging is on, and is checked against the
  owners of the pages;
* the *back door* (:meth:`Memory.peek`, :meth:`Memory.poke`, :meth:`Memory.fill`) is for test
  benches: it never fails, is never logged and never checked.

Addresses are byte addresses of at most 64 bits; lengths are bytes.  Memory nobody has written
reads as zero, so no unknown value can come out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
PAGE_MASK = PAGE_SIZE - 1

Strobe = int | Sequence[int] | None


@dataclass
class ErrorRange:
    """An address range whose accesses are answered with an error.

    ``response`` is ``"SLVERR"`` or ``"DECERR"``; ``reads``/``writes`` select the direction;
    ``who`` limits it to one master; ``count`` makes it disappear after that many errors.
    """

    base: int
    length: int
    response: str = "SLVERR"
    reads: bool = True
    writes: bool = True
    who: str | None = None
    count: int | None = None

    def hits(self, pa: int, n: int, is_write: bool, who: str) -> bool:
        """True when an access of ``n`` bytes at ``pa`` is answered by this range."""
        if self.count == 0 or not (self.writes if is_write else self.reads):
            return False
        if self.who is not None and self.who != who:
            return False
        return pa < self.base + self.length and self.base < pa + n


@dataclass(frozen=True)
class Access:
    """One logged bus access."""

    who: str
    is_write: bool
    pa: int
    length: int
    ok: bool


@dataclass(frozen=True)
class Violation:
    """An access by a master that has no right to the owner of that address."""

    access: Access
    owner: str


@dataclass
class OwnerRange:
    """``length`` bytes at ``base`` belong to ``owner`` (a guest, a process, the host...)."""

    base: int
    length: int
    owner: str


@dataclass
class Memory:
    """Byte-addressed sparse memory made of 4 KB frames that appear when first written."""

    logging: bool = False
    log: list[Access] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    observers: list[Callable[[Access], None]] = field(default_factory=list)
    on_change: list[Callable[[int, bytes], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._frames: dict[int, bytearray] = {}
        self._errors: list[ErrorRange] = []
        self._owners: dict[int, list[OwnerRange]] = {}
        self._rights: dict[str, set[str]] = {}

    # ---- back door -----------------------------------------------------------------------
    def peek(self, pa: int, n: int) -> bytes:
        """Return ``n`` bytes at ``pa``; frames nobody wrote read as zero."""
        offset = pa & PAGE_MASK
        if offset + n <= PAGE_SIZE:
            frame = self._frames.get(pa >> PAGE_SHIFT)
            return bytes(n) if frame is None else bytes(frame[offset : offset + n])
        first = PAGE_SIZE - offset
        return self.peek(pa, first) + self.peek(pa + first, n - first)

    def poke(self, pa: int, data: bytes) -> None:
        """Store ``data`` at ``pa``; ``on_change`` is told the address and the bytes before."""
        for observer in self.on_change:
            observer(pa, self.peek(pa, len(data)))
        done = 0
        while done < len(data):
            frame = self._frame(pa + done)
            offset = (pa + done) & PAGE_MASK
            n = min(PAGE_SIZE - offset, len(data) - done)
            frame[offset : offset + n] = data[done : done + n]
            done += n

    def fill(self, pa: int, length: int, value: int = 0) -> None:
        """Set ``length`` bytes at ``pa`` to the byte ``value``."""
        done = 0
        while done < length:
            n = min(PAGE_SIZE - ((pa + done) & PAGE_MASK), length - done)
            self.poke(pa + done, bytes([value & 0xFF]) * n)
            done += n

    def peek32(self, pa: int) -> int:
        """Back-door read of a little-endian 32-bit word."""
        return int.from_bytes(self.peek(pa, 4), "little")

    def peek64(self, pa: int) -> int:
        """Back-door read of a little-endian 64-bit word."""
        return int.from_bytes(self.peek(pa, 8), "little")

    def poke32(self, pa: int, value: int) -> None:
        """Back-door write of a little-endian 32-bit word."""
        self.poke(pa, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def poke64(self, pa: int, value: int) -> None:
        """Back-door write of a little-endian 64-bit word."""
        self.poke(pa, (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little"))

    def touched(self) -> list[int]:
        """Base addresses of all frames that were ever written, ascending."""
        return [number << PAGE_SHIFT for number in sorted(self._frames)]

    def clear(self) -> None:
        """Forget contents, errors, owners, rights, log and violations."""
        for store in (self._frames, self._errors, self._owners, self._rights):
            store.clear()
        self.log.clear()
        self.violations.clear()

    # ---- bus door ------------------------------------------------------------------------
    def read(self, pa: int, n: int, who: str = "") -> tuple[bytes, bool]:
        """Bus read: ``(data, ok)``; the data of a failed read is zero."""
        ok = self._arrive(pa, n, False, who)
        return (self.peek(pa, n) if ok else bytes(n)), ok

    def write(self, pa: int, data: bytes, strb: Strobe = None, who: str = "") -> bool:
        """Bus write; ``strb`` is a bit mask or a sequence with one truth value a byte."""
        if not self._arrive(pa, len(data), True, who):
            return False
        if strb is None:
            self.poke(pa, data)
            return True
        for index, byte in enumerate(data):
            enabled = (strb >> index) & 1 if isinstance(strb, int) else strb[index]
            if enabled:
                self.poke(pa + index, bytes([byte]))
        return True

    def read64(self, pa: int, who: str = "") -> tuple[int, bool]:
        """Bus read of an aligned little-endian 64-bit word (single-copy atomic)."""
        data, ok = self.read(_aligned(pa, 8), 8, who)
        return int.from_bytes(data, "little"), ok

    def write64(self, pa: int, value: int, who: str = "") -> bool:
        """Bus write of an aligned little-endian 64-bit word (single-copy atomic)."""
        return self.write(_aligned(pa, 8), value.to_bytes(8, "little"), who=who)

    def read32(self, pa: int, who: str = "") -> tuple[int, bool]:
        """Bus read of an aligned little-endian 32-bit word."""
        data, ok = self.read(_aligned(pa, 4), 4, who)
        return int.from_bytes(data, "little"), ok

    def write32(self, pa: int, value: int, who: str = "") -> bool:
        """Bus write of an aligned little-endian 32-bit word."""
        return self.write(_aligned(pa, 4), value.to_bytes(4, "little"), who=who)

    def update64(self, pa: int, change: Callable[[int], int], who: str = "") -> tuple[int, bool]:
        """Atomic read-modify-write; returns the old value and whether the bus accepted it."""
        old, ok = self.read64(pa, who)
        ok = ok and self.write64(pa, change(old) & 0xFFFFFFFFFFFFFFFF, who)
        return old, ok

    def compare_swap64(self, pa: int, expected: int, new: int, who: str = "") -> bool:
        """Atomic compare-and-swap; True when memory held ``expected`` and now holds ``new``."""
        old, ok = self.read64(pa, who)
        return ok and old == expected and self.write64(pa, new, who)

    def response_to(self, pa: int, n: int, is_write: bool, who: str = "") -> str:
        """Response the bus would give: ``"OKAY"``, ``"SLVERR"`` or ``"DECERR"``; no effect."""
        error = self._error_at(pa, n, is_write, who)
        return "OKAY" if error is None else error.response

    # ---- injected errors -----------------------------------------------------------------
    def add_error(self, base: int, length: int, **options) -> ErrorRange:
        """Answer accesses to the range with an error; options as in :class:`ErrorRange`."""
        error = ErrorRange(base, length, **options)
        if error.response not in ("SLVERR", "DECERR"):
            raise ValueError(f"unknown bus response {error.response!r}")
        self._errors.append(error)
        return error

    def remove_error(self, error: ErrorRange) -> None:
        """Take an injected error back."""
        self._errors.remove(error)

    # ---- owners --------------------------------------------------------------------------
    def set_owner(self, base: int, length: int, owner: str) -> None:
        """Give ``length`` bytes at ``base`` to ``owner``; the youngest claim wins."""
        entry = OwnerRange(base, length, owner)
        for number in range(base >> PAGE_SHIFT, ((base + length - 1) >> PAGE_SHIFT) + 1):
            first, last = number << PAGE_SHIFT, ((number + 1) << PAGE_SHIFT) - 1
            if base <= first and last < base + length:
                self._owners[number] = [entry]
            else:
                self._owners.setdefault(number, []).append(entry)

    def owner_of(self, pa: int) -> str | None:
        """Owner of the byte at ``pa``, or None."""
        for entry in reversed(self._owners.get(pa >> PAGE_SHIFT, [])):
            if entry.base <= pa < entry.base + entry.length:
                return entry.owner
        return None

    def allow(self, who: str, owners: Iterable[str]) -> None:
        """Limit master ``who`` to memory of ``owners``; a master never limited may go anywhere."""
        self._rights.setdefault(who, set()).update(owners)

    def forbid(self, who: str, owners: Iterable[str]) -> None:
        """Take rights of a limited master away again."""
        self._rights.setdefault(who, set()).difference_update(owners)

    # ---- internals -----------------------------------------------------------------------
    def _frame(self, pa: int) -> bytearray:
        number = pa >> PAGE_SHIFT
        frame = self._frames.get(number)
        if frame is None:
            frame = self._frames[number] = bytearray(PAGE_SIZE)
        return frame

    def _error_at(self, pa: int, n: int, is_write: bool, who: str) -> ErrorRange | None:
        for error in self._errors:
            if error.hits(pa, n, is_write, who):
                return error
        return None

    def _arrive(self, pa: int, n: int, is_write: bool, who: str) -> bool:
        """Book an access; False when an injected error answers it."""
        error = self._error_at(pa, n, is_write, who) if self._errors else None
        if error is not None and error.count is not None:
            error.count -= 1
        ok = error is None
        if not (self.logging or self.observers or self._owners):
            return ok
        access = Access(who, is_write, pa, n, ok)
        if self.logging:
            self.log.append(access)
        for observer in self.observers:
            observer(access)
        if ok:
            self._check_owner(access)
        return ok

    def _check_owner(self, access: Access) -> None:
        rights = self._rights.get(access.who)
        if rights is None:
            return
        first, last = access.pa >> PAGE_SHIFT, (access.pa + access.length - 1) >> PAGE_SHIFT
        for number in range(first, last + 1):
            for entry in self._owners.get(number, []):
                low = max(access.pa, entry.base, number << PAGE_SHIFT)
                high = min(access.pa + access.length, entry.base + entry.length)
                if low < high and self.owner_of(low) == entry.owner and entry.owner not in rights:
                    self.violations.append(Violation(access, entry.owner))
                    return


def _aligned(pa: int, size: int) -> int:
    if pa % size:
        raise ValueError(f"address 0x{pa:x} is not a multiple of {size}")
    return pa
