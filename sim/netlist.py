# SPDX-License-Identifier: Apache-2.0
"""Combinational paths from pin to pin, in a flat module of a Yosys JSON netlist.

    for path in Netlist(load(file, "smmu_top")).pin_to_pin():
        print(path)

Yosys writes the netlist after `proc; flatten`: word-level cells, flip-flops, memory ports. The
search goes from each output pin towards the inputs and ends at a clocked cell, a clocked memory
port, a constant. Bitwise cells are followed bit by bit, all others from every input bit to every
output bit, so that the answer errs only towards paths that logic optimization would remove.
A cell this file does not know is an error, never a gap in the proof.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Bit = int | str  # a net of the netlist; "0", "1", "x", "z" are constants

LATCH = re.compile(r"\$(dlatch|adlatch|dlatchsr|sr|_DLATCH\w*|_SR\w*)$")
_CLOCKED = re.compile(r"\$(s|a|al)?dff(e|ce|sr|sre)?$")
_BITWISE = {"$and", "$or", "$xor", "$xnor", "$not", "$pos", "$buf"}
_WHOLE = re.compile(
    r"\$(add|sub|mul|neg|div|mod|divfloor|modfloor|pow|alu|macc(_v2)?|fa|lcu|lut|sop|"
    r"eq|ne|eqx|nex|lt|le|gt|ge|sh[lr]|sshl|sshr|shift|shiftx|bmux|demux|bwmux|concat|slice|"
    r"logic_(and|or|not)|reduce_(and|or|xor|xnor|bool))$"
)
_NO_OUTPUT = {"$memwr", "$memwr_v2", "$meminit", "$meminit_v2", "$scopeinfo", "$check", "$print"}


class NetlistError(ValueError):
    """The netlist is not what the check can judge; the message is one line."""


@dataclass(frozen=True)
class PinPath:
    """A combinational path: pins, and the nets between them from source to sink."""

    source: str
    sink: str
    through: tuple[str, ...]

    def __str__(self) -> str:
        return " -> ".join((self.source, *self.through, self.sink))


def load(file: Path, module: str) -> dict[str, Any]:
    """One module of a file of `write_json`."""
    try:
        return json.loads(file.read_text())["modules"][module]
    except (OSError, ValueError, KeyError) as err:
        raise NetlistError(f"{file.name}: no netlist of {module} ({err!r})") from err


def _clocked_read(cell: dict[str, Any]) -> bool:
    return "1" in cell["parameters"]["CLK_ENABLE"]


def _pick(bits: list[Bit], index: int, signed: str) -> list[Bit]:
    """Operand bit behind result bit `index`, extended as Yosys extends it."""
    if index < len(bits):
        return bits[index : index + 1]
    return bits[-1:] if "1" in signed else []


class Netlist:
    """A flat module: who drives each bit, and what a driver's output bit depends on."""

    def __init__(self, module: dict[str, Any]) -> None:
        self.cells: dict[str, dict[str, Any]] = module["cells"]
        self.ports: dict[str, dict[str, Any]] = module["ports"]
        self._names: dict[Bit, str] = {}
        for name, net in module["netnames"].items():
            for index, bit in enumerate(net["bits"]):
                shown = f"{name}[{index}]" if len(net["bits"]) > 1 else name
                if bit not in self._names or (self._names[bit][0] == "$" != name[0]):
                    self._names[bit] = shown
        self._driver: dict[Bit, tuple[str, str, int]] = {}
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                if self._is_output(name, cell, port):
                    for index, bit in enumerate(bits):
                        self._driver[bit] = (name, port, index)

    @staticmethod
    def _is_output(name: str, cell: dict[str, Any], port: str) -> bool:
        try:
            return cell["port_directions"][port] != "input"
        except KeyError:
            raise NetlistError(f"cell {name} of unknown type {cell['type']}") from None

    def latches(self) -> list[str]:
        """Cells that hold a value without a clock."""
        return [name for name, cell in self.cells.items() if LATCH.match(cell["type"])]

    def _behind(self, bit: Bit) -> list[Bit]:
        """The bits on which the value of `bit` depends in the same cycle."""
        if bit not in self._driver:
            return []
        name, port, index = self._driver[bit]
        cell = self.cells[name]
        kind, pins, params = cell["type"], cell["connections"], cell["parameters"]
        if _CLOCKED.match(kind):
            # An asynchronous reset or load acts without the clock.
            return [b for pin in ("ARST", "ALOAD", "AD", "SET", "CLR") for b in pins.get(pin, [])]
        if kind in ("$memrd", "$memrd_v2"):
            return [] if _clocked_read(cell) else list(pins["ADDR"])
        if kind in _BITWISE:
            found = _pick(pins["A"], index, params["A_SIGNED"])
            return found + (_pick(pins["B"], index, params["B_SIGNED"]) if "B" in pins else [])
        if kind == "$mux":
            return [pins["A"][index], pins["B"][index], *pins["S"]]
        if kind == "$pmux":
            return [pins["A"][index], *pins["B"][index :: len(pins["A"])], *pins["S"]]
        if LATCH.match(kind) or _WHOLE.match(kind):
            return [b for pin, bits in pins.items() if pin != port for b in bits]
        raise NetlistError(f"cell {name} of unknown type {kind}")

    def _pins(self, direction: str) -> Iterator[tuple[Bit, str]]:
        for name, port in self.ports.items():
            if port["direction"] in (direction, "inout"):
                for index, bit in enumerate(port["bits"]):
                    yield bit, f"{name}[{index}]" if len(port["bits"]) > 1 else name

    def pin_to_pin(self) -> list[PinPath]:
        """One path for each pair of input port and output port that has any."""
        inputs = dict(self._pins("input"))
        found: dict[tuple[str, str], PinPath] = {}
        for sink_bit, sink in self._pins("output"):
            came: dict[Bit, Bit | None] = {sink_bit: None}
            todo = [sink_bit]
            while todo:
                bit = todo.pop()
                if source := inputs.get(bit):
                    pair = (source.split("[")[0], sink.split("[")[0])
                    found.setdefault(pair, PinPath(source, sink, self._through(bit, came)))
                    continue
                for before in self._behind(bit):
                    if before not in came and not isinstance(before, str):
                        came[before] = bit
                        todo.append(before)
        return list(found.values())

    def _through(self, bit: Bit, came: dict[Bit, Bit | None]) -> tuple[str, ...]:
        """Named nets after `bit` on the way to the sink, the sink left out."""
        names: list[str] = []
        while (after := came[bit]) is not None:
            bit = after
            names.append(self._names.get(bit, ""))
        return tuple(n for n in names[:-1] if n and not n.startswith("$"))
