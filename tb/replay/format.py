# SPDX-License-Identifier: Apache-2.0
"""Reads replay cases (``smmu-replay/1``) and checks their form (architecture section 5).

A file that is not of this form raises :class:`FormatError`, whose text names the JSON path and
what was expected there.  What comes out is plain data with numbers as integers and byte strings
as bytes.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "smmu-replay/1"
RECORD_SIZE = 32
PAGE_SIZE = 4096
MAX_REGISTER = 0x20000

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_NOTES = frozenset({"about", "comment", "note"})


class FormatError(ValueError):
    """The document does not have the required form at ``path``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


@dataclass(frozen=True)
class Step:
    """One step: ``op`` and its arguments (see ``_STEPS`` for their names and types)."""

    op: str
    args: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["args"][name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class DmaExpect:
    """What a DMA must end with; None is not checked."""

    resp: str
    pa: int | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Record:
    """An event record under a mask."""

    value: bytes
    mask: bytes


@dataclass(frozen=True)
class Image:
    """Initial memory: bytes, or a fill value and a length in bytes."""

    pa: int
    data: bytes | None = None
    fill: int = 0
    length: int = 0


@dataclass(frozen=True)
class Case:
    """One replay case."""

    name: str
    memory: tuple[Image, ...]
    steps: tuple[Step, ...]
    features: dict[str, int] = field(default_factory=dict)
    about: str = ""
    source: str = ""


# ---- elementary values ---------------------------------------------------------------------
def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _fail(path: str, expected: str, value: Any) -> FormatError:
    return FormatError(path, f"expected {expected}, got {_show(value)}")


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fail(path, "an object", value)
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _fail(path, "a list", value)
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise _fail(path, "a non-empty string", value)
    return value


def _number(bits: int = 64) -> Callable[[Any, str], int]:
    def read(value: Any, path: str) -> int:
        if not isinstance(value, str) or not _NUMBER.fullmatch(value):
            raise _fail(path, 'a number as a string such as "0x20"', value)
        number = int(value, 16) if value[:2].lower() == "0x" else int(value)
        if number >> bits:
            raise _fail(path, f"a number of at most {bits} bits", value)
        return number

    return read


def _count(value: Any, path: str) -> int:
    """Lengths and flags may be plain JSON integers as well."""
    if isinstance(value, bool) or not isinstance(value, int):
        return _number()(value, path)
    if value < 0:
        raise _fail(path, "a number that is not negative", value)
    return value


def _bytes(value: Any, path: str) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise _fail(path, "an even number of hexadecimal digits", value)
    return bytes.fromhex(value)


def _flag(value: Any, path: str) -> bool:
    if value not in (0, 1, True, False, "0x0", "0x1", "0", "1"):
        raise _fail(path, "0 or 1", value)
    return value in (1, True, "0x1", "1")


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _fail(path, "true or false", value)
    return value


def _one_of(*names: str) -> Callable[[Any, str], str]:
    def read(value: Any, path: str) -> str:
        if value not in names:
            raise _fail(path, f"one of {', '.join(names)}", value)
        return value

    return read


def _optional(read: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, path: None if value is None else read(value, path)


# ---- composed values -----------------------------------------------------------------------
def _register(value: Any, path: str) -> int:
    offset = _number(32)(value, path)
    if offset % 4 or offset >= MAX_REGISTER:
        raise _fail(path, f"a multiple of 4 below 0x{MAX_REGISTER:x}", value)
    return offset


def _fields(
    value: Any, path: str, required: dict[str, Callable], optional: dict[str, Callable]
) -> dict[str, Any]:
    """Read an object with exactly these keys."""
    source = _object(value, path)
    for key in required:
        if key not in source:
            raise FormatError(f"{path}.{key}", "expected this key, it is missing")
    readers = {**required, **optional}
    for key in source:
        if key not in readers and key not in _NOTES:
            names = ", ".join(sorted(readers))
            raise FormatError(f"{path}.{key}", f"expected only the keys {names}")
    return {
        key: read(source[key], f"{path}.{key}") for key, read in readers.items() if key in source
    }


def _record(value: Any, path: str) -> Record:
    args = _fields(value, path, {"hex": _bytes}, {"mask": _bytes})
    args.setdefault("mask", b"\xff" * RECORD_SIZE)
    for key in ("hex", "mask"):
        if len(args[key]) != RECORD_SIZE:
            raise _fail(f"{path}.{key}", f"{2 * RECORD_SIZE} hexadecimal digits", value.get(key))
    return Record(args["hex"], args["mask"])


def _records(value: Any, path: str) -> tuple[Record, ...]:
    return tuple(_record(v, f"{path}[{i}]") for i, v in enumerate(_list(value, path)))


def _words(value: Any, path: str) -> bytes:
    words = _list(value, path)
    if len(words) != 2:
        raise _fail(path, "two 64-bit words", value)
    numbers = [_number(64)(word, f"{path}[{i}]") for i, word in enumerate(words)]
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def _prot(value: Any, path: str) -> dict[str, bool]:
    return _fields(value, path, {}, {"priv": _flag, "inst": _flag})


def _dma_expect(value: Any, path: str) -> DmaExpect:
    required = {"resp": _one_of("OKAY", "SLVERR", "RAZWI")}
    return DmaExpect(**_fields(value, path, required, {"pa": _number(), "data": _bytes}))


def _match(value: Any, path: str) -> dict[str, int | None]:
    keys = {"sid": _number(32), "ssid": _optional(_number(20)), "addr": _number()}
    return _fields(value, path, {}, keys)


_WRITE = {"reg": _register, "value": _number(32)}

_STEPS: dict[str, tuple[dict[str, Callable], dict[str, Callable]]] = {
    "write32": (_WRITE, {}),
    "write64": ({"reg": _register, "value": _number(64)}, {}),
    "read32": ({"reg": _register, "expect": _number(32)}, {"mask": _number(32)}),
    "poll32": (
        {"reg": _register, "value": _number(32)},
        {"mask": _number(32), "cycles": _count},
    ),
    "mem_write": ({"pa": _number(), "hex": _bytes}, {}),
    "mem_read": ({"pa": _number(), "expect": _bytes}, {}),
    "command": ({"words": _words}, {}),
    "sync": ({}, {}),
    "dma": (
        {"id": _text, "dir": _one_of("read", "write"), "sid": _number(32), "addr": _number()},
        {
            "ssid": _optional(_number(20)),
            "len": _count,
            "data": _bytes,
            "prot": _prot,
            "wait": _boolean,
            "expect": _dma_expect,
        },
    ),
    "await": ({"id": _text}, {}),
    "events": ({"expect": _records}, {"order": _one_of("exact", "any")}),
    "resume": (
        {"action": _one_of("retry", "abort", "terminate")},
        {"match": _match, "as_sid": _number(32)},
    ),
}


def _check_dma(args: dict[str, Any], path: str) -> None:
    if args["dir"] == "write":
        if "data" not in args:
            raise FormatError(f"{path}.data", "expected the bytes to write, they are missing")
        if args.setdefault("len", len(args["data"])) != len(args["data"]):
            raise _fail(f"{path}.len", f"the length of data, {len(args['data'])}", args["len"])
    elif "len" not in args:
        raise FormatError(f"{path}.len", "expected the number of bytes to read, it is missing")
    elif "data" in args:
        raise FormatError(f"{path}.data", "expected no data in a read")
    if not 1 <= args["len"] <= PAGE_SIZE:
        raise _fail(f"{path}.len", f"a length of 1 to {PAGE_SIZE} bytes", args["len"])


def _step(value: Any, path: str) -> Step:
    source = _object(value, path)
    if "op" not in source:
        raise FormatError(f"{path}.op", "expected this key, it is missing")
    op = source["op"]
    if not isinstance(op, str) or op not in _STEPS:
        raise _fail(f"{path}.op", f"one of {', '.join(_STEPS)}", op)
    required, optional = _STEPS[op]
    rest = {key: item for key, item in source.items() if key != "op"}
    args = _fields(rest, path, required, optional)
    if op == "dma":
        _check_dma(args, path)
    return Step(op, args)


def _image(value: Any, path: str) -> Image:
    keys = {"hex": _bytes, "fill": _number(8), "len": _count}
    args = _fields(value, path, {"pa": _number()}, keys)
    if ("hex" in args) == ("fill" in args):
        raise FormatError(path, "expected either hex, or fill with len")
    if "hex" in args:
        return Image(args["pa"], data=args["hex"])
    if "len" not in args:
        raise FormatError(f"{path}.len", "expected this key, it is missing")
    return Image(args["pa"], fill=args["fill"], length=args["len"])


def _features(value: Any, path: str) -> dict[str, int]:
    known = ("oas", "ssidsize", "term_model", "httu", "err_outside_ram")
    source = _object(value, path)
    return {key: _count(source[key], f"{path}.{key}") for key in known if key in source}


# ---- documents -----------------------------------------------------------------------------
def parse_case(document: Any, source: str = "") -> Case:
    """Check a decoded JSON document; FormatError names the first place that is wrong."""
    top = _object(document, "$")
    for key in ("format", "name", "steps"):
        if key not in top:
            raise FormatError(f"$.{key}", "expected this key, it is missing")
    if top["format"] != FORMAT:
        raise _fail("$.format", f'"{FORMAT}"', top["format"])
    images = _list(top.get("memory", []), "$.memory")
    steps = _list(top["steps"], "$.steps")
    case = Case(
        name=_text(top["name"], "$.name"),
        memory=tuple(_image(v, f"$.memory[{i}]") for i, v in enumerate(images)),
        steps=tuple(_step(v, f"$.steps[{i}]") for i, v in enumerate(steps)),
        features=_features(top.get("features", {}), "$.features"),
        about=str(top.get("about", "")),
        source=source,
    )
    _check_flights(case)
    return case


def _check_flights(case: Case) -> None:
    """Every await names a DMA in flight, and a name in flight is not used again."""
    flying: set[str] = set()
    for index, step in enumerate(case.steps):
        path = f"$.steps[{index}].id"
        if step.op == "dma":
            if step.id in flying:
                raise _fail(path, "an id that is not in flight", step.id)
            if not step.args.get("wait", True):
                flying.add(step.id)
        elif step.op == "await":
            if step.id not in flying:
                raise _fail(path, 'the id of an earlier dma with "wait": false', step.id)
            flying.discard(step.id)


def read_document(path: Path) -> Any:
    """The JSON of one ``.json`` or ``.json.gz`` file, its form not checked."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, ValueError) as error:
            raise FormatError("$", f"expected a gzip file, {error}") from None
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError("$", f"expected UTF-8 text, {error.reason}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise FormatError("$", f"expected JSON, {error.msg} at {where}") from None
    except RecursionError:
        raise FormatError("$", "expected JSON of reasonable depth") from None


def load_case(path: Path) -> Case:
    """Read and check one ``.json`` or ``.json.gz`` file."""
    return parse_case(read_document(path), str(path))


def dump(document: dict[str, Any]) -> str:
    """JSON with one memory region and one step a line."""
    head = {k: v for k, v in document.items() if k not in ("memory", "steps")}
    parts = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for key in ("memory", "steps"):
        rows = ",\n".join(f"  {json.dumps(row)}" for row in document.get(key, []))
        parts.append(f' "{key}": [\n{rows}\n ]' if rows else f' "{key}": []')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def find_cases(path: Path) -> list[Path]:
    """Case files at a path: the file itself, or all of a folder, in order of their names."""
    if path.is_file():
        return [path]
    found = [*path.rglob("*.json"), *path.rglob("*.json.gz")]
    return sorted(item for item in found if item.is_file())
