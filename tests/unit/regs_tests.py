# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_regs: reset values, masks, halves, guards, fields, and the bus."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge, with_timeout

from tb.models.fields import REG
from tests.unit.regs_bench import HANDSHAKES, WORD, Bench, milestone_1

# REG-010: the groups of CR1 have guards of their own
TABLE = REG.CR1.mask("table_ic", "table_oc", "table_sh")
QUEUE = REG.CR1.mask("queue_ic", "queue_oc", "queue_sh")
PLAIN = [r for r in milestone_1() if r.write_mask and r.name not in HANDSHAKES]


def _mask(bench: Bench, name: str) -> int:
    """Bits a write can change while no guard stands in the way."""
    mask = REG[name].write_mask
    if name == "CR2" and not bench.config.dvm_port:
        mask &= ~REG.CR2.mask("ptm")
    return mask


def _visible(bench: Bench, name: str, value: int) -> int:
    """Readback of a stored value: QUE-002 hides index bits above the wrap bit."""
    if name in ("CMDQ_CONS", "EVENTQ_PROD"):
        log2 = bench.get("cmdq_log2_o" if name == "CMDQ_CONS" else "evtq_log2_o")
        return value & ~0xFFFFF | value & ((2 << log2) - 1)
    return value


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_reset(dut: Any) -> None:
    """INI-001, INI-002, REG-001..007, REG-028, REG-046: values of scope.md after reset."""
    bench = await Bench(dut).start()
    cfg = bench.config
    want = {reg.name: reg.reset for reg in milestone_1()} | {
        "IDR0": 0x084E303B & ~(0 if cfg.dvm_port else 0x20) & ~(0 if cfg.coherent_port else 0x10),
        "IDR1": 0x0C000510 | cfg.cmdqs << 21 | cfg.eventqs << 16,
        "IDR3": 0x1414,
        "IDR5": cfg.stall_max << 16 | 0x75,
        "AIDR": 0x1,
        "GBPA": 0x00101000 if cfg.gbpa_abort else 0x00001000,
        "CR2": 4 if cfg.dvm_port else 0,
    }
    assert await bench.snapshot() == want
    # the identity is told twice (REG-006, REG-028)
    iidr, pidr = REG.IIDR.unpack(want["IIDR"]), [want[f"PIDR{n}"] for n in range(4)]
    assert pidr[0] | (pidr[1] & 0xF) << 8 == iidr.productid and pidr[3] >> 4 == iidr.revision
    assert [want[f"CIDR{n}"] for n in range(4)] == [0x0D, 0xF0, 0x05, 0xB1]
    # again, from the middle of everything
    for reg in PLAIN:
        await bench.write(reg.name, (1 << reg.width) - 1)
    bench.hold("mode", "done", "cmdq", "evtq")
    await bench.write("GBPA", 0x8000_0000 | (0 if cfg.gbpa_abort else 1 << 20))
    await bench.write("IRQ_CTRL", 5)
    await bench.write("CR0", 0x1CD)
    await bench.settle()
    await bench.write("CR0", 0x0)
    assert bench.get("mode_valid_o")
    await bench.reset()
    bench.blocks.held.clear()
    assert await bench.snapshot() == want
    await bench.settle()
    assert not bench.blocks.modes and not any(bench.blocks.pulses.values())
    assert not any(bench.get(pin) for pin in ("smmuen_o", "cmdq_en_o", "evtq_en_o", "vmw_o"))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_regs_absent(dut: Any) -> None:
    """REG-012, REG-014, REG-029..031: what is not there reads 0 and changes nothing."""
    bench = await Bench(dut).start()
    low = [*range(0, 0x240, 4), *range(0xFC0, 0x1000, 4)]
    some = bench.rng.sample(range(0x240, 0x10000, 4), 100)
    offsets = [*low, *some, *(0x10000 + off for off in low + some)]
    before = await bench.snapshot()
    tried = 0
    for offset in offsets:
        found = REG.at(offset)
        if found and found[0].milestone == 1 and found[0].access != "RO":
            continue
        await bench.write(offset, WORD)
        if not found or found[0].milestone != 1:
            tried += 1
            await bench.check(offset, 0)
    assert tried > 400
    assert await bench.snapshot() == before
    assert not bench.blocks.modes


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_regs_masks(dut: Any) -> None:
    """REG-008..026, MEM-009, GER-002: ones, zeros and noise read back under the write mask."""
    bench = await Bench(dut).start()
    for reg in PLAIN:
        mask, others = _mask(bench, reg.name), await bench.snapshot()
        await bench.write("CMDQ_BASE", 31)  # indexes as wide as they get
        await bench.write("EVENTQ_BASE", 31)
        others |= {"CMDQ_BASE": 31, "EVENTQ_BASE": 31}
        ones = (1 << reg.width) - 1
        for value in (ones, 0, bench.rng.getrandbits(reg.width), ones):
            await bench.write(reg.name, value)
            await bench.check(reg.name, _visible(bench, reg.name, value & mask))
        after = await bench.snapshot()
        touched = {"CMDQ_BASE": "CMDQ_CONS", "EVENTQ_BASE": "EVENTQ_PROD"}.get(reg.name)
        for name, value in others.items():
            if name not in (reg.name, touched):
                assert after[name] == value, f"{name} changed by a write to {reg.name}"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_regs_halves(dut: Any) -> None:
    """REG-032, REG-034: a write reaches its own half of a 64-bit register alone."""
    bench = await Bench(dut).start()
    wide = [reg for reg in PLAIN if reg.width == 64]
    assert len(wide) == 5
    for reg in wide:
        mask, value = reg.write_mask, 0
        for half in (0, 1, 1, 0, 1, 0):
            word = bench.rng.getrandbits(32)
            await bench.write(reg.offset + 4 * half, word)
            value = value & ~(WORD << 32 * half) | word << 32 * half
            await bench.check(reg.name, value & mask)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_regs_partial(dut: Any) -> None:
    """REG-033: partial and unaligned accesses have no effect, read 0, and answer OKAY."""
    bench = await Bench(dut).start()
    axil = bench.axil
    await bench.write("CR1", 0xD75)
    await bench.write("CMDQ_PROD", 0x55)
    kicks = bench.blocks.kicks
    before = await bench.snapshot()
    for reg in (r for r in milestone_1() if r.write_mask):
        for strobe in range(15):
            await axil.write32(reg.offset, WORD, strobe)
        for low in (1, 2, 3):
            await axil.write32(reg.offset + low, WORD)
            assert await axil.read32(reg.offset + low) == 0
    await bench.settle()
    assert await bench.snapshot() == before and bench.blocks.kicks == kicks
    assert not bench.blocks.modes


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_regs_guards(dut: Any) -> None:
    """INI-020, REG-010, REG-011, REG-017..026, IRQ-008: a write needs enable and ACK 0."""
    bench = await Bench(dut).start()
    rng = bench.rng
    for source in ("EVENTQ", "GERROR"):
        await bench.write(f"{source}_IRQ_CFG0", 0x1000)
    open_guards = {"SMMUEN_0", "CMDQEN_0", "EVENTQEN_0", "GERROR_IRQ_0", "EVENTQ_IRQ_0", "NONE"}

    async def probe(shut: set[str], where: str) -> None:
        opened = open_guards - shut
        for reg in PLAIN:
            old = await bench.read(reg.name)
            mask = _mask(bench, reg.name) if reg.guard in opened else 0
            if reg.name == "CR1":
                queues = {"CMDQEN_0", "EVENTQEN_0"} <= opened
                mask = (TABLE if "SMMUEN_0" in opened else 0) | (QUEUE if queues else 0)
            if reg.name == "GERRORN":
                continue  # an acknowledgement, not a setting
            value = rng.getrandbits(reg.width) & ~0x1F | 31  # sizes as large as they get
            if reg.name.endswith("IRQ_CFG0"):
                value |= 0x1000  # not 0: an MSI is wanted
            await bench.write(reg.name, value)
            want = old & ~mask | value & mask
            await bench.check(reg.name, _visible(bench, reg.name, want), f"{where}, was {old:#x}")

    for field, guard, busy in (
        ("smmuen", "SMMUEN_0", "done"),
        ("cmdqen", "CMDQEN_0", "cmdq"),
        ("eventqen", "EVENTQEN_0", "evtq"),
    ):
        await probe(set(), f"before {field}")
        bench.hold(busy)
        await bench.set_cr0(**{field: 1})
        await probe({guard}, f"{field} rising")
        await bench.release(busy)
        await probe({guard}, f"{field} on")
        bench.hold(busy)
        await bench.set_cr0(**{field: 0})
        await bench.check_cr0(0, REG.CR0.mask(field))
        await probe({guard}, f"{field} falling")
        await bench.release(busy)
    await probe(set(), "all off")
    for bit, guard, port, trigger in (
        (4, "EVENTQ_IRQ_0", 0, "irq_evtq_i"),
        (1, "GERROR_IRQ_0", 1, "gerr_msi_cmdq_i"),
    ):
        await bench.write("GERRORN", await bench.read("GERROR"))
        await bench.write("IRQ_CTRL", bit)
        await probe({guard}, f"IRQ_CTRL {bit} on")
        bench.hold(f"b{port}")
        await bench.pulse(trigger)
        await bench.write("IRQ_CTRL", 0)
        await bench.settle()
        await bench.check("IRQ_CTRLACK", bit)
        await probe({guard}, f"IRQ_CTRL {bit} falling")
        await bench.release(f"b{port}")
        await bench.check("IRQ_CTRLACK", 0)
        await probe(set(), f"IRQ_CTRL {bit} off")


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_regs_fields(dut: Any) -> None:
    """QUE-003, REG-018..026, STR-005, TLB-023: what the other blocks are given."""
    bench = await Bench(dut).start()
    rng, get = bench.rng, bench.get
    for _ in range(30):
        log2, misaligned = rng.randrange(32), rng.getrandbits(48)
        for queue, entry, limit in (
            ("cmdq", 16, bench.config.cmdqs),
            ("evtq", 32, bench.config.eventqs),
        ):
            name = "CMDQ_BASE" if queue == "cmdq" else "EVENTQ_BASE"
            hint = rng.getrandbits(1)
            await bench.write(name, hint << 62 | misaligned & ~31 | log2)
            used = min(log2, limit)
            assert get(f"{queue}_log2_o") == used
            want = misaligned & ~31 & -max(entry << used, 32)
            assert get(f"{queue}_base_o") == want, f"{queue} of {misaligned:#x}, {used}"
            assert get("cmdq_ra_o" if queue == "cmdq" else "evtq_wa_o") == hint
        fmt, split = rng.getrandbits(2), rng.getrandbits(5)
        await bench.write("STRTAB_BASE_CFG", fmt << 16 | split << 6 | log2)
        await bench.write("STRTAB_BASE", 1 << 62 | misaligned)
        assert get("strtab_2lvl_o") == (fmt == 1)
        assert get("strtab_split_o") == split and get("strtab_log2_o") == log2
        assert get("strtab_base_o") == misaligned & ~63 and get("strtab_ra_o")
        attrs = rng.getrandbits(12)
        await bench.write("CR1", attrs)
        names = ("table_sh", "table_oc", "table_ic", "queue_sh", "queue_oc", "queue_ic")
        for name in names:
            assert get(f"{name}_o") == REG.CR1.get(attrs, name), name
        await bench.write("CR2", control := rng.getrandbits(3))
        assert get("recinvsid_o") == control >> 1 & 1
        assert get("ptm_o") == (control >> 2 if bench.config.dvm_port else 0)
        kicks = bench.blocks.kicks
        await bench.write("CMDQ_PROD", prod := rng.getrandbits(32))
        await bench.write("EVENTQ_CONS", cons := rng.getrandbits(32))
        await bench.cycles(2)
        assert get("cmdq_prod_o") == prod & 0xFFFFF and bench.blocks.kicks == kicks + 1
        assert get("evtq_cons_o") == cons & 0xFFFFF and get("evtq_ovack_o") == cons >> 31
    for vmw in (*range(8), 0):
        await bench.set_cr0(vmw=vmw)
        await bench.check_cr0(vmw << 6, vmw << 6)
        assert get("vmw_o") == (vmw if vmw <= 4 else 0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_regs_owned_indexes(dut: Any) -> None:
    """REG-022, REG-024, QUE-002: CMDQ_CONS keeps ERR; both show what the queue block says."""
    bench = await Bench(dut).start()
    blocks = bench.blocks
    await bench.write("CMDQ_BASE", 31)
    await bench.write("EVENTQ_BASE", 31)
    blocks.err = 2
    await bench.write("CMDQ_CONS", WORD)
    visible = (2 << bench.get("cmdq_log2_o")) - 1
    await bench.check("CMDQ_CONS", 2 << 24 | visible)
    await bench.write("EVENTQ_PROD", WORD)
    await bench.check("EVENTQ_PROD", 1 << 31 | (2 << bench.get("evtq_log2_o")) - 1)
    await bench.set_cr0(cmdqen=1, eventqen=1)
    blocks.cons, blocks.err, blocks.prod, blocks.ovflg = 1, 1, 1, 0
    await bench.cycles(2)
    await bench.write("CMDQ_CONS", 0)
    await bench.write("EVENTQ_PROD", 1 << 31)
    await bench.check("CMDQ_CONS", 1 << 24 | 1)
    await bench.check("EVENTQ_PROD", 1)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_regs_bus(dut: Any) -> None:
    """REG-032: channels in any order and pace, reads beside writes, answers held until taken."""
    bench = await Bench(dut).start()
    rng = bench.rng
    offset = REG.CMDQ_PROD.offset
    pins = {name: getattr(dut, f"s_axil_{name}") for name in (
        "awvalid", "awready", "awaddr", "wvalid", "wready", "wdata", "wstrb", "bvalid", "bready",
        "bresp", "arvalid", "arready", "araddr", "rvalid", "rready", "rdata", "rresp")}  # fmt: skip
    pins["wstrb"].value = 0xF
    pins["bready"].value = pins["rready"].value = 0
    seen: list[int] = []

    async def send(channel: str, count: int, payload: dict[str, list[int]]) -> None:
        for n in range(count):
            await bench.cycles(rng.choice((0, 0, 1, 5)))
            for name, values in payload.items():
                pins[name].value = values[n]
            pins[f"{channel}valid"].value = 1
            await RisingEdge(dut.clk_i)
            while not int(pins[f"{channel}ready"].value):
                await RisingEdge(dut.clk_i)
            pins[f"{channel}valid"].value = 0

    async def receive(channel: str, count: int, payload: str) -> None:
        for _ in range(count):
            await bench.cycles(rng.choice((0, 0, 1, 5)))
            pins[f"{channel}ready"].value = 1
            await RisingEdge(dut.clk_i)
            while not int(pins[f"{channel}valid"].value):
                await RisingEdge(dut.clk_i)
            pins[f"{channel}ready"].value = 0
            assert not int(pins[f"{channel}resp"].value)
            if payload:
                seen.append(int(pins[payload].value))

    count = 100
    values = [n + 1 for n in range(count)]
    tasks = [
        send("aw", count, {"awaddr": [offset] * count}),
        send("w", count, {"wdata": values}),
        receive("b", count, ""),
        send("ar", count, {"araddr": [offset] * count}),
        receive("r", count, "rdata"),
    ]
    for task in [cocotb.start_soon(task) for task in tasks]:
        await with_timeout(task, 1, "ms")
    assert seen == sorted(seen) and set(seen) <= {0, *values} and len(set(seen)) > count // 10
    pins["bready"].value = pins["rready"].value = 1
    await bench.check("CMDQ_PROD", count)
    assert bench.blocks.kicks == count
