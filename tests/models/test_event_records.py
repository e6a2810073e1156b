# SPDX-License-Identifier: Apache-2.0
"""Event records against images written by hand, one or more for each type (EVQ-002)."""

from __future__ import annotations

import pytest

from tb.models.fields import Event, EventRecord, FaultClass

SUB = {"ssv": 1, "ssid": 0xABCDE}
ADDR = 0xFFFF_0000_DEAD_BEEF
# type, fields, the four 64-bit words; StreamID is 0x1234 in all
VECTORS = [
    (Event.F_UUT, SUB | {"pnu": 1, "rnw": 1, "addr": ADDR},
     (0x0000_1234_ABCD_E801, 0x0000_000A_0000_0000, ADDR, 0)),
    (Event.F_UUT, {"ind": 1, "rnw": 1, "addr": 1},
     (0x0000_1234_0000_0001, 0x0000_000C_0000_0000, 1, 0)),
    (Event.C_BAD_STREAMID, SUB, (0x0000_1234_ABCD_E802, 0, 0, 0)),
    (Event.F_STE_FETCH, SUB | {"fetchaddr": 0x4010_0048},
     (0x0000_1234_ABCD_E803, 0, 0, 0x4010_0048)),
    (Event.C_BAD_STE, {}, (0x0000_1234_0000_0004, 0, 0, 0)),
    (Event.F_STREAM_DISABLED, {}, (0x0000_1234_0000_0006, 0, 0, 0)),
    (Event.C_BAD_SUBSTREAMID, {"ssid": 0xABCDE}, (0x0000_1234_ABCD_E008, 0, 0, 0)),
    (Event.F_CD_FETCH, SUB | {"fetchaddr": 0x8000_4567_89C0},
     (0x0000_1234_ABCD_E809, 0, 0, 0x8000_4567_89C0)),
    (Event.C_BAD_CD, SUB, (0x0000_1234_ABCD_E80A, 0, 0, 0)),
    (Event.F_WALK_EABT, {"pnu": 1, "cls": FaultClass.TT, "addr": ADDR, "fetchaddr": 0x4200_0FF8},
     (0x0000_1234_0000_000B, 0x0000_0102_0000_0000, ADDR, 0x4200_0FF8)),
    (Event.F_WALK_EABT, {"rnw": 1, "s2": 1, "cls": FaultClass.CD, "addr": 0, "fetchaddr": 8},
     (0x0000_1234_0000_000B, 0x0000_0088_0000_0000, 0, 8)),
    (Event.F_TRANSLATION, SUB | {"stall": 1, "stag": 0xBEEF, "rnw": 1, "cls": FaultClass.IN,
                                 "addr": ADDR},
     (0x0000_1234_ABCD_E810, 0x0000_0208_8000_BEEF, ADDR, 0)),
    (Event.F_TRANSLATION, {"s2": 1, "cls": FaultClass.CD, "addr": 0x1000, "ipa": 0x8_4200_0040},
     (0x0000_1234_0000_0010, 0x0000_0080_0000_0000, 0x1000, 0x8_4200_0000)),
    (Event.F_ADDR_SIZE, {"rnw": 1, "cls": FaultClass.IN, "addr": 1 << 48},
     (0x0000_1234_0000_0011, 0x0000_0208_0000_0000, 1 << 48, 0)),
    (Event.F_ACCESS, {"pnu": 1, "ind": 1, "rnw": 1, "s2": 1, "cls": FaultClass.IN, "addr": 5,
                      "ipa": 0xFFFF_FFFF_F000},
     (0x0000_1234_0000_0012, 0x0000_028E_0000_0000, 5, 0xFFFF_FFFF_F000)),
    (Event.F_PERMISSION, {"s2": 1, "cls": FaultClass.TT, "ttrnw": 1, "addr": 7, "ipa": 0x1000},
     (0x0000_1234_0000_0013, 0x0000_1180_0000_0000, 7, 0x1000)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "words"), VECTORS)
def test_record_image_by_hand(kind: Event, fields: dict[str, int], words: tuple[int, ...]) -> None:
    """EVQ-002: pack and unpack agree with the image, and no other bit belongs to the type."""
    image = b"".join(word.to_bytes(8, "little") for word in words)
    assert EventRecord.pack(kind, sid=0x1234, **fields) == image
    back = EventRecord.unpack(image)
    assert back.sid == 0x1234
    for name, value in fields.items():
        assert getattr(back, name) == (value & ~0xFFF if name == "ipa" else value), name
    assert int.from_bytes(image, "little") & ~EventRecord.mask(kind) == 0


def test_every_type_has_an_image() -> None:
    """EVQ-018: every type that this milestone writes is among those written by hand."""
    written = {1, 2, 3, 4, 6, 8, 9, 0xA, 0xB, 0x10, 0x11, 0x12, 0x13}
    assert {int(kind) for kind, _, _ in VECTORS} == written
