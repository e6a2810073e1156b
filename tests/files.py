# SPDX-License-Identifier: Apache-2.0
"""Files that tests make for a simulation."""

from __future__ import annotations

import os
from pathlib import Path


def write_shared(path: Path, text: str) -> None:
    """Write a file that other processes may be reading: they see the old or the new one."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
