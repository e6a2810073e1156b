# SPDX-License-Identifier: Apache-2.0
"""Bit layouts of SMMU structures, commands, events and registers (architecture section 1).

`tb/models/fields.py` is generated and only holds data; the behaviour is here. One rule keeps
callers free of shifts: a field that holds address bits takes and gives the *full* byte address,
and its place in the 64-bit word tells which bits those are.

All structures are little-endian byte strings; bit n of a layout is bit n of that integer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum


@dataclass(frozen=True)
class Field:
    """One bit field. `lsb` and `width` are bits in the whole structure."""

    name: str
    lsb: int
    width: int
    doc: str = ""
    addr: bool = False
    trunc: bool = False
    overlay: bool = False
    alias: str = ""
    enum: type[IntEnum] | None = None

    @property
    def mask(self) -> int:
        """Bits of the field, in place."""
        return ((1 << self.width) - 1) << self.lsb

    @property
    def shift(self) -> int:
        """Lowest address bit held (0 for fields that are not addresses)."""
        return self.lsb % 64 if self.addr else 0

    def encode(self, value: int, where: str) -> int:
        """Bits in place for `value`; ValueError when it does not fit the field."""
        value = int(value)
        if value < 0:
            raise ValueError(f"{where}.{self.name}: negative value {value}")
        raw = value >> self.shift
        if not self.trunc and raw << self.shift != value:
            raise ValueError(
                f"{where}.{self.name}: address {value:#x} is not aligned to {1 << self.shift} bytes"
            )
        if raw >> self.width:
            raise ValueError(
                f"{where}.{self.name}: {value:#x} does not fit {self.width} bits"
                + (f" from address bit {self.shift}" if self.shift else "")
            )
        return raw << self.lsb

    def decode(self, bits: int) -> int:
        """Value of the field in the integer `bits`, as a full address for address fields."""
        return ((bits & self.mask) >> self.lsb) << self.shift


class Record(dict[str, int]):
    """Decoded fields: a dict whose keys are also attributes; aliases work for reading."""

    def __init__(self, layout: Layout, values: dict[str, int], *, name: str = "") -> None:
        super().__init__(values)
        object.__setattr__(self, "_layout", layout)
        object.__setattr__(self, "record_name", name or layout.name)

    def __getattr__(self, name: str) -> int:
        layout: Layout = object.__getattribute__(self, "_layout")
        key = layout.aliases.get(name, name)
        if key in self:
            return self[key]
        raise AttributeError(f"{self.record_name} has no field {name!r}")

    def __missing__(self, name: str) -> int:
        layout: Layout = object.__getattribute__(self, "_layout")
        key = layout.aliases.get(name)
        if key is None or key not in self:
            raise KeyError(name)
        return self[key]

    def __str__(self) -> str:
        parts = (f"{key}={value:#x}" for key, value in self.items() if value)
        return f"{self.record_name}({', '.join(parts)})"


class Layout:
    """A structure of `width` bits: pack, unpack, get and set by lower-case field name."""

    def __init__(self, name: str, width: int, fields: Iterable[Field], doc: str = "") -> None:
        self.name = name
        self.width = width
        self.size = width // 8
        self.doc = doc
        self.fields: dict[str, Field] = {item.name: item for item in fields}
        self.aliases: dict[str, str] = {
            item.alias: item.name for item in self.fields.values() if item.alias
        }

    def __repr__(self) -> str:
        return f"Layout({self.name}, {self.width} bits)"

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())

    def field(self, name: str) -> Field:
        """The field of that name or alias; ValueError names what exists nearby."""
        found = self.fields.get(self.aliases.get(name, name))
        if found is None:
            raise ValueError(f"{self.name}: unknown field {name!r}")
        return found

    def to_int(self, data: bytes | bytearray | memoryview | int) -> int:
        """The structure as an integer; ValueError when the length is wrong."""
        if isinstance(data, int):
            if data < 0 or data >> self.width:
                raise ValueError(f"{self.name}: value does not fit {self.width} bits")
            return data
        if len(data) != self.size:
            raise ValueError(f"{self.name}: {len(data)} bytes given, {self.size} wanted")
        return int.from_bytes(data, "little")

    def to_bytes(self, bits: int) -> bytes:
        """The integer `bits` as little-endian bytes."""
        return bits.to_bytes(self.size, "little")

    def pack_int(self, **values: int) -> int:
        """An integer with the given fields set and every other bit 0."""
        bits = 0
        for name, value in values.items():
            bits |= self.field(name).encode(value, self.name)
        return bits

    def pack(self, **values: int) -> bytes:
        """Bytes with the given fields set and every other bit 0."""
        return self.to_bytes(self.pack_int(**values))

    def unpack(self, data: bytes | bytearray | memoryview | int) -> Record:
        """Every field by name (overlays included)."""
        bits = self.to_int(data)
        return Record(self, {item.name: item.decode(bits) for item in self})

    def get(self, data: bytes | bytearray | memoryview | int, name: str) -> int:
        """One field."""
        return self.field(name).decode(self.to_int(data))

    def set(self, data: bytes | bytearray | memoryview | int, **values: int) -> bytes:
        """A copy of `data` with the given fields replaced."""
        bits = self.to_int(data)
        for name, value in values.items():
            item = self.field(name)
            bits = (bits & ~item.mask) | item.encode(value, self.name)
        return self.to_bytes(bits)

    def mask(self, *names: str) -> int:
        """Bits of the named fields, or of all fields when none is named."""
        chosen = [self.field(name) for name in names] or list(self.fields.values())
        bits = 0
        for item in chosen:
            bits |= item.mask
        return bits


class Register(Layout):
    """A register: a layout with an offset, a reset value, an access and a guard.

    `write_mask` holds the bits software can change in this build (guards aside), `read_mask` those
    that can read as 1; both are 0 for registers of a later milestone.
    """

    def __init__(
        self,
        name: str,
        offset: int,
        width: int,
        access: str,
        reset: int,
        guard: str,
        milestone: int,
        volatile: bool,
        write_mask: int,
        read_mask: int,
        fields: Iterable[Field],
        doc: str = "",
    ) -> None:
        super().__init__(name, width, fields, doc)
        self.offset = offset
        self.access = access
        self.reset = reset
        self.guard = guard
        self.milestone = milestone
        self.volatile = volatile
        self.write_mask = write_mask
        self.read_mask = read_mask

    def __repr__(self) -> str:
        return f"Register({self.name} at {self.offset:#07x}, {self.width} bits, {self.access})"

    def value(self, **values: int) -> int:
        """Register value with the given fields set and every other bit 0."""
        return self.pack_int(**values)


class RegisterMap:
    """All registers, as attributes by name, and by byte offset from page 0."""

    def __init__(self, registers: Iterable[Register]) -> None:
        self.by_name: dict[str, Register] = {reg.name: reg for reg in registers}
        self.by_offset: dict[int, Register] = {reg.offset: reg for reg in self.by_name.values()}

    def __getattr__(self, name: str) -> Register:
        try:
            return self.__dict__["by_name"][name]
        except KeyError:
            raise AttributeError(f"no register {name!r}") from None

    def __getitem__(self, key: str | int) -> Register:
        return self.by_name[key] if isinstance(key, str) else self.by_offset[key]

    def __iter__(self) -> Iterator[Register]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def at(self, offset: int) -> tuple[Register, int] | None:
        """Register that covers a 32-bit aligned byte offset, and the bit where that word starts."""
        for base in (offset, offset - 4):
            reg = self.by_offset.get(base)
            if reg is not None and (offset - base) * 8 < reg.width:
                return reg, (offset - base) * 8
        return None


class Command(Layout):
    """A command: `pack` adds the opcode."""

    def __init__(
        self, name: str, op: int, milestone: int, fields: Iterable[Field], doc: str = ""
    ) -> None:
        super().__init__(name, 128, fields, doc)
        self.op = op
        self.milestone = milestone

    def pack_int(self, **values: int) -> int:
        """The command with its opcode; `opcode=` replaces it (for illegal commands)."""
        values.setdefault("opcode", self.op)
        return super().pack_int(**values)

    def words(self, **values: int) -> tuple[int, int]:
        """The command as its two 64-bit words."""
        bits = self.pack_int(**values)
        return bits & (2**64 - 1), bits >> 64


@dataclass(frozen=True)
class EventType:
    """Which fields an event carries besides `type` and `streamid`."""

    name: str
    code: int
    stallable: bool
    milestone: int
    fields: tuple[str, ...] = ()
    doc: str = ""


@dataclass
class EventLayout:
    """Event records of 32 bytes, decoded by their type."""

    layout: Layout
    types: dict[int, EventType] = field(default_factory=dict)

    size: int = 32

    def names(self, code: int) -> tuple[str, ...]:
        """Field names of an event code; an unknown code has only the common ones."""
        kind = self.types.get(code)
        return ("type", "streamid") + (kind.fields if kind else ())

    def pack(self, code: int, **values: int) -> bytes:
        """A record of event `code`; ValueError for a field that event does not have."""
        names = self.names(code)
        for name in values:
            if self.layout.field(name).name not in names:
                raise ValueError(f"event {self.name(code)} has no field {name!r}")
        return self.layout.pack(type=code, **values)

    def unpack(self, data: bytes | bytearray | memoryview | int) -> Record:
        """The fields that the record's own type defines."""
        bits = self.layout.to_int(data)
        code = self.layout.get(bits, "type")
        values = {name: self.layout.get(bits, name) for name in self.names(code)}
        return Record(self.layout, values, name=self.name(code))

    def mask(self, code: int) -> int:
        """Bits that the event defines; all others are written 0."""
        return self.layout.mask(*self.names(code))

    def name(self, code: int) -> str:
        """Architecture name of an event code."""
        kind = self.types.get(code)
        return kind.name if kind else f"EVENT_{code:#04x}"
