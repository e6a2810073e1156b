# SPDX-License-Identifier: Apache-2.0
"""Load and validate the field source `hdl/smmu/smmu_fields.yaml`.

Nothing is generated from a source that fails here: every mistake ends in one `SpecError` whose
text names the place (structure and field), so that the tools can print one clear line.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.tools.gen_yaml import (
    CLASS_RE,
    NAME_RE,
    SpecError,
    check_keys,
    get_bool,
    get_int,
    get_list,
    get_milestone,
    get_name,
    get_str,
    load_yaml,
    unique,
)

ACCESSES = ("RO", "RW", "WO")


@dataclass(frozen=True)
class Bits:
    """One field of a structure; `lsb` and `width` in bits."""

    name: str
    lsb: int
    width: int
    doc: str
    addr: bool = False
    trunc: bool = False
    overlay: bool = False
    ro: bool = False
    res0: bool = False
    alias: str = ""
    enum: str = ""
    guard: str = ""
    param: str = ""
    milestone: int = 1

    @property
    def msb(self) -> int:
        """Highest bit."""
        return self.lsb + self.width - 1

    @property
    def mask(self) -> int:
        """Bits of the field, in place."""
        return ((1 << self.width) - 1) << self.lsb

    @property
    def span(self) -> str:
        """Position as `hi:lo` or `bit`."""
        return str(self.lsb) if self.width == 1 else f"{self.msb}:{self.lsb}"


@dataclass(frozen=True)
class Struct:
    """A structure in memory, or a register's fields."""

    name: str
    width: int
    doc: str
    fields: tuple[Bits, ...]


@dataclass(frozen=True)
class Reg(Struct):
    """A register."""

    offset: int = 0
    access: str = "RW"
    reset: int = 0
    guard: str = "NONE"
    milestone: int = 1
    volatile: bool = False
    oas: int = 64

    def implemented(self, item: Bits) -> int:
        """Width of a field in this build: address bits at and above OAS are RES0 (REG-017)."""
        if item.res0 or self.milestone != 1:
            return 0
        return min(item.width, self.oas - item.lsb) if item.addr else item.width

    def mask(self, *, writable: bool) -> int:
        """Bits that can be written (or read as 1) in this build."""
        bits = 0
        for item in self.fields:
            if not (writable and (item.ro or self.access == "RO")):
                bits |= ((1 << self.implemented(item)) - 1) << item.lsb
        return bits


@dataclass(frozen=True)
class Cmd:
    """A command and its fields in packing order."""

    name: str
    op: int
    family: str
    milestone: int
    doc: str
    fields: tuple[Bits, ...]


@dataclass(frozen=True)
class Evt:
    """An event type and the names of its fields."""

    name: str
    code: int
    stall: bool
    milestone: int
    doc: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class EnumSpec:
    """A set of codes."""

    name: str
    prefix: str
    width: int
    doc: str
    values: dict[str, int]


@dataclass(frozen=True)
class Spec:
    """Everything the generators need."""

    guards: dict[str, str]
    registers: tuple[Reg, ...]
    structures: tuple[Struct, ...]
    command_width: int
    command_doc: str
    command_sets: dict[str, tuple[Bits, ...]]
    commands: tuple[Cmd, ...]
    event: Struct
    events: tuple[Evt, ...]
    enums: tuple[EnumSpec, ...]


# ---- fields ------------------------------------------------------------------------

FIELD_MAY = "addr trunc overlay ro res0 alias enum guard param milestone".split()


def parse_bits(text: Any, where: str, width: int) -> tuple[int, int]:
    """(lsb, width) of a `hi:lo` or `bit` text."""
    match = re.fullmatch(r"(\d+)(?::(\d+))?", str(text)) if isinstance(text, (str, int)) else None
    if match is None:
        raise SpecError(f"{where}.bits: 'hi:lo' or 'bit' is wanted, got {text!r}")
    high = int(match[1])
    low = int(match[2]) if match[2] is not None else high
    if low > high:
        raise SpecError(f"{where}.bits: {text} is reversed")
    if high >= width:
        raise SpecError(f"{where}.bits: {text} is outside the {width} bits")
    return low, high - low + 1


def parse_fields(nodes: Any, where: str, width: int) -> tuple[Bits, ...]:
    """Fields of one structure, names unique; overlaps are checked by the caller."""
    if not isinstance(nodes, list):
        raise SpecError(f"{where}.fields: a list is wanted")
    result: list[Bits] = []
    for index, node in enumerate(nodes):
        name = get_name(node, f"{where}.fields[{index}]")
        place = f"{where}.{name}"
        check_keys(node, place, ("name", "bits", "doc"), FIELD_MAY)
        lsb, size = parse_bits(node["bits"], place, width)
        if lsb // 64 != (lsb + size - 1) // 64:
            raise SpecError(f"{place}.bits: {node['bits']} crosses a 64-bit word")
        result.append(
            Bits(
                name=name,
                lsb=lsb,
                width=size,
                doc=get_str(node, "doc", place),
                addr=get_bool(node, "addr", place),
                trunc=get_bool(node, "trunc", place),
                overlay=get_bool(node, "overlay", place),
                ro=get_bool(node, "ro", place),
                res0=get_bool(node, "res0", place),
                alias=get_str(node, "alias", place, ""),
                enum=get_str(node, "enum", place, ""),
                guard=get_str(node, "guard", place, ""),
                param=get_str(node, "param", place, ""),
                milestone=get_milestone(node, place),
            )
        )
        if keyword.iskeyword(name.lower()) and not result[-1].alias:
            raise SpecError(f"{place}: '{name.lower()}' is a Python word, an alias is wanted")
    unique(result, where, "the name", (item.name for item in result))
    return tuple(result)


def check_overlap(fields: Iterable[Bits], where: str) -> None:
    """SpecError when two fields that are not overlays share a bit."""
    taken: list[Bits] = []
    for item in sorted((f for f in fields if not f.overlay), key=lambda f: f.lsb):
        if taken and taken[-1].msb >= item.lsb:
            raise SpecError(
                f"{where}.{item.name}: bits {item.span} overlap {taken[-1].name} ({taken[-1].span})"
            )
        taken.append(item)


# ---- sections ------------------------------------------------------------------------


def parse_register(node: Any, index: int, guards: dict[str, str], oas: int) -> Reg:
    """One register."""
    where = f"registers.{get_name(node, f'registers[{index}]')}"
    check_keys(node, where, ("name", "hw", "fields", "doc"))
    facts = node["hw"]
    may = ("width", "guard", "milestone", "volatile")
    check_keys(facts, f"{where}.hw", ("offset", "access", "reset"), may)
    width = get_int(facts, "width", where, 8, 32)
    if width not in (32, 64):
        raise SpecError(f"{where}.width: 32 or 64 is wanted")
    offset = get_int(facts, "offset", where, 17)
    if offset % (width // 8):
        raise SpecError(f"{where}.offset: {offset:#x} is not aligned to {width // 8} bytes")
    if facts["access"] not in ACCESSES:
        raise SpecError(f"{where}.access: one of {', '.join(ACCESSES)} is wanted")
    fields = parse_fields(node["fields"], where, width)
    check_overlap(fields, where)
    guard = get_str(facts, "guard", where, "NONE")
    for place, name in [(where, guard)] + [(f"{where}.{f.name}", f.guard) for f in fields]:
        if name and name not in guards:
            raise SpecError(f"{place}.guard: no guard {name!r}")
    reset = get_int(facts, "reset", where, width)
    known = 0
    for item in fields:
        known |= item.mask
    if fields and reset & ~known:
        raise SpecError(f"{where}.reset: {reset:#x} sets bits outside all fields")
    return Reg(
        name=node["name"],
        width=width,
        doc=get_str(node, "doc", where),
        fields=fields,
        offset=offset,
        access=facts["access"],
        reset=reset,
        guard=guard,
        milestone=get_milestone(facts, where),
        volatile=get_bool(facts, "volatile", where),
        oas=oas,
    )


def parse_struct(node: Any, index: int) -> Struct:
    """One structure in memory."""
    where = f"structures.{get_name(node, f'structures[{index}]')}"
    check_keys(node, where, ("name", "width", "doc", "fields"))
    width = get_int(node, "width", where, 12)
    if width == 0 or width % 8:
        raise SpecError(f"{where}.width: a multiple of 8 bits is wanted")
    fields = parse_fields(node["fields"], where, width)
    check_overlap(fields, where)
    return Struct(node["name"], width, get_str(node, "doc", where), fields)


def parse_commands(node: Any) -> tuple[int, str, dict[str, tuple[Bits, ...]], tuple[Cmd, ...]]:
    """Width, text, field sets and the commands."""
    check_keys(node, "commands", ("width", "doc", "sets", "list"))
    width = get_int(node, "width", "commands", 12)
    if not isinstance(node["sets"], dict) or "COMMON" not in node["sets"]:
        raise SpecError("commands.sets: a mapping with COMMON is wanted")
    sets = {
        str(name): parse_fields(nodes, f"commands.sets.{name}", width)
        for name, nodes in node["sets"].items()
    }
    common = {item.name: item for item in sets["COMMON"]}
    if "OPCODE" not in common:
        raise SpecError("commands.sets.COMMON: field OPCODE is missing")
    result: list[Cmd] = []
    for index, item in enumerate(get_list(node, "list", "commands")):
        where = f"commands.{get_name(item, f'commands.list[{index}]')}"
        check_keys(item, where, ("name", "op", "set", "fields", "doc"), ("milestone",))
        if item["set"] not in sets:
            raise SpecError(f"{where}.set: no field set {item['set']!r}")
        own = {f.name: f for f in sets[item["set"]]}
        fields = [common["OPCODE"]]
        for name in get_list(item, "fields", where):
            found = own.get(name) or common.get(name)
            if found is None:
                raise SpecError(f"{where}.fields: no field {name!r} in {item['set']} or COMMON")
            fields.append(found)
        check_overlap(fields, where)
        result.append(
            Cmd(
                name=item["name"],
                op=get_int(item, "op", where, 8),
                family=item["set"],
                milestone=get_milestone(item, where),
                doc=get_str(item, "doc", where),
                fields=tuple(fields),
            )
        )
    unique(result, "commands", "the name", (c.name for c in result))
    unique(result, "commands", "the opcode", (c.op for c in result))
    return width, get_str(node, "doc", "commands"), sets, tuple(result)


def parse_events(node: Any) -> tuple[Struct, tuple[Evt, ...]]:
    """The record and the event types."""
    check_keys(node, "events", ("width", "doc", "fields", "types"))
    width = get_int(node, "width", "events", 12)
    fields = parse_fields(node["fields"], "events", width)
    check_overlap(fields, "events")
    by_name = {item.name: item for item in fields}
    for name in ("TYPE", "STREAMID"):
        if name not in by_name:
            raise SpecError(f"events.fields: field {name} is missing")
    result: list[Evt] = []
    for index, item in enumerate(get_list(node, "types", "events")):
        where = f"events.{get_name(item, f'events.types[{index}]')}"
        check_keys(item, where, ("name", "code", "fields", "doc"), ("stall", "milestone"))
        used = [by_name["TYPE"], by_name["STREAMID"]]
        for name in get_list(item, "fields", where):
            if name not in by_name:
                raise SpecError(f"{where}.fields: no field {name!r} in the record")
            # an overlay is a plain field for the event that uses it
            used.append(Bits(name, by_name[name].lsb, by_name[name].width, ""))
        check_overlap(used, where)
        result.append(
            Evt(
                name=item["name"],
                code=get_int(item, "code", where, 8),
                stall=get_bool(item, "stall", where),
                milestone=get_milestone(item, where),
                doc=get_str(item, "doc", where),
                fields=tuple(item["fields"]),
            )
        )
    unique(result, "events", "the name", (e.name for e in result))
    unique(result, "events", "the code", (e.code for e in result))
    return Struct("EVTREC", width, get_str(node, "doc", "events"), fields), tuple(result)


def parse_enum(node: Any, index: int) -> EnumSpec:
    """One set of codes."""
    where = f"enums.{get_name(node, f'enums[{index}]', CLASS_RE)}"
    check_keys(node, where, ("name", "prefix", "width", "doc", "values"))
    width = get_int(node, "width", where, 6)
    values = node["values"]
    if not isinstance(values, dict) or not values:
        raise SpecError(f"{where}.values: a mapping of names to codes is wanted")
    for name in values:
        if not isinstance(name, str) or not NAME_RE.match(name):
            raise SpecError(f"{where}.values: bad name {name!r}")
        get_int(values, name, f"{where}.values", width)
    if len(set(values.values())) != len(values):
        raise SpecError(f"{where}.values: a code is used twice")
    return EnumSpec(
        node["name"], get_str(node, "prefix", where), width, get_str(node, "doc", where), values
    )


def parse_spec(data: dict[str, Any]) -> Spec:
    """Validate the whole document."""
    check_keys(
        data,
        "top level",
        ("version", "oas", "guards", "registers", "structures", "commands", "events", "enums"),
    )
    if data["version"] != 1:
        raise SpecError(f"version: 1 is wanted, got {data['version']!r}")
    oas = get_int(data, "oas", "top level", 6)
    if not isinstance(data["guards"], dict):
        raise SpecError("guards: a mapping is wanted")
    guards: dict[str, str] = {}
    for name, node in data["guards"].items():
        check_keys(node, f"guards.{name}", ("doc",))
        guards[str(name)] = get_str(node, "doc", f"guards.{name}")
    registers = tuple(
        parse_register(node, i, guards, oas)
        for i, node in enumerate(get_list(data, "registers", "top level"))
    )
    unique(registers, "registers", "the name", (r.name for r in registers))
    words = [(r, r.offset + 4 * i) for r in registers for i in range(r.width // 32)]
    unique([w[0] for w in words], "registers", "the offset", (w[1] for w in words))
    structures = tuple(
        parse_struct(node, i) for i, node in enumerate(get_list(data, "structures", "top level"))
    )
    unique(structures, "structures", "the name", (s.name for s in structures))
    width, doc, sets, commands = parse_commands(data["commands"])
    record, events = parse_events(data["events"])
    enums = tuple(
        parse_enum(node, i) for i, node in enumerate(get_list(data, "enums", "top level"))
    )
    enums += (
        EnumSpec("Op", "OP", 8, "Command opcodes", {c.name: c.op for c in commands}),
        EnumSpec("Event", "EVT", 8, "Event codes", {e.name: e.code for e in events}),
    )
    unique(enums, "enums", "the name", (e.name for e in enums))
    unique(enums, "enums", "the prefix", (e.prefix for e in enums))
    widths = {e.name: e.width for e in enums}
    groups: list[tuple[str, tuple[Bits, ...]]] = [
        *((f"registers.{r.name}", r.fields) for r in registers),
        *((f"structures.{s.name}", s.fields) for s in structures),
        *((f"commands.sets.{n}", f) for n, f in sets.items()),
        ("events", record.fields),
    ]
    for where, fields in groups:
        for item in fields:
            if item.enum and item.enum not in widths:
                raise SpecError(f"{where}.{item.name}.enum: no enumeration {item.enum!r}")
            if item.enum and widths[item.enum] > item.width:
                raise SpecError(f"{where}.{item.name}.enum: {item.enum} is wider than the field")
    return Spec(guards, registers, structures, width, doc, sets, commands, record, events, enums)


def load_spec(path: Path) -> Spec:
    """Read and validate the field source."""
    data = load_yaml(path)
    try:
        return parse_spec(data)
    except SpecError as err:
        raise SpecError(f"{path.name}: {err}") from None
