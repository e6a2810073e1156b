# SPDX-License-Identifier: Apache-2.0
"""What `make waves` leaves beside a recorded simulation: states by name, the lives of transactions.

names     names of states, from the Verilog
trace     a recorded simulation
life      slots, walks and stalls as text
layouts   the files of GTKWave and Surfer
drawing   one stall and its end as a picture
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sim.options import OptionError, pictures_wanted, shown
from sim.waves import drawing, layouts
from sim.waves.trace import Trace


def leave(waves: Path, top: str) -> Iterator[str]:
    """Write what belongs beside a recorded simulation; the lines that tell of it."""
    try:
        trace = Trace(waves, top)
        written = [path.name for path in layouts.write(trace)]
        picture = drawing.draw(trace)
    except OptionError as err:  # a test has not failed because its waves lack something
        yield f"no layout: {err}"
        return
    if written:
        folder = shown(waves.parent)
        yield f"gtkwave {folder / layouts.GTKWAVE}"
        yield f"cd {folder} && surfer -c {layouts.COMMANDS} {waves.name}"
        yield f"lives of transactions: {folder / layouts.LIVES}"
    if picture:
        place = pictures_wanted()
        for folder in (waves.parent, *([place] if place else [])):
            (folder / drawing.FILE).write_text(picture)
            yield f"one stall and its end: {shown(folder / drawing.FILE)}"
