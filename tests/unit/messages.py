# SPDX-License-Identifier: Apache-2.0
"""Internal messages of the RTL (UP, ENT, INV, FLT, CFG...), read from hdl/smmu/smmu_if.vh.

``unpack("ENT", value)`` gives ``{"sid": 3, "vpn": 0x1234, ...}``, ``pack("INV", s1=1, vmid=7)``
an integer, ``constant("UP_K_CFG")`` the value of a macro.
"""

from __future__ import annotations

import re
from functools import cache

from sim.options import ROOT

_HEADERS = ("hdl/smmu/smmu_if.vh",)
_DEFINE = re.compile(r"^`define\s+(\w+)\s+(.*?)\s*(?://.*)?$", re.MULTILINE)
_SIZED = re.compile(r"\d+'d(\d+)")


@cache
def _values() -> dict[str, int]:
    """Every numeric macro of the headers."""
    found: dict[str, int] = {}
    for header in _HEADERS:
        for name, text in _DEFINE.findall((ROOT / header).read_text()):
            text = _SIZED.sub(r"\1", text)
            text = re.sub(r"`(\w+)", lambda m: str(found[m.group(1)]), text)
            if re.fullmatch(r"[\d\s()+*-]+", text):
                found[name] = int(eval(text))  # only digits and + - * ( ) get here
    return found


def constant(name: str) -> int:
    """Value of a macro."""
    return _values()[name]


@cache
def fields(message: str) -> dict[str, tuple[int, int]]:
    """``{field: (lsb, width)}`` of a message, names in lower case."""
    values = _values()
    found = {}
    for name, lsb in values.items():
        if name.startswith(message + "_") and name.endswith("_LSB"):
            field = name[len(message) + 1 : -4]
            found[field.lower()] = (lsb, values[f"{message}_{field}_W"])
    return found


def pack(message: str, **given: int) -> int:
    """An integer with the given fields, all others 0; ValueError when one does not fit."""
    known = fields(message)
    bits = 0
    for name, value in given.items():
        lsb, width = known[name]
        if int(value) >> width or value < 0:
            raise ValueError(f"{message}.{name}: {value:#x} does not fit {width} bits")
        bits |= int(value) << lsb
    return bits


def unpack(message: str, bits: int) -> dict[str, int]:
    """All fields of a message."""
    return {
        name: bits >> lsb & ((1 << width) - 1) for name, (lsb, width) in fields(message).items()
    }
