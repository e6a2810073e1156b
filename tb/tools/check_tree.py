# SPDX-License-Identifier: Apache-2.0
"""Checks what no compiler looks at: licence lines, sizes, module names, forbidden text.

    python -m tb.tools.check_tree

Looks at the files git knows or would add; prints `path:line: what` and exits 1 when there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCE_SUFFIXES = {".v", ".vh", ".vlt", ".py", ".sh", ".toml", ".yaml", ".yml", ".c", ".cpp", ".h"}
SOURCE_NAMES = {"Makefile"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
MAX_LINES = 800  # style 3.1: question 500, refuse 800 unless generated
GENERATED = re.compile(r"generated (by|from)", re.IGNORECASE)

# A path of one machine, or the address of a package registry, makes a tree work in one place only.
FORBIDDEN = [
    (re.compile(r"(?<![\w.])/(?:home|root|mnt|tmp|work)/\w"), "path of one machine"),
    (
        re.compile(r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|debian)\b[\w.-]*"),
        "registry address",
    ),
]
MODULE = re.compile(r"^\s*module\s+(\w+)", re.MULTILINE)
MODULE_PREFIXES = ("smmu_", "util_", "dma_", "sys_")
WAIVED_FILE = re.compile(r"lint_off\s+-rule\s+\w+\s+-file\s+\S+\s*$")
VERILOG_FORBIDDEN = [
    (re.compile(r"\bcasex\b"), "casex"),
    (re.compile(r"\$dump(?:file|vars)\b"), "dumps belong to sim/runner.py"),
    (re.compile(r"synopsys|synthesis\s+(?:full|parallel)_case"), "pragma that changes meaning"),
]


def tracked() -> list[Path]:
    """Files of the tree, ignored ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(p for n in listed.split("\0") if n and (p := ROOT / n).is_file())


def _is_source(path: Path) -> bool:
    return path.suffix in SOURCE_SUFFIXES or path.name in SOURCE_NAMES


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[int]:
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*", "", text)


def check_source(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Licence line and size."""
    if LICENCE not in "\n".join(text.splitlines()[:3]):
        yield 1, f"no line with {LICENCE!r}"
    count = text.count("\n")
    if path.suffix in (".yaml", ".yml"):
        return  # tables may be as long as what they list
    if count > MAX_LINES and not GENERATED.search("\n".join(text.splitlines()[:10])):
        yield count, f"{count} lines, more than {MAX_LINES}"


def check_verilog(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """One module a file, named as the file, with the prefix of its area."""
    code = _without_comments(text)
    names = MODULE.findall(code)
    if path.suffix == ".v" and names != [path.stem]:
        yield 1, f"holds module {', '.join(names) or 'none'}; must be exactly {path.stem}"
    in_hdl = path.is_relative_to(ROOT / "hdl")
    if in_hdl and path.suffix == ".v" and not path.stem.startswith(MODULE_PREFIXES):
        yield 1, f"module name must start with one of {', '.join(MODULE_PREFIXES)}"
    if in_hdl and path.suffix == ".v" and path.stem not in "\n".join(text.splitlines()[:6]):
        yield 1, "header comment does not name the module (style 3.4)"
    if in_hdl:
        for pattern, what in VERILOG_FORBIDDEN:
            yield from ((line, what) for line in _lines(code, pattern))


def check_text(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Nothing that is true on one machine only."""
    for pattern, what in FORBIDDEN:
        yield from ((line, what) for line in _lines(text, pattern))


def check_waivers(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """A waiver names a place, not a whole file."""
    for number, line in enumerate(text.splitlines(), 1):
        if WAIVED_FILE.search(line.split("//")[0].rstrip()):
            yield number, "waives a rule for a whole file"


def problems() -> list[str]:
    """Every finding of the tree."""
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            continue
        text = data.decode(errors="replace")
        checks = []
        # The patterns themselves are written in this file.
        if path != Path(__file__).resolve() and path.name != "LICENSE":
            checks.append(check_text)
        if _is_source(path):
            checks.append(check_source)
        if path.suffix in (".v", ".vh"):
            checks.append(check_verilog)
        if path.suffix == ".vlt":
            checks.append(check_waivers)
        rel = path.relative_to(ROOT)
        found += [f"{rel}:{line}: {what}" for check in checks for line, what in check(path, text)]
    return found


def main() -> int:
    """Print the findings."""
    try:
        found = problems()
    except (OSError, subprocess.CalledProcessError):
        print("check_tree: SKIPPED: not a git work tree")
        return 0
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
