# SPDX-License-Identifier: Apache-2.0
"""What `make waves` leaves: names of states from the Verilog, lives, layouts, the picture."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sim import history, runner, sources, waves
from sim.options import ROOT, OptionError, from_env
from sim.waves import drawing, layouts, life, names
from sim.waves.trace import Trace
from tb.env import smmu_bench

TOP = "tb_smmu"
SMMU = f"{TOP}.u_smmu"
SLOT = f"{SMMU}.g_tbu[0].u_tbu.u_slots.g_slot[{{}}].u_slot.state_q"
WALKER, FAULT = f"{SMMU}.u_tcu.u_walker", f"{SMMU}.u_tcu.u_fault"
STAG = 0x0301  # entry 1 of its table, third use
GENS = (STAG >> 8) << 8
# StreamID 0x27, TBU 0, slot 1: of entry 1
OWNER = (0x27 | 1 << 16) << life.OWNER_W
END = 500

Story = dict[str, tuple[int, list[tuple[int, int]]]]  # (bits, changes)


def _walk_state(**fields: int) -> int:
    return sum(value << names.number(f"WS_{name}_LSB") for name, value in fields.items())


def _handshake(scope: str, valid: str, ready: str, times: list[int]) -> Story:
    pulses = [(0, 0)] + [change for time in times for change in ((time, 1), (time + 10, 0))]
    return {f"{scope}.{valid}": (1, pulses), f"{scope}.{ready}": (1, [(0, 1)])}


def _story() -> Story:
    """Slot 1 asks, walk 0 faults, entry 1 is taken, published, resumed; the second walk is good."""
    low = names.number("UP_SLOT_LSB")
    goal, cd = _walk_state(PHASE=4, LVL1=2, LVL2=1, S2ACT=1), _walk_state(PHASE=3)
    faulted = goal | _walk_state(EVT=0x10)
    clock = [(time, time // 5 % 2) for time in range(0, END, 5)]
    return {
        f"{TOP}.clk_i": (1, clock),
        f"{TOP}.irq_evtq": (1, [(0, 0), (230, 1), (240, 0)]),
        SLOT.format(0): (3, [(0, 0)]),
        SLOT.format(1): (3, [(0, 0), (100, 2), (200, 4), (300, 1), (310, 2), (400, 0)]),
        **_handshake(WALKER, "wreq_valid_i", "wreq_ready_o", [110, 320]),
        f"{WALKER}.wreq_tbu_i": (3, [(0, 0)]),
        f"{WALKER}.wreq_msg_i": (names.number("UP_W"), [(0, 1 << low)]),
        f"{WALKER}.wreq_widx_o": (6, [(0, 0)]),
        f"{WALKER}.s_valid_q": (1, [(0, 0), (120, 1), (160, 0), (330, 1), (370, 0)]),
        f"{WALKER}.s_slot_q": (1, [(0, 0)]),
        f"{WALKER}.ws_next": (names.number("WS_W"),
                              [(0, 0), (120, cd), (130, goal), (150, faulted), (330, cd)]),
        f"{WALKER}.u_slots.busy_q": (2, [(0, 0), (115, 1), (190, 0), (325, 1), (380, 0)]),
        f"{WALKER}.u_slots.ready_q": (2, [(0, 0), (115, 1), (120, 0)]),
        f"{WALKER}.u_slots.wait_q": (2, [(0, 0), (140, 1), (145, 0)]),
        f"{WALKER}.u_slots.ok_q": (2, [(0, 0), (370, 1), (380, 0)]),
        f"{WALKER}.u_slots.flt_q": (2, [(0, 0)]),
        f"{FAULT}.state_q": (3, [(0, 0), (170, 1), (180, 0)]),
        **_handshake(FAULT, "ev_valid_o", "ev_ready_i", [170]),
        f"{FAULT}.ev_stag_o": (16, [(0, STAG)]),
        **_handshake(FAULT, "res_valid_i", "res_ready_o", [50, 280]),
        f"{FAULT}.res_stag_i": (16, [(0, STAG + 1), (280, STAG)]),
        f"{FAULT}.u_table.valid_q": (2, [(0, 0), (180, 2), (290, 0)]),
        f"{FAULT}.u_table.pub_q": (2, [(0, 0), (220, 2), (290, 0)]),
        f"{FAULT}.u_table.lost_q": (2, [(0, 0)]),
        f"{FAULT}.u_table.owner_q": (2 * life.OWNER_W, [(0, 0), (180, OWNER)]),
        f"{FAULT}.u_table.gen_q": (16, [(0, 0), (180, GENS)]),
    }  # fmt: skip


def _write(story: Story, path: Path) -> Trace:
    """The story as a VCD; the reader takes FST and VCD alike."""
    lines = ["$timescale 1 ps $end"]
    scope: list[str] = []
    codes = {name: f"v{number}" for number, name in enumerate(story)}
    for name in sorted(story, key=lambda name: name.split(".")[:-1]):
        *wanted, short = name.split(".")
        while scope != wanted[: len(scope)]:
            lines.append("$upscope $end")
            scope.pop()
        for part in wanted[len(scope) :]:
            lines.append(f"$scope module {part} $end")
            scope.append(part)
        width = story[name][0]
        span = f" [{width - 1}:0]" if width > 1 else ""
        lines.append(f"$var wire {width} {codes[name]} {short}{span} $end")
    lines += ["$upscope $end"] * len(scope) + ["$enddefinitions $end"]
    changes = sorted((t, codes[name], v) for name, (_, some) in story.items() for t, v in some)
    now = -1
    for time, code, value in changes:
        if time != now:
            lines.append(f"#{time}")
            now = time
        lines.append(f"b{value:b} {code}")
    path.write_text("\n".join([*lines, f"#{END}", ""]))
    return Trace(path, TOP)


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return _write(_story(), tmp_path / "waves.fst")


# ---- names --------------------------------------------------------------------------------------


def test_every_state_register_of_the_smmu_has_names() -> None:
    """Each module with a state_q has a text for each of its states, and they all differ."""
    found = {}
    for path in sorted((ROOT / "hdl" / "smmu").rglob("*.v")):
        if table := names.states(path.stem):
            found[path.stem] = table
            used = set(re.findall(r"\b(?:ST|S)_([A-Z]+)\b", names._code(path)))
            texts = [text for _, text in table.texts]
            assert len(set(texts)) == len(texts) > 1
            assert all(value < 1 << table.width for value, _ in table.texts)
            if path.stem != "smmu_tbu_slot":
                assert used & set(texts) == set(texts), path.stem
    assert {"smmu_tbu_slot", "smmu_fault", "smmu_cmdq", "smmu_sync", "smmu_tlb"} <= set(found)
    assert found["smmu_tbu_slot"].text(4) == "STALL" and found["smmu_cmdq"].text(3) == "RES"
    assert found["smmu_tbu_slot"].text(None) == "x" and found["smmu_sync"].text(7) == "7"


def test_states_follow_the_verilog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is renamed has its new name; a register without names is told."""
    file = tmp_path / "smmu_new.v"
    code = "module smmu_new;\nlocalparam [1:0] ST_A = 2'd0, // S_OLD = 2'd3\n ST_LAST = 2'b10;\n"
    file.write_text(f"{code}reg [1:0] state_q, state_d;\nendmodule\n")
    bare = tmp_path / "smmu_bare.v"
    bare.write_text("module smmu_bare;\nreg [1:0] state_q;\nendmodule\n")
    monkeypatch.setattr(sources, "library", lambda: {"smmu_new": file, "smmu_bare": bare})
    assert names.states("smmu_new") == names.Table("smmu_new", 2, ((0, "A"), (2, "LAST")))
    with pytest.raises(OptionError, match=r"smmu_bare.v: state_q has neither localparams"):
        names.states("smmu_bare")
    names.states.cache_clear()


def test_scopes_are_known_by_their_module() -> None:
    """Through parameters, generate blocks and arrays of them."""
    assert names.module_of(f"{FAULT}.u_table", TOP) == "smmu_stall_table"
    assert names.module_of(SLOT.format(3).rpartition(".")[0], TOP) == "smmu_tbu_slot"
    assert names.module_of(f"{SMMU}.u_tcu.u_sync.g_sync[1]", TOP) == "smmu_sync"


# ---- lives --------------------------------------------------------------------------------------


def test_life_of_a_stalled_transaction(trace: Trace) -> None:
    """Slots, walks and stalls as text; nothing of the walk before stays."""
    tracks = {f"{track.group} {track.name}": track.texts for track in life.tracks(trace)}
    assert tracks["TBU 0 slot 0"] == [(0, "FREE")]
    assert tracks["TBU 0 slot 1"] == [
        (0, "FREE"), (100, "WAIT"), (200, "STALL"), (300, "ASK"), (310, "WAIT"), (400, "FREE"),
    ]  # fmt: skip
    assert tracks["walker walk 0"] == [
        (0, "free"), (115, "new ready"), (120, "CD"), (130, "S2 L1 for S1 L2"),
        (140, "S2 L1 for S1 L2 waits"), (145, "S2 L1 for S1 L2"), (150, "fault"), (190, "free"),
        (325, "new"), (330, "CD"), (370, "done"), (380, "free"),
    ]  # fmt: skip
    assert tracks["walker walk 1"] == [(0, "free")]
    assert tracks["stall table entry 0"] == [(0, "free")]
    assert tracks["stall table entry 1"] == [
        (0, "free"), (180, "taken sid 0x27 TBU 0 slot 1"),
        (220, "published sid 0x27 TBU 0 slot 1"), (290, "free"),
    ]  # fmt: skip


def test_layouts_show_states_as_text(trace: Trace, tmp_path: Path) -> None:
    """Every variable of a layout is recorded, every file of names is there; lives can be read."""
    assert {path.name for path in layouts.write(trace)} == {"waves.gtkw", "waves.sucl", "life.vcd"}
    gtkwave = (tmp_path / "waves.gtkw").read_text()
    files = re.findall(r"^\^1 (.+)$", gtkwave, re.MULTILINE)
    assert files and all(Path(file).is_file() for file in files)
    assert "100 STALL" in (tmp_path / "states" / "smmu_tbu_slot").read_text().splitlines()
    assert "110 published" in (tmp_path / "states" / "smmu_stall_table").read_text().splitlines()
    for name in re.findall(r"\btb_smmu\.[^\s]+?(?=\[\d+:0\]|\s|$)", gtkwave):
        assert name in trace
    surfer = (tmp_path / "waves.sucl").read_text().splitlines()
    assert all(line.split()[1] in trace for line in surfer if line.startswith("variable_add"))
    at = surfer.index(f"variable_add {SLOT.format(1)}")
    assert surfer[at + 1] == "item_set_format smmu_tbu_slot"
    mapping = (tmp_path / ".surfer" / "mappings" / "smmu_tbu_slot").read_text().splitlines()
    assert mapping[:2] == ["Name = smmu_tbu_slot", "Bits = 3"] and "4 STALL" in mapping

    lives = Trace(tmp_path / "life.vcd", "life")
    signal = lives._var("life.stall_table.entry_1").signal
    assert [signal[i] for i in range(len(signal))][1] == (180, "taken_sid_0x27_TBU_0_slot_1")


def test_gtkwave_shows_the_names(trace: Trace, tmp_path: Path) -> None:
    """The real viewer, asked for the values at a time."""
    if not (shutil.which("gtkwave") and shutil.which("xvfb-run")):
        pytest.skip("no gtkwave and xvfb-run on this machine")
    layouts.write(trace)
    script = tmp_path / "ask.tcl"
    script.write_text(
        "gtkwave::setMarker 250\n"
        "for {set i 0} {$i < [gtkwave::getTotalNumTraces]} {incr i} {\n"
        '  puts "<[gtkwave::getTraceNameFromIndex $i]>'
        ' [gtkwave::getTraceValueAtMarkerFromIndex $i]"\n}\ngtkwave::/File/Quit\n'
    )
    vcd = shutil.copy(trace.path, tmp_path / "waves.vcd")  # it goes by the suffix
    command = ["xvfb-run", "-a", "gtkwave", vcd, str(tmp_path / "waves.gtkw"), "-S", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    shown = dict(re.findall(r"^<(.+)> (.*)$", done.stdout, re.MULTILINE))
    assert shown["walk 0"] == "free" and shown["stall 1"] == "published", done.stdout
    assert shown["stall 0"] == "free" and "STALL" in shown.values() and "FREE" in shown.values()


# ---- the picture --------------------------------------------------------------------------------


def test_picture_of_a_stall_and_its_end(trace: Trace) -> None:
    """The stall that was resumed, with its two walks, its record and its command."""
    assert drawing.stalls(trace) == [drawing.Stall(1, 0, 1, 180, 290)]
    picture = drawing.draw(trace)
    texts = re.findall(r"<tspan[^>]*>([^<]+)</tspan>|<text[^>]*>([^<]+)</text>", picture)
    words = [one or other for one, other in texts]
    assert "TBU 0 slot 1" in words and "stall entry 1" in words and "CMD_RESUME" in words
    for word in ("WAIT", "STALL", "ASK", "fault", "CD", "S1", "done", "taken", "published"):
        assert word in words, word
    assert f"STAG {STAG:#06x}" in picture
    # The command that came before, for another STAG, is not shown.
    handshake = ("res_valid_i", "res_ready_o", "res_stag_i")
    told = drawing._when(trace, FAULT, handshake, STAG)
    assert told == [(0, "0"), (280, "1"), (290, "0")]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (SLOT.format(1), [(0, 0), (100, 2), (200, 4), (300, 6), (400, 0)]),  # terminated
        (f"{FAULT}.u_table.valid_q", [(0, 0), (180, 2)]),  # never freed
    ],
)
def test_no_picture_without_a_resume(
    name: str, changes: list[tuple[int, int]], tmp_path: Path
) -> None:
    story = _story()
    story[name] = (story[name][0], changes)
    assert drawing.draw(_write(story, tmp_path / "waves.fst")) is None


# ---- what is missing ----------------------------------------------------------------------------


def test_waves_tell_what_is_missing(tmp_path: Path) -> None:
    """One line, and no failure of the test that was recorded."""
    story = _story()
    del story[f"{FAULT}.u_table.owner_q"]
    _write(story, tmp_path / "waves.fst")
    told = list(waves.leave(tmp_path / "waves.fst", TOP))
    assert told == [f"no layout: {FAULT}.u_table.owner_q is not recorded"]
    (tmp_path / "bad.fst").write_text("nothing")
    (told,) = waves.leave(tmp_path / "bad.fst", TOP)
    assert "no waves can be read" in told and "\n" not in told


def test_waves_of_a_design_without_states(tmp_path: Path) -> None:
    _write({"util_ram_1r1w.clk_i": (1, [(0, 0)])}, tmp_path / "waves.fst")
    assert list(waves.leave(tmp_path / "waves.fst", "util_ram_1r1w")) == []


def test_waves_of_the_whole_smmu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real stall and its end: picture, lives and layouts come from the recorded FST."""
    if history.VARIABLE not in os.environ and not from_env().test:
        pytest.skip("compiles the SMMU with waves; runs in make regress, or by TEST=its name")
    monkeypatch.setenv("WAVES", "1")
    monkeypatch.setenv("CONFIG", "tiny")
    monkeypatch.delenv("TEST", raising=False)
    module = ".".join(["tests", "smmu", "retry_tests"])  # in pieces: not a test of this function
    result = runner.run(smmu_bench.build(), module, tests=["stage_2_repair_needs_no_cfgi"])
    picture = (result.folder / drawing.FILE).read_text()
    assert all(word in picture for word in ("STALL", "published", "CMD_RESUME", "STE", "OUT"))
    tracks = life.tracks(Trace(result.waves, TOP))
    seen = {text.split()[0] for track in tracks for _, text in track.texts}
    assert {"WAIT", "STALL", "taken", "published", "STE", "CD", "S1", "S2"} <= seen
