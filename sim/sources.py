# SPDX-License-Identifier: Apache-2.0
"""Which Verilog files a top needs: file lists, and the closure of instantiated modules.

Files hold one module of their own name (style 3.2), so the tree itself is the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from sim.options import ROOT, OptionError, close_to

LIBRARY_DIRS = ("hdl", "tb")

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
# `name #(` or `name u_x (` / `name u_x [3:0] (`
_INSTANCE = re.compile(r"\b([A-Za-z_]\w*)(?:\s*#\s*\(|\s+[A-Za-z_]\w*\s*(?:\[[^\]]*\]\s*)?\()")
_PARAMETER = re.compile(r"\bparameter\b(?:\s+(?:integer|signed))*(?:\s*\[[^\]]*\])?\s*(\w+)\s*=")
_NEXT_PARAMETER = re.compile(r",\s*(\w+)\s*=")
# `input wire [3:0] a, b,` up to the next direction or the end of the list
_INPUTS = re.compile(
    r"\binput\b(?:\s+(?:wire|reg|signed))*\s*(?:\[[^\]]*\])?"
    r"((?:\s*\w+\s*,(?!\s*(?:input|output|inout)\b))*\s*\w+)"
)


def library() -> dict[str, Path]:
    """Module name to file, over hdl/ and tb/."""
    files = (p for d in LIBRARY_DIRS for p in sorted((ROOT / d).rglob("*.v")))
    return {path.stem: path for path in files}


def _text(path: Path) -> str:
    return _COMMENT.sub(" ", path.read_text())


@cache
def _candidates(path: Path, mtime_ns: int) -> frozenset[str]:
    del mtime_ns  # only part of the cache key
    return frozenset(_INSTANCE.findall(_text(path)))


def instantiated(path: Path, modules: Iterable[str]) -> set[str]:
    """Modules of `modules` that the file instantiates."""
    return (set(modules) & _candidates(path, path.stat().st_mtime_ns)) - {path.stem}


def closure(top: str, extra: Iterable[Path] = ()) -> list[Path]:
    """The files needed to elaborate `top`: dependencies first, each once."""
    modules = library() | {path.stem: path for path in extra}
    if top not in modules:
        raise OptionError(f"no module {top} below {', '.join(LIBRARY_DIRS)}; "
                          f"close: {close_to(top, list(modules))}")  # fmt: skip
    order: dict[Path, None] = {}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in visiting:
            return
        visiting.add(name)
        for child in sorted(instantiated(modules[name], modules)):
            visit(child)
        order[modules[name]] = None

    visit(top)
    return list(order)


def read_filelist(path: Path) -> list[Path]:
    """Files of a .f list: one path a line from the root, `-f other.f`, comments by // or #."""

    def lines(file: Path) -> Iterator[Path]:
        for raw in file.read_text().splitlines():
            line = re.sub(r"(//|#).*", "", raw).strip()
            if line.startswith("-f "):
                yield from lines(ROOT / line[3:].strip())
            elif line and not line.startswith(("+", "-")):
                yield ROOT / line

    return list(dict.fromkeys(lines(path)))


def rtl_files() -> list[Path]:
    """Every file of the synthesizable design."""
    return sorted((ROOT / "hdl").rglob("*.v"))


def include_dirs() -> list[Path]:
    """Every folder that holds headers (.vh)."""
    headers = (p for d in LIBRARY_DIRS for p in (ROOT / d).rglob("*.vh"))
    return sorted({p.parent for p in headers})


def headers_of(files: Iterable[Path]) -> list[Path]:
    """The headers the files include, headers of headers too."""
    by_name = {p.name: p for d in include_dirs() for p in d.glob("*.vh")}
    found: dict[Path, None] = {}
    todo = list(files)
    while todo:
        text = todo.pop().read_text()
        for name in re.findall(r'^\s*`include\s+"([^"]+)"', text, re.MULTILINE):
            header = by_name.get(Path(name).name)
            if header and header not in found:
                found[header] = None
                todo.append(header)
    return sorted(found)


def modules_in(path: Path) -> list[str]:
    """Names of the modules a file holds (files of other authors hold several)."""
    return re.findall(r"^\s*module\s+(\w+)", _text(path), re.MULTILINE)


def _header(path: Path, module: str) -> tuple[str, str]:
    """(parameters, ports) of a module's header, without comments."""
    head = re.search(
        rf"\bmodule\s+{module or '[A-Za-z_][A-Za-z_0-9]*'}\s*(?:#\s*\((.*?)\)\s*)?\((.*?)\)\s*;",
        _text(path), re.DOTALL,
    )  # fmt: skip
    return (head.group(1) or "", head.group(2)) if head else ("", "")


def ports_of(path: Path, module: str = "") -> list[str]:
    """Names of the ports in the header of a module (default: the first of the file)."""
    ports = _header(path, module)[1]
    return [
        part.split()[-1] for part in re.sub(r"\[[^\]]*\]", " ", ports).split(",") if part.split()
    ]


def parameter_defaults(path: Path) -> dict[str, str]:
    """Parameters of a module's header with their default values, as text."""
    found = re.findall(r"\bparameter\s+(\w+)\s*=\s*([^,()]+?)\s*(?:,|$)", _header(path, "")[0])
    return dict(found)


def parameters_of(path: Path, module: str = "") -> list[str]:
    """Names of the parameters a module's header declares, `parameter A = 1, B = 2` included."""
    head = _header(path, module)[0]
    names: list[str] = []
    for part in re.split(r"\bparameter\b", head)[1:]:
        declared = "parameter " + part
        names += _PARAMETER.findall(declared)
        names += _NEXT_PARAMETER.findall(declared)
    return list(dict.fromkeys(names))


def inputs_of(path: Path) -> list[str]:
    """Names of the input ports a module's header declares."""
    names = []
    for ports in _INPUTS.findall(_text(path)):
        names += [part.split()[-1] for part in ports.split(",") if part.strip()]
    return list(dict.fromkeys(names))


def tops(files: Iterable[Path]) -> list[str]:
    """Modules of `files` that no other of them instantiates."""
    files = list(files)
    names = [p.stem for p in files]
    used = set().union(*(instantiated(p, names) for p in files)) if files else set()
    return [n for n in names if n not in used]
