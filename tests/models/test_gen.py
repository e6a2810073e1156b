# SPDX-License-Identifier: Apache-2.0
"""The generator: nothing is stale, and a broken source gives one clear line and changes nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tb.tools import gen

SOURCES = (gen.FIELDS, gen.PINS, gen.CONFIGS)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources and everything made from them, generated once."""
    tree = tmp_path_factory.mktemp("generated")
    copy_sources(tree)
    assert gen.main(["--root", str(tree)]) == 0
    return tree


@pytest.fixture
def made(generated: Path, tmp_path: Path) -> Path:
    """A copy of the generated tree."""
    return shutil.copytree(generated, tmp_path / "made")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources alone."""
    copy_sources(tmp_path)
    return tmp_path


def copy_sources(tmp_path: Path) -> None:
    for path in (*SOURCES, Path("pyproject.toml")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(gen.ROOT / path, tmp_path / path)


def run(tree: Path, *args: str) -> int:
    return gen.main(["--root", str(tree), *args])


def edit(tree: Path, path: Path, change: Callable[[str], str]) -> None:
    text = (tree / path).read_text()
    changed = change(text)
    assert changed != text
    (tree / path).write_text(changed)


def test_generated_files_are_current() -> None:
    assert gen.main(["--check"]) == 0


def test_write_then_check(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tree, "--check") == 1
    assert "stale: hdl/smmu/smmu_defs.vh" in capsys.readouterr().out
    assert run(tree) == 0
    assert run(tree, "--check") == 0
    edit(tree, Path("docs/registers.md"), lambda text: text + "x")
    capsys.readouterr()
    assert run(tree, "--check") == 1
    assert capsys.readouterr().out.splitlines() == [
        "stale: docs/registers.md (run `python -m tb.tools.gen`)"
    ]


# name: (source, text taken out, text put in, what the line must say)
BROKEN: dict[str, tuple[Path, str, str, str]] = {
    "overlap": (
        gen.FIELDS,
        '{name: EPD0, bits: "14"',
        '{name: EPD0, bits: "13"',
        r"structures\.CD\.EPD0: bits 13 overlap SH0 \(13:12\)",
    ),
    "missing_key": (
        gen.FIELDS,
        "    doc: Sizes\n",
        "",
        r"registers\.IDR1: key 'doc' is missing",
    ),
    "unknown_key": (
        gen.FIELDS,
        "{offset: 0x00020,",
        "{offset: 0x00020, colour: 1,",
        r"registers\.CR0\.hw: unknown key 'colour'",
    ),
    "no_yaml": (gen.FIELDS, "structures:\n", "}{: [\n", r"smmu_fields\.yaml:\d+:\d+: not YAML"),
    "outside": (
        gen.FIELDS,
        '{name: S2POI, bits: "511',
        '{name: S2POI, bits: "512',
        r"STE\.S2POI\.bits: 512:448 is outside the 512 bits",
    ),
    "reversed": (gen.FIELDS, 'bits: "3:1"', 'bits: "1:3"', r"STE\.CONFIG\.bits: 1:3 is reversed"),
    "same_offset": (
        gen.FIELDS,
        "offset: 0x00024",
        "offset: 0x00020",
        r"registers\.CR0ACK: the offset is already used by CR0",
    ),
    "same_opcode": (
        gen.FIELDS,
        "op: 0x11",
        "op: 0x10",
        r"TLBI_NH_ASID: the opcode is already used by TLBI_NH_ALL",
    ),
    "guard": (gen.FIELDS, "guard: CMDQEN_0", "guard: CMDQEN_9", r"guard: no guard 'CMDQEN_9'"),
    "enum": (
        gen.FIELDS,
        "enum: SteConfig",
        "enum: Nope",
        r"STE\.CONFIG\.enum: no enumeration 'Nope'",
    ),
    "reset": (gen.FIELDS, "reset: 0x1414", "reset: 0x1415", r"IDR3\.reset: 0x1415 sets bits"),
    "command_field": (
        gen.FIELDS,
        "fields: [SSEC, STREAMID, LEAF]",
        "fields: [SSEC, STREAMID, LEEF]",
        r"commands\.CFGI_STE\.fields: no field 'LEEF'",
    ),
    "event_overlap": (
        gen.FIELDS,
        "REASON, FETCHADDR], doc: STE",
        "REASON, STAG, FETCHADDR], doc: STE",
        r"events\.F_STE_FETCH\.\w+: bits 79:64 overlap",
    ),
    "pin_dir": (gen.PINS, "dir: in", "dir: sideways", r"clk_i\.dir: in or out is wanted"),
    "pin_width": (gen.PINS, "DATA_W/8", "DATAW/8", r"s_axi\.wstrb\.width: .*'DATAW/8'"),
    "pin_twice": (gen.PINS, "awqos", "awprot", r"port s_axi_awprot exists already"),
    "config": (gen.CONFIGS, "  ID_W: 4\n", "", r"tiny: parameter ID_W is missing"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_source_is_one_line_and_changes_nothing(
    case: str, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, old, new, message = BROKEN[case]
    before = {item: item.read_bytes() for item in made.rglob("*") if item.is_file()}
    edit(made, path, lambda text: text.replace(old, new, 1))
    before[made / path] = (made / path).read_bytes()
    assert run(made) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert re.search(message, shown.err), shown.err
    assert {item: item.read_bytes() for item in made.rglob("*") if item.is_file()} == before


@pytest.mark.parametrize("text", ["", "- 1\n", "\xff\xfe\x00"], ids=["empty", "list", "binary"])
def test_no_document(text: str, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / gen.FIELDS).write_bytes(text.encode("latin-1"))
    assert run(made) == 2
    assert re.fullmatch(r"gen: .*smmu_fields\.yaml: .+\n", capsys.readouterr().err)


def test_missing_source(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / gen.PINS).unlink()
    assert run(tree) == 2
    assert "smmu_pins.yaml: No such file" in capsys.readouterr().err


def test_wrappers_connect_every_pin_once() -> None:
    pins = yaml.safe_load((gen.ROOT / gen.PINS).read_text())
    configs = yaml.safe_load((gen.ROOT / gen.CONFIGS).read_text())
    for name, values in configs.items():
        text = (gen.ROOT / f"hdl/smmu/gen/smmu_wrap_{name}.v").read_text()
        declared = re.findall(r"^    (?:input |output) wire +(?:\[\d+:0\])? +(\w+),?$", text, re.M)
        joined = re.findall(r"^        \.(\w+) +\((.*)\),?$", text, re.M)
        used = [
            wire for port, ends in joined if port.islower() for wire in re.findall(r"\w+", ends)
        ]
        assert sorted(used) == sorted(declared) == sorted(set(declared))
        per_tbu = sum(len(b["pins"]) for b in pins["bundles"] if b.get("per_tbu"))
        single = sum(len(b["pins"]) for b in pins["bundles"] if not b.get("per_tbu"))
        assert len(declared) == single + per_tbu * values["NUM_TBU"]
