# SPDX-License-Identifier: Apache-2.0
"""Sparse memory: contents, injected errors, owners (architecture section 3)."""

from __future__ import annotations

import pytest

from tb.models.memory import Access, Memory


def test_unwritten_memory_reads_zero_across_frames():
    memory = Memory()
    memory.poke(0xFFE, b"\x11\x22\x33\x44")
    assert memory.read(0xFFC, 8) == (b"\0\0\x11\x22\x33\x44\0\0", True)
    assert memory.peek(0xFFFF_FFFF_F000, 16) == bytes(16)
    assert memory.touched() == [0, 0x1000]


def test_strobes_as_mask_and_sequence():
    memory = Memory()
    memory.fill(0x40, 4, 0xEE)
    assert memory.write(0x40, b"\x01\x02\x03\x04", strb=0b0101)
    assert memory.peek(0x40, 4) == b"\x01\xee\x03\xee"
    memory.write(0x40, b"\x05\x06\x07\x08", strb=[0, 1, 0, 1])
    assert memory.peek(0x40, 4) == b"\x01\x06\x03\x08"


def test_words_and_atomics():
    memory = Memory()
    assert memory.write64(0x1000, 0x0123_4567_89AB_CDEF)
    assert memory.peek32(0x1000) == 0x89AB_CDEF and memory.read32(0x1004) == (0x0123_4567, True)
    assert memory.update64(0x1000, lambda old: old | 1 << 63) == (0x0123_4567_89AB_CDEF, True)
    assert not memory.compare_swap64(0x1000, 0, 5)
    assert memory.compare_swap64(0x1000, 0x8123_4567_89AB_CDEF, 5) and memory.peek64(0x1000) == 5
    with pytest.raises(ValueError, match="multiple of 8"):
        memory.read64(0x1004)


def test_injected_errors_by_range_direction_master_and_count():
    memory = Memory()
    once = memory.add_error(0x2000, 64, writes=False, count=1)
    memory.add_error(0x3000, 8, response="DECERR", who="dma")
    memory.poke(0x2000, b"\xaa")
    assert memory.response_to(0x1FFF, 2, False) == "SLVERR"
    assert memory.read(0x1FFF, 2) == (b"\0\0", False)
    assert memory.read(0x1FFF, 2) == (b"\0\xaa", True)
    assert memory.write(0x2000, b"\1")
    assert memory.response_to(0x3000, 4, True, "dma") == "DECERR"
    assert not memory.write(0x3000, b"\1", who="dma") and memory.peek(0x3000, 1) == b"\0"
    assert memory.write(0x3000, b"\1", who="cpu")
    memory.remove_error(once)
    with pytest.raises(ValueError, match="OKAY"):
        memory.add_error(0, 1, response="OKAY")


def test_log_and_owner_violations():
    memory = Memory(logging=True)
    memory.set_owner(0x10000, 0x3000, "guest-a")
    memory.set_owner(0x11800, 0x400, "guest-b")
    memory.allow("dma-a", ["guest-a"])
    assert (memory.owner_of(0x117FF), memory.owner_of(0x11800)) == ("guest-a", "guest-b")
    assert memory.owner_of(0x13000) is None
    memory.read(0x11000, 0x800, who="dma-a")
    memory.read(0x11800, 4, who="cpu")
    memory.poke(0x11800, b"x")
    assert not memory.violations
    memory.write(0x117FC, b"12345678", who="dma-a")
    assert [v.owner for v in memory.violations] == ["guest-b"]
    assert memory.log[-1] == Access("dma-a", True, 0x117FC, 8, True)
    memory.set_owner(0x11000, 0x1000, "guest-a")
    memory.write(0x117FC, b"12345678", who="dma-a")
    assert len(memory.violations) == 1
    memory.forbid("dma-a", ["guest-a"])
    memory.read(0x10000, 1, who="dma-a")
    assert len(memory.violations) == 2
    memory.clear()
    assert not memory.log and memory.owner_of(0x10000) is None
