# SPDX-License-Identifier: Apache-2.0
"""Makes the second design: copies of hdl/smmu with every name changed, the wrapper, a file list.

listing = rename.make()   # sim/build/dut/other/other.f, TOP is wrapper.NAME
"""

from __future__ import annotations

import re
from pathlib import Path

from sim import sources
from sim.options import BUILD_ROOT, ROOT
from tests.dut import wrapper

FOLDER = BUILD_ROOT / "dut" / "other"
SLICE = ROOT / "tests" / "dut" / "other_slice.v"
# What the ID registers do not tell the bench: device ports, widths, how much can wait at once.
TOLD = ("NUM_TBU", "DATA_W", "ID_W", "TBU_SLOTS", "TBU_RSVD", "UTLB_ENTRIES", "TLB_SETS",
        "LINE_ENTRIES", "WALK_SLOTS", "WBUF_BEATS", "RBUF_BEATS")  # fmt: skip


def make() -> Path:
    """The file list. Files that did not change are not touched, so that builds are found again."""
    files = sources.closure("smmu_top")
    names = {path.stem for path in files} | {path.stem for path in sources.headers_of(files)}
    pattern = re.compile(rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\b")

    def other(match: re.Match[str]) -> str:
        return "other_" + match[1].removeprefix("smmu_")

    def rename(text: str) -> str:
        # instances too: nothing of the hierarchy is called as in ours
        return re.sub(r"\bu_(?=\w)", "i_", pattern.sub(other, text))

    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in (*files, *sources.headers_of(files)):
        _write(FOLDER / rename(path.name), rename(path.read_text()))
    copies = [FOLDER / rename(path.name) for path in files]
    top = _write(FOLDER / f"{wrapper.NAME}.v", wrapper.verilog())
    lines = [f"+incdir+{FOLDER}", *map(str, (*copies, SLICE, top))]
    lines += [f"-G{name}={wrapper.PARAMETERS[name]}" for name in TOLD]
    return _write(FOLDER / "other.f", "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> Path:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
    return path
