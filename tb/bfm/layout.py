# SPDX-License-Identifier: Apache-2.0
"""Vectors that cross between Python and the Verilog transactors; mirrors tb/bfm/bfm_defs.vh.

Everything is little endian in the bit sense: the first field sits in the lowest bits, the first
byte of a beat in its lowest lane.
"""

from __future__ import annotations

from collections.abc import Mapping

ROW_BEATS = 8  # beats of burst data in one memory row
ROWS = 32  # rows a slot owns (256 beats)
CYCLE_W = 40  # bits of a cycle stamp

AX_FIELDS: dict[str, tuple[int, int]] = {  # name: (lowest bit, width)
    "addr": (0, 64),
    "len": (64, 8),
    "size": (72, 3),
    "burst": (75, 2),
    "lock": (77, 1),
    "cache": (78, 4),
    "prot": (82, 3),
    "qos": (85, 4),
    "domain": (89, 2),
    "id": (91, 16),
    "sid": (107, 32),
    "ssid": (139, 20),
    "ssidv": (159, 1),
    "secsid": (160, 2),
    "flow": (162, 2),
    "atop": (164, 6),
    "snoop": (170, 4),
}

CONTROL_FIELDS: dict[str, tuple[int, int]] = {
    "slot": (176, 8),
    "delay": (184, 16),
    "w_delay": (200, 16),
    "hold_at": (216, 8),
    "w_hold": (224, 1),
    "w_after": (225, 1),
    "no_ax": (226, 1),
}

_ALL = AX_FIELDS | CONTROL_FIELDS
SLOT_LSB = CONTROL_FIELDS["slot"][0]


def pack(values: Mapping[str, int]) -> int:
    """A vector from field values; fields left out are zero. ValueError when one does not fit."""
    vector = 0
    for name, value in values.items():
        if value:
            lsb, width = _ALL[name]
            if value < 0 or value >> width:
                raise ValueError(f"{name}={value:#x} does not fit {width} bits")
            vector |= value << lsb
    return vector


def unpack_ax(vector: int) -> dict[str, int]:
    """Field values of an address channel vector."""
    return {name: (vector >> lsb) & ((1 << w) - 1) for name, (lsb, w) in AX_FIELDS.items()}


def completion(row: int) -> tuple[int, int, int, int, int, int, int]:
    """(slot, worst response, beats, post, address, first, last) of a completion word.

    The last four are cycle stamps: descriptor taken, address handshake, first R beat (last W beat
    for writes), last R beat (B).
    """
    mask = (1 << CYCLE_W) - 1
    return (
        row & 0xFF,
        (row >> 8) & 3,
        (row >> 10) & 0x1FF,
        (row >> 19) & mask,
        (row >> 59) & mask,
        (row >> 99) & mask,
        (row >> 139) & mask,
    )


def beat_address(addr: int, length: int, size: int, burst: int, beat: int) -> int:
    """Address of beat number ``beat`` of a burst of ``length`` beats of ``2**size`` bytes."""
    if burst == 0:
        return addr
    if burst == 2:
        mask = (length << size) - 1
        return (addr & ~mask) | ((addr + (beat << size)) & mask)
    return addr if beat == 0 else ((addr >> size) << size) + (beat << size)
