# SPDX-License-Identifier: Apache-2.0
"""TEST=...: which pytest functions, and which cocotb tests inside them, a name selects.

Nothing is imported to find out: files are parsed, so that an unknown name is refused in a moment
and without a simulator. Standard library only.

A pytest function that starts a simulator names its cocotb module as a string, for example
"tests.unit.x_tests"; that is how the two levels are joined. TEST may be

* the name of a pytest function, with or without its [parameters]: all of it;
* function/cocotb_test, the form REPRO lines use: exactly that one;
* a regular expression found in names of pytest functions, cocotb tests or pyuvm test classes, or
  else in a path below tests/.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sim.options import ROOT, OptionError, close_to

_DECORATORS = {"test", "parametrize", "skipif", "xfail"}


@dataclass(frozen=True)
class PytestCase:
    """One pytest function and the cocotb tests it can start."""

    path: str  # relative to the root
    name: str  # function name
    group: str = ""  # class, if any
    inner: tuple[str, ...] = field(default=())

    @property
    def node(self) -> str:
        """The pytest node id, without parameters."""
        return "::".join(p for p in (self.path, self.group, self.name) if p)


def _decorated(node: ast.AST) -> bool:
    """True for @cocotb.test, @cocotb.parametrize, @pyuvm.test and their called forms."""
    for deco in getattr(node, "decorator_list", []):
        target = deco.func if isinstance(deco, ast.Call) else deco
        parts = ast.unparse(target).split(".")
        if parts[0] in ("cocotb", "pyuvm") and parts[-1] in _DECORATORS:
            return True
        if len(parts) == 1 and parts[0] in ("test", "cocotb_test"):
            return True
    return False


@cache
def cocotb_tests(module: str) -> tuple[str, ...]:
    """Names of the cocotb tests of a dotted module of this tree, in file order."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        return ()
    tree = ast.parse(path.read_text(), filename=str(path))
    kinds = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef)
    return tuple(n.name for n in tree.body if isinstance(n, kinds) and _decorated(n))


def _modules_named_in(node: ast.AST) -> list[str]:
    """cocotb modules in the string constants below `node`; several may share one, by commas."""
    names = []
    for item in ast.walk(node):
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            parts = [p.strip() for p in item.value.split(",")]
            if all(re.fullmatch(r"(tests|tb)(\.\w+)+", p) for p in parts):
                names += [p for p in parts if cocotb_tests(p)]
    return names


def _cases_of(path: Path) -> list[PytestCase]:
    rel = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(), filename=rel)
    # Names given once at the top of the file serve every function that names no module itself.
    shared = [m for n in tree.body if isinstance(n, ast.Assign) for m in _modules_named_in(n)]
    found = []

    def add(node: ast.AST, group: str) -> None:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            modules = _modules_named_in(node) or shared
            inner = tuple(name for module in modules for name in cocotb_tests(module))
            found.append(PytestCase(rel, node.name, group, inner))

    for node in tree.body:
        add(node, "")
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                add(method, node.name)
    return found


@cache
def all_cases(folder: str = "tests") -> tuple[PytestCase, ...]:
    """Every pytest function below `folder`."""
    files = sorted((ROOT / folder).rglob("test_*.py"))
    return tuple(case for path in files for case in _cases_of(path))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as err:
        raise OptionError(f"TEST={text}: not a regular expression ({err})") from None


def _split(text: str) -> tuple[str, str]:
    """(pytest function without parameters, cocotb test) of an exact name; either may be empty."""
    outer, _, inner = text.partition("/")
    return re.sub(r"\[.*\]$", "", outer), inner


def select_inner(text: str, names: tuple[str, ...]) -> list[str]:
    """The cocotb tests of `names` that TEST=text selects; empty means: no restriction."""
    if not text:
        return []
    outer, inner = _split(text)
    if inner in names:
        return [inner]
    if any(outer == case.name for case in all_cases()):
        return []
    return [n for n in names if _pattern(text).search(n)]


def select_cases(text: str, folder: str = "tests") -> list[PytestCase]:
    """The pytest functions that TEST=text selects; an unknown name is an OptionError."""
    cases = all_cases(folder)
    if not text:
        return list(cases)
    outer, inner = _split(text)
    if exact := [c for c in cases if outer == c.name and (not inner or inner in c.inner)]:
        return exact
    find = _pattern(text).search
    by_name = [c for c in cases if find(c.name) or any(find(n) for n in c.inner)]
    if by_name:
        return by_name
    if by_path := [c for c in cases if find(c.path)]:
        return by_path
    known = [n for c in cases for n in (c.name, *c.inner)]
    raise OptionError(f"TEST={text}: no such test; close: {close_to(text, known)}")
