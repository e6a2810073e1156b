# SPDX-License-Identifier: Apache-2.0
"""Generated fields: hand-computed images, the pack and unpack rules, and the register model."""

from __future__ import annotations

import random
import re

import pytest

from tb.models.fields import (
    CD,
    COMMANDS,
    EVTREC,
    L1CD,
    L1STD,
    PTE_S1,
    PTE_S2,
    REG,
    STE,
    Cerror,
    Cmd,
    Event,
    EventRecord,
    FaultClass,
    Gerror,
    Op,
    S1Dss,
    SteConfig,
    SyncCs,
)
from tb.models.layout import Layout

STRUCTURES = [L1STD, STE, L1CD, CD, PTE_S1, PTE_S2]
NESTED = dict(
    v=1,
    config=SteConfig.NESTED,
    s1fmt=2,
    s1contextptr=0x0000_4123_4567_8000 & ~0x3F,
    s1cdmax=10,
    s1dss=S1Dss.SSID0,
    s2vmid=0xBEEF,
    s2t0sz=16,
    s2sl0=2,
    s2ps=5,
    s2aa64=1,
    s2r=1,
    s2ttb=0x0000_8765_4321_0000,
)


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]


# ---- structures ---------------------------------------------------------------


def test_ste_image_by_hand() -> None:
    got = words(STE.pack(**NESTED))
    assert got[0] == 0x5000_4123_4567_8000 | 2 << 4 | 7 << 1 | 1
    assert got[1] == 2
    assert got[2] == 0xBEEF | 16 << 32 | 2 << 38 | 5 << 48 | 1 << 51 | 1 << 58
    assert got[3] == 0x8765_4321_0000
    assert got[4:] == [0, 0, 0, 0]


def test_cd_image_by_hand() -> None:
    got = words(
        CD.pack(
            t0sz=16, epd1=1, v=1, ips=5, aa64=1, s=1, r=1, a=1, asid=0x1234, ttb0=0x8000_0000,
            ttb1=0x9000_0000, mair0=0x0004_44FF, mair1=0xAABB_CCDD,
        )
    )  # fmt: skip
    assert got[0] == 16 | 1 << 30 | 1 << 31 | 5 << 32 | 1 << 41 | 7 << 44 | 0x1234 << 48
    assert got[1:4] == [0x8000_0000, 0x9000_0000, 0xAABB_CCDD_0004_44FF]


def test_level1_descriptors_by_hand() -> None:
    assert words(L1STD.pack(span=9, l2ptr=0x4567_8000)) == [0x4567_8009]
    assert words(L1CD.pack(v=1, l2ptr=0x4567_9000)) == [0x4567_9001]


def test_pte_by_hand() -> None:
    assert PTE_S1.pack_int(valid=1, type=1, attrindx=1, ap=1, sh=3, af=1, ng=1, addr=0x1000) == (
        0x1000 | 3 | 1 << 2 | 1 << 6 | 3 << 8 | 1 << 10 | 1 << 11
    )
    assert PTE_S2.pack_int(valid=1, type=1, memattr=0xF, s2ap=3, xn=2, addr=0x2000) == (
        0x2000 | 3 | 0xF << 2 | 3 << 6 | 2 << 53
    )


@pytest.mark.parametrize("layout", STRUCTURES, ids=lambda item: item.name)
def test_pack_unpack_round_trip(layout: Layout) -> None:
    rng = random.Random(layout.name)
    plain = [item for item in layout if not item.overlay]
    for _ in range(50):
        values = {item.name: rng.getrandbits(item.width) << item.shift for item in plain}
        data = layout.pack(**values)
        back = layout.unpack(data)
        assert {name: back[name] for name in values} == values
        name = rng.choice(plain).name
        assert layout.get(data, name) == values[name]
        assert layout.get(layout.set(data, **{name: 0}), name) == 0


def test_address_fields_take_full_addresses() -> None:
    data = STE.pack(s1contextptr=0x4000_0040, s2ttb=0x5000_0010)
    assert STE.unpack(data).s1contextptr == 0x4000_0040
    assert STE.get(data, "s2ttb") == 0x5000_0010


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"bogus": 1}, "unknown field 'bogus'"),
        ({"config": 8}, "does not fit 3 bits"),
        ({"config": -1}, "negative"),
        ({"s1contextptr": 0x4000_0020}, "not aligned to 64 bytes"),
        ({"s1contextptr": 1 << 56}, "does not fit 50 bits"),
    ],
)
def test_pack_refuses(values: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        STE.pack(**values)


def test_unpack_refuses_a_wrong_length() -> None:
    with pytest.raises(ValueError, match="63 bytes given, 64 wanted"):
        STE.unpack(bytes(63))


# ---- commands -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "dw0", "dw1"),
    [
        (Cmd.cfgi_ste(sid=0x12, leaf=1), 0x12_0000_0003, 1),
        (Cmd.cfgi_all(), 0x04, 31),
        (Cmd.cfgi_cd(sid=0x12, ssid=5, leaf=1), 0x12_0000_5005, 1),
        (Cmd.tlbi_nh_asid(vmid=0x34, asid=0x56), 0x0056_0034_0000_0011, 0),
        (Cmd.tlbi_nh_va(vmid=1, asid=2, addr=0xFFFF_0000_1234_5000, leaf=1),
         0x0002_0001_0000_0012, 0xFFFF_0000_1234_5001),
        (Cmd.tlbi_nh_vaa(num=31, scale=5, ttl=3, tg=1, vmid=1, addr=0x1000),
         0x0000_0001_0051_F013, 0x1700),
        (Cmd.tlbi_s2_ipa(vmid=7, addr=0x8000_1000), 0x0000_0007_0000_002A, 0x8000_1000),
        (Cmd.tlbi_nsnh_all(), 0x30, 0),
        (Cmd.resume(sid=0x77, stag=0xABCD, ac=1), 0x77_0000_1044, 0xABCD),
        (Cmd.resume(sid=0x77, stag=0xABCD, ab=1), 0x77_0000_2044, 0xABCD),
        (Cmd.stall_term(sid=0x77), 0x77_0000_0045, 0),
        (Cmd.sync(), 0x46, 0),
        (Cmd.sync(cs=SyncCs.IRQ, msh=3, msiattr=0xF, msidata=9, msiaddr=0x4000_0004),
         0x0000_0009_0FC0_1046, 0x4000_0004),
        (Cmd.atc_inv(glob=1, ssv=1, ssid=2, sid=3, size=52), 0x3_0000_2A40, 52),
        (Cmd.raw(0xFF, 1), 0xFF, 1),
    ],
)  # fmt: skip
def test_command_images_by_hand(command: bytes, dw0: int, dw1: int) -> None:
    assert [hex(word) for word in words(command)] == [hex(dw0), hex(dw1)]


def test_every_opcode_has_a_builder() -> None:
    assert set(COMMANDS) == set(Op)
    for code, command in COMMANDS.items():
        assert getattr(Cmd, command.name.lower())() == code.to_bytes(16, "little")


# ---- events -----------------------------------------------------------------------


def test_translation_fault_record_by_hand() -> None:
    record = EventRecord.pack(
        Event.F_TRANSLATION, sid=0x42, ssv=1, ssid=0x5, stall=1, stag=0x107, pnu=1, rnw=1,
        s2=1, cls=FaultClass.TT, addr=0xFFFF_8000_0000_1234, ipa=0x8000_1FFF,
    )  # fmt: skip
    assert words(record) == [
        0x42_0000_5810,
        0x107 | 1 << 31 | 1 << 33 | 1 << 35 | 1 << 39 | 1 << 40,
        0xFFFF_8000_0000_1234,
        0x8000_1000,
    ]
    back = EventRecord.unpack(record)
    assert (back.sid, back.ssid, back.stag, back.cls) == (0x42, 5, 0x107, FaultClass.TT)
    assert back.addr == 0xFFFF_8000_0000_1234
    assert back.ipa == 0x8000_1000
    assert str(back).startswith("F_TRANSLATION(")


def test_fetch_abort_record_by_hand() -> None:
    record = EventRecord.pack(Event.F_STE_FETCH, sid=1, fetchaddr=0x4000_0048)
    assert words(record) == [0x1_0000_0003, 0, 0, 0x4000_0048]


def test_walk_records_by_hand() -> None:
    record = EventRecord.pack(
        Event.F_WALK_EABT, sid=7, ssv=1, ssid=1, pnu=1, ind=1, rnw=1, s2=1, cls=FaultClass.TT,
        addr=0x1234, fetchaddr=0x9000_0008,
    )  # fmt: skip
    assert words(record) == [
        0x7_0000_180B, 1 << 33 | 1 << 34 | 1 << 35 | 1 << 39 | 1 << 40, 0x1234, 0x9000_0008,
    ]  # fmt: skip
    record = EventRecord.pack(
        Event.F_ACCESS, sid=7, stall=1, stag=0xABCD, cls=FaultClass.IN, addr=0x5678
    )
    assert words(record) == [0x7_0000_0012, 0xABCD | 1 << 31 | 2 << 40, 0x5678, 0]
    record = EventRecord.pack(
        Event.F_PERMISSION, sid=7, s2=1, cls=FaultClass.TT, ttrnw=1, addr=0x9ABC, ipa=0x8000_2FFF
    )
    assert words(record) == [0x7_0000_0013, 1 << 39 | 1 << 40 | 1 << 44, 0x9ABC, 0x8000_2000]


def test_event_fields_are_type_specific() -> None:
    with pytest.raises(ValueError, match="C_BAD_STE has no field 'stag'"):
        EventRecord.pack(Event.C_BAD_STE, stag=1)
    back = EventRecord.unpack(EventRecord.pack(Event.F_STREAM_DISABLED, sid=9))
    assert dict(back) == {"type": 6, "streamid": 9}
    with pytest.raises(AttributeError):
        _ = back.stag
    assert EventRecord.unpack(b"\xee" + bytes(31)).record_name == "EVENT_0xee"


def test_event_masks_follow_the_record_rules() -> None:
    # EVQ-008: nothing but type and StreamID; EVQ-013: no Stall, STAG or IPA
    assert EventRecord.mask(Event.F_STREAM_DISABLED) == 0xFFFF_FFFF_0000_00FF
    walk = EventRecord.mask(Event.F_WALK_EABT)
    assert not walk & EVTREC.mask("stall")
    assert walk & EVTREC.mask("fetchaddr") == EVTREC.mask("fetchaddr")
    stallable = {kind.name for kind in EventRecord.types.values() if kind.stallable}
    assert stallable == {"F_TRANSLATION", "F_ADDR_SIZE", "F_ACCESS", "F_PERMISSION"}


# ---- registers --------------------------------------------------------------------


def test_identification_values() -> None:
    # the exact milestone-1 values of the scope, built from their fields
    assert REG.IDR0.reset == 0x084E303B
    assert REG.IDR0.value(
        s2p=1, s1p=1, ttf=2, cohacc=1, btm=1, asid16=1, msi=1, vmw=1, vmid16=1, cd2l=1,
        ttendian=2, st_level=1,
    ) == REG.IDR0.reset  # fmt: skip
    assert REG.IDR3.value(had=1, xnx=1, ril=1, bbml=2) == REG.IDR3.reset == 0x1414
    idr1 = REG.IDR1.unpack(REG.IDR1.reset)
    assert (idr1.sidsize, idr1.ssidsize, idr1.priqs) == (16, 20, 0)
    assert (idr1.attr_types_ovr, idr1.attr_perms_ovr) == (1, 1)
    idr5 = REG.IDR5.unpack(REG.IDR5.reset)
    assert (idr5.oas, idr5.gran4k, idr5.gran16k, idr5.gran64k, idr5.vax) == (5, 1, 1, 1, 0)
    assert REG.AIDR.reset == 1


def test_iidr_agrees_with_the_peripheral_id() -> None:
    # REG-006, REG-028
    iidr = REG.IIDR.unpack(REG.IIDR.reset)
    pidr = [REG[f"PIDR{n}"].reset for n in range(5)]
    assert iidr.productid == (pidr[1] & 0xF) << 8 | pidr[0]
    assert iidr.variant == pidr[2] >> 4
    assert iidr.revision == pidr[3] >> 4
    designer = (pidr[4] & 0xF) << 8 | (pidr[2] & 7) << 4 | pidr[1] >> 4
    assert iidr.implementer == designer != 0x43B
    assert [REG[f"CIDR{n}"].reset for n in range(4)] == [0x0D, 0xF0, 0x05, 0xB1]


def test_register_lookup_and_masks() -> None:
    assert REG.EVENTQ_PROD.offset == 0x100A8
    assert REG.at(0x80) == (REG.STRTAB_BASE, 0)
    assert REG.at(0x84) == (REG.STRTAB_BASE, 32)
    assert REG.at(0x24) == (REG.CR0ACK, 0)
    assert REG.at(0x34) is None
    assert REG[0x44] is REG.GBPA
    assert REG.CR0.write_mask == 0x1CD  # PRIQEN and ATSCHK are RES0 without PRI and ATS
    assert REG.GBPA.write_mask == 0x801F_3F1F
    assert REG.STRTAB_BASE.write_mask == 0x4000_FFFF_FFFF_FFC0  # RES0 from OAS up (REG-018)
    assert REG.CMDQ_CONS.write_mask == 0x000F_FFFF  # ERR is kept (REG-022)
    assert REG.PRIQ_BASE.write_mask == 0
    assert Gerror.CMDQ_ERR | Gerror.EVENTQ_ABT_ERR == 5
    assert (Cerror.ILL, Cerror.ABT) == (1, 2)


@pytest.mark.filterwarnings("error")
def test_register_model_locks_with_the_reset_values() -> None:
    from tb.env.ral import SmmuRegBlock  # pyuvm is needed only here

    ral = SmmuRegBlock().build_model(cmdqs=19, eventqs=10, stall_max=4)
    assert ral.is_locked()
    for reg in REG:
        if reg.milestone != 1:
            assert reg.name not in ral.regs
            continue
        model = ral.regs[reg.name]
        assert ral.map.get_reg_by_offset(reg.offset) is model
        if reg.name not in ("IDR1", "IDR5"):
            assert model.get_mirrored_value() == reg.reset, reg.name
    assert ral.IDR1.get_mirrored_value() == REG.IDR1.reset & ~(0x3FF << 16) | 19 << 21 | 10 << 16
    assert ral.IDR5.get_mirrored_value() >> 16 == 4
    ral.IDR5.set_reset_value(2 << 16 | 0x14)  # of another design: OAS 44, 4K only
    assert (ral.IDR5.OAS.get(), ral.IDR5.GRAN64K.get(), ral.IDR5.STALL_MAX.get()) == (4, 0, 2)
    assert ral.GBPA.UPDATE.get_lsb_pos() == 31
