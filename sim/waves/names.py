# SPDX-License-Identifier: Apache-2.0
"""Names of states, read from the Verilog itself, and which module a recorded scope is.

A state register is `state_q`. Its names are the localparams ST_* (or S_*) of its module, or the
`defines` it is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim import sources
from sim.options import OptionError

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LOCALPARAMS = re.compile(r"\blocalparam\s*\[(\d+):0\]\s*((?:ST|S)_\w+\s*=[^;]*);")
_VALUE = re.compile(r"\b(?:ST|S)_(\w+)\s*=\s*\d+'([bdh])([0-9a-fA-F_]+)")
_DEFINE = re.compile(r"^\s*`define\s+(\w+)\s+(.+?)\s*(?://.*)?$", re.MULTILINE)
_SIZED = re.compile(r"(\d+)'([bdh])([0-9a-fA-F_]+)")
_COMPARED = re.compile(r"\bstate_[qd]\s*(?:==|!=|<=|=)\s*`([A-Z]+)_")
_STATE = re.compile(r"\breg\s*\[\d+:0\]\s*[^;]*\bstate_q\b")
_BASES = {"b": 2, "d": 10, "h": 16}


@dataclass(frozen=True)
class Table:
    """The states of a module: width in bits, text by value."""

    name: str
    width: int
    texts: tuple[tuple[int, str], ...]

    def text(self, value: int | None) -> str:
        """A state as text; an unknown or unnamed one as what it is."""
        if value is None:
            return "x"
        return dict(self.texts).get(value, str(value))


@cache
def _code(path: Path) -> str:
    return _COMMENT.sub(" ", path.read_text())


@cache
def defines() -> dict[str, str]:
    """Every define of the headers of hdl/."""
    headers = (p for folder in sources.include_dirs() for p in sorted(folder.glob("*.vh")))
    return {name: value for path in headers for name, value in _DEFINE.findall(path.read_text())}


@cache
def number(name: str) -> int:
    """The value of a define: a sum or product of numbers and other defines."""
    if name not in defines():
        raise OptionError(f"no `define {name} in the headers of hdl/")
    text = re.sub(r"`(\w+)", lambda found: str(number(found[1])), defines()[name])
    text = _SIZED.sub(lambda found: str(int(found[3], _BASES[found[2]])), text)
    if not re.fullmatch(r"[\d\s+*()-]+", text):
        raise OptionError(f"`define {name} is no number: {defines()[name]}")
    return int(eval(text))  # digits and operators only, see above


def codes(prefix: str) -> Table:
    """The defines of one prefix that are sized numbers: `TS_FREE 3'd0 and its like."""
    found = {
        name.removeprefix(f"{prefix}_"): sized
        for name, value in defines().items()
        if name.startswith(f"{prefix}_") and (sized := _SIZED.fullmatch(value))
    }
    if not found:
        raise OptionError(f"no `define {prefix}_* with a value in the headers of hdl/")
    texts = sorted((int(v[3], _BASES[v[2]]), name) for name, v in found.items())
    return Table(prefix.lower(), max(int(v[1]) for v in found.values()), tuple(texts))


@cache
def states(module: str) -> Table | None:
    """The states of a module; None when it has no state register."""
    path = sources.library().get(module)
    if path is None or not _STATE.search(_code(path)):
        return None
    for width, body in _LOCALPARAMS.findall(_code(path)):
        texts = [(int(value, _BASES[base]), name) for name, base, value in _VALUE.findall(body)]
        return Table(module, int(width) + 1, tuple(sorted(texts)))
    prefixes = set(_COMPARED.findall(_code(path)))
    if len(prefixes) != 1:
        raise OptionError(
            f"{path.name}: state_q has neither localparams ST_* nor one set of defines"
        )
    table = codes(prefixes.pop())
    return Table(module, table.width, table.texts)


# ---- scopes -----------------------------------------------------------------------------------


@cache
def instances(module: str) -> dict[str, str]:
    """Instance to module, of the instances in a module of the tree."""
    library = sources.library()
    if module not in library:
        return {}
    return {name: kind for kind, name in _instances(_code(library[module])) if kind in library}


def _instances(code: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"\b([A-Za-z_]\w*)\s*(#\s*\()?", code):
        end = _closing(code, found.end()) if found[2] else found.end()
        named = re.match(r"\s*([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?\(", code[end:])
        if named and (found[2] or code[found.end() - 1].isspace()):
            yield found[1], named[1]


def _closing(code: str, start: int) -> int:
    """Behind the parenthesis that closes the one before ``start``."""
    depth, at = 1, start
    while depth and at < len(code):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at


def module_of(scope: str, top: str) -> str:
    """The module of a recorded scope, from its path; that of a generate block is its parent's."""
    module = top
    for part in scope.split(".")[1:]:
        module = instances(module).get(part.partition("[")[0], module)
    return module
