# SPDX-License-Identifier: Apache-2.0
"""Builds dma_top and runs its tests; checks that the driver's view equals the RTL's header."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from sim import runner
from tb.models import accel

DEFS = Path(__file__).resolve().parents[2] / "hdl" / "dma" / "dma_defs.vh"
MODULES = "tests.unit.dma_tests,tests.unit.dma_error_tests"


@pytest.mark.parametrize(
    ("queues", "data_w", "burst"), [(8, 128, 16), (4, 64, 8)], ids=["default", "narrow"]
)
def test_dma(queues: int, data_w: int, burst: int) -> None:
    """Architecture section 2: data, errors and independence of the queues."""
    built = runner.build(
        "dma_top",
        config=None,
        params={
            "NUM_QUEUES": queues,
            "DATA_W": data_w,
            "ID_W": 8 if queues == 8 else 4,
            "MAX_BURST": burst,
            "BUF_BEATS": 4 * burst,
        },
    )
    runner.run(built, module=MODULES)


def _header() -> dict[str, int]:
    found = {}
    for name, digits in re.findall(r"^`define DMA_(\w+)\s+(\S+)$", DEFS.read_text(), re.M):
        base, _, number = digits.rpartition("'")
        found[name] = int(number[1:], {"h": 16, "d": 10}[number[0]]) if base else int(digits)
    return found


def test_dma_defs_match_driver() -> None:
    """The names of accel.py and of dma_defs.vh mean the same."""
    groups: dict[str, type[IntEnum]] = {"OP": accel.Op, "ST": accel.Status}
    want = {f"{tag}_{e.name}": e.value for tag, enum in groups.items() for e in enum}
    for enum in (accel.GlobalReg, accel.PrivReg, accel.UserReg):
        want |= {f"REG_{e.name}": e.value for e in enum}
    want |= {f"FLAG_{f.name}": f.value.bit_length() - 1 for f in accel.Flag}
    want |= {
        "ID_VALUE": accel.ID_VALUE,
        "RING_LOG2_MAX": accel.RING_LOG2_MAX,
        "ADDR_W": accel.WINDOW_BYTES.bit_length() - 1,
        "PAGE_GLOBAL": 0,
        "PAGE_PRIV": accel.PRIV_BASE >> 18,
        "PAGE_USER": accel.USER_BASE >> 18,
    }
    assert _header() == want


def test_accel_descriptor_roundtrip() -> None:
    """Images keep every field."""
    desc = accel.copy(1 << 63 | 5, 6, 0xFFFFFFFF, cpl=0x40, cookie=1 << 63, irq=True)
    assert len(desc.pack()) == accel.DESC_BYTES
    assert accel.Descriptor.unpack(desc.pack()) == desc
    record = accel.Completion(1, 1 << 32, 1 << 63, accel.Status.READ, 1, True, 3, 0xFFFF)
    assert len(record.pack()) == accel.CPL_BYTES
    assert accel.Completion.unpack(record.pack()) == record


def test_accel_ring_wraps() -> None:
    """Free-running indices tell a full ring from an empty one, also past 16 bits."""
    ring = accel.Ring(0x1000, 2)
    ring.head = ring.tail = 0xFFFE
    vas = [ring.post() for _ in range(4)]
    assert vas == [0x1080, 0x10C0, 0x1000, 0x1040]
    assert ring.free == 0 and ring.tail == 2
    with pytest.raises(IndexError):
        ring.post()
    assert ring.retire(0x0001) == 3 and ring.free == 3


def test_accel_setup_checks() -> None:
    """A ring the engine cannot use is refused early."""
    with pytest.raises(ValueError):
        accel.setup_writes(0, ring=0x1020, ring_log2=4, pasid=1)
    with pytest.raises(ValueError):
        accel.setup_writes(0, ring=0x1000, ring_log2=16, pasid=1)
