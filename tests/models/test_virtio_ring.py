# SPDX-License-Identifier: Apache-2.0
"""Split virtqueues: bytes in memory, order, and rings that a device must not follow."""

from __future__ import annotations

import random
import struct

import pytest

from tb.models.memory import Memory
from tb.models.virtio.ring import DeviceQueue, DriverQueue, RingError, RingLayout, gather, scatter

BASE = 0x4000_0000


class Port:
    """Both sides share one memory."""

    def __init__(self) -> None:
        self.memory = Memory()

    def read(self, ipa: int, n: int) -> bytes:
        return self.memory.peek(ipa, n)

    def write(self, ipa: int, data: bytes) -> None:
        self.memory.poke(ipa, data)


@pytest.fixture
def ring():
    port, layout = Port(), RingLayout.within(BASE, 8)
    return port, layout, DriverQueue(port, layout), DeviceQueue(port, layout)


def test_layout_in_memory(ring):
    """Descriptors of 16 bytes, avail {flags, idx, ring}, used {flags, idx, {id, len}}."""
    port, layout, driver, device = ring
    assert (layout.avail, layout.used) == (BASE + 128, BASE + 128 + 24)
    driver.add([(0x1000, 20)], [(0x2000, 4)])
    assert struct.unpack("<QIHH", port.read(BASE, 16)) == (0x1000, 20, 1, 1)
    assert struct.unpack("<QIHH", port.read(BASE + 16, 16)) == (0x2000, 4, 2, 0)
    assert struct.unpack("<HHH", port.read(layout.avail, 6)) == (0, 1, 0)
    chain = device.pop()
    assert chain is not None and chain.readable == ((0x1000, 20),)
    device.push(chain, 4)
    assert struct.unpack("<HHII", port.read(layout.used, 12)) == (0, 1, 0, 4)
    assert driver.take() == (0, 4) and driver.take() is None


def test_many_chains_in_random_order(ring):
    """Indexes wrap at 65,536 and slots at 8; nothing is lost, nothing twice."""
    port, layout, driver, device = ring
    start = 65_000
    driver._avail = driver._seen = device._next = device._used = start
    for part in (layout.avail, layout.used):
        port.write(part + 2, start.to_bytes(2, "little"))
    rng, sent, got, held = random.Random(1), {}, {}, []
    while len(got) < 2_000:
        if rng.random() < 0.5 and len(sent) - len(got) < 4:
            sent[len(sent)] = driver.add([(len(sent), 8)], [])
        chain = device.pop()
        if chain is not None:
            held.append(chain)
        if held and rng.random() < 0.6:
            chain = held.pop(rng.randrange(len(held)))
            device.push(chain, chain.readable[0][0])
        while (used := driver.take()) is not None:
            number = used[1]
            assert used[0] == sent[number] and number not in got
            got[number] = used


def test_gather_and_scatter(ring):
    port, _, _, _ = ring
    port.write(0x1000, b"abcdef")
    assert gather(port, ((0x1000, 2), (0x1004, 2))) == b"abef"
    assert scatter(port, ((0x2000, 2), (0x3000, 3)), b"12345678") == 5
    assert port.read(0x2000, 2) + port.read(0x3000, 4) == b"12345\0"


@pytest.mark.parametrize(
    ("word", "value", "said"),
    [
        ("avail", 9, "9 chains"),  # more available than the ring has
        ("next", 9, "descriptor 9"),
        ("next", 0, "without an end"),
        ("flags", 4, "indirect"),
    ],
)
def test_device_refuses(ring, word, value, said):
    port, layout, driver, device = ring
    driver.add([(0x1000, 4)], [(0x2000, 4)])
    at = {"avail": layout.avail + 2, "next": BASE + 14, "flags": BASE + 12}[word]
    port.write(at, value.to_bytes(2, "little"))
    with pytest.raises(RingError, match=said):
        device.pop()


def test_readable_behind_writable_is_refused(ring):
    port, _, driver, device = ring
    driver.add([], [(0x1000, 4), (0x2000, 4)])
    port.write(BASE + 16 + 12, b"\0\0")
    with pytest.raises(RingError, match="behind"):
        device.pop()
