# SPDX-License-Identifier: Apache-2.0
"""Replay: form of the documents, interpreter on the model, command line."""

from __future__ import annotations

import copy
import gzip
import json

import pytest

from tb.models.fields import STE
from tb.replay.__main__ import main
from tb.replay.format import FormatError, load_case, parse_case
from tb.replay.model_runner import run_on_model

STALL_MASK = "ff080000ffffffff000000808e030000ffffffffffffffff0000000000000000"


def base_case() -> dict:
    """SMMUEN=0: bypass, then a stream that aborts."""
    return {
        "format": "smmu-replay/1",
        "name": "base",
        "features": {"oas": 48, "unknown": {}},
        "memory": [
            {"pa": "0x66000000", "hex": "0011223344556677"},
            {"pa": "0x40000000", "fill": "0x0", "len": "0x1000"},
        ],
        "steps": [
            {"op": "write64", "reg": "0x90", "value": "0x4000000040000003"},
            {"op": "write64", "reg": "0xa0", "value": "0x4000000040020003"},
            {"op": "write32", "reg": "0x20", "value": "0xc"},
            {"op": "poll32", "reg": "0x24", "mask": "0xc", "value": "0xc", "cycles": "100"},
            {"op": "read32", "reg": "0x1c", "mask": "0xf", "expect": "0x1"},
            {
                "op": "dma",
                "id": "r",
                "dir": "read",
                "sid": "0x1",
                "ssid": None,
                "addr": "0x66000002",
                "len": 3,
                "prot": {"priv": 0, "inst": 1},
                "expect": {"resp": "OKAY", "pa": "0x66000002", "data": "223344"},
            },
            {
                "op": "dma",
                "id": "w",
                "dir": "write",
                "sid": "0x1",
                "ssid": "0x5",
                "addr": "0x66000001",
                "data": "aabb",
                "wait": False,
                "expect": {"resp": "OKAY"},
            },
            {"op": "await", "id": "w"},
            {"op": "mem_read", "pa": "0x66000000", "expect": "00aabb33"},
            {"op": "mem_write", "pa": "0x66000000", "hex": "ff"},
            {"op": "command", "words": ["0x0000000000000004", "0x1f"]},
            {"op": "sync"},
            {"op": "events", "expect": [], "order": "any"},
        ],
    }


def stall_case() -> dict:
    """An S1DSS-less stage 2 stream whose first access stalls."""
    stage2 = {"s2t0sz": 24, "s2sl0": 1, "s2ps": 5, "s2aa64": 1, "s2s": 1}
    ste = STE.pack(v=1, config=6, s2ttb=0x4100_0000, **stage2).hex()
    record = "1000000000000000" + "0000008088020000" + "0000500000000000" + "0000500000000000"
    case = base_case()
    case["name"] = "stall"
    case["memory"] = [{"pa": "0x40100000", "hex": ste}]
    dma = {"op": "dma", "sid": "0x0", "addr": "0x500000", "id": "a", "dir": "read", "len": 4}
    case["steps"] = [
        {"op": "write64", "reg": "0x80", "value": "0x40100000"},
        *case["steps"][:2],
        {"op": "write32", "reg": "0x20", "value": "0xd"},
        {**dma, "wait": False, "expect": {"resp": "RAZWI"}},
        {**dma, "id": "b", "wait": False, "expect": {"resp": "SLVERR"}},
        {"op": "events", "expect": [{"hex": record, "mask": STALL_MASK}] * 2, "order": "any"},
        {"op": "resume", "match": {"sid": "0x0"}, "action": "retry", "as_sid": "0x1"},
        {"op": "resume", "match": {"addr": "0x500000", "ssid": None}, "action": "terminate"},
        {"op": "await", "id": "a"},
        {"op": "resume", "match": {"sid": "0x0"}, "action": "abort"},
        {"op": "await", "id": "b"},
    ]
    return case


def run(document: dict) -> str:
    return run_on_model([parse_case(document)])[0].line


def test_a_good_case_passes():
    assert run(base_case()) == "PASS base"


def test_stalls_are_matched_used_up_and_protected():
    assert run(stall_case()) == "PASS stall"
    case = stall_case()
    case["steps"].insert(-1, {"op": "resume", "match": {"sid": "0x0"}, "action": "abort"})
    assert run(case).startswith("FAIL stall step=11 field=resume got=no drained stall record")


def test_a_step_that_would_wait_for_ever_fails():
    case = stall_case()
    del case["steps"][7:9]
    assert run(case) == "FAIL stall step=7 field=resp got=none want=an answer"
    case = base_case()
    case["steps"][3]["value"] = "0x8"
    assert run(case) == "FAIL base step=3 field=reg:0x24 got=0xc want=0x8"
    case = base_case()
    case["steps"][10]["words"] = ["0x0", "0x0"]
    assert run(case) == "FAIL base step=11 field=CMDQ_CONS.RD got=0x0 want=0x2"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ([5, "expect", "data"], "000000", "step=5 field=data got=223344 want=000000"),
        ([5, "expect", "pa"], "0x1", "step=5 field=pa got=0x66000002 want=0x1"),
        ([5, "expect", "resp"], "SLVERR", "step=5 field=resp got=OKAY want=SLVERR"),
        ([6, "expect", "resp"], "RAZWI", "step=7 field=resp got=OKAY want=RAZWI"),
        ([8, "expect"], "00aabb44", "step=8 field=mem:0x66000000 got=00aabb33 want=00aabb44"),
        ([4, "expect"], "0x2", "step=4 field=reg:0x1c got=0x1 want=0x2"),
        ([12, "expect"], [{"hex": "00" * 32}], "step=12 field=events got=0: want=1"),
    ],
)
def test_mismatches_name_step_field_got_want(path, value, line):
    case = base_case()
    place = case["steps"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert run(case) == f"FAIL base {line}"


def test_features_of_another_device_skip():
    for name, value in {"oas": 44, "ssidsize": "0x8", "term_model": 1, "httu": 2}.items():
        case = base_case()
        case["features"] = {name: value}
        assert run(case).startswith(f"SKIPPED base needs {name}=")


BROKEN = [
    (["format"], "smmu-replay/2", '$.format: expected "smmu-replay/1", got "smmu-replay/2"'),
    (["name"], 5, "$.name: expected a non-empty string, got 5"),
    (["steps"], {}, "$.steps: expected a list, got {}"),
    (["memory", 0, "hex"], "abc", "$.memory[0].hex: expected an even number of hexadecimal"),
    (["memory", 1, "len"], -1, "$.memory[1].len: expected a number that is not negative, got -1"),
    (["features", "oas"], "x", "$.features.oas: expected a number as a string"),
    (["steps", 2], 7, "$.steps[2]: expected an object, got 7"),
    (["steps", 2, "op"], "jump", "$.steps[2].op: expected one of write32, write64, read32"),
    (["steps", 2, "reg"], 32, "$.steps[2].reg: expected a number as a string such as"),
    (["steps", 2, "reg"], "0x21", "$.steps[2].reg: expected a multiple of 4 below 0x20000"),
    (["steps", 2, "value"], "0x100000000", "$.steps[2].value: expected a number of at most 32"),
    (["steps", 2, "valeu"], "0x1", "$.steps[2].valeu: expected only the keys reg, value"),
    (["steps", 5, "dir"], "copy", "$.steps[5].dir: expected one of read, write"),
    (["steps", 5, "len"], 0, "$.steps[5].len: expected a length of 1 to 4096 bytes, got 0"),
    (["steps", 5, "data"], "00", "$.steps[5].data: expected no data in a read"),
    (["steps", 5, "expect", "resp"], "DECERR", "$.steps[5].expect.resp: expected one of OKAY"),
    (["steps", 5, "expect", "paddr"], "0x0", "$.steps[5].expect.paddr: expected only the keys"),
    (["steps", 5, "prot", "priv"], 2, "$.steps[5].prot.priv: expected 0 or 1, got 2"),
    (["steps", 6, "len"], 3, "$.steps[6].len: expected the length of data, 2, got 3"),
    (["steps", 6, "wait"], 1, "$.steps[6].wait: expected true or false, got 1"),
    (["steps", 7, "id"], "x", "$.steps[7].id: expected the id of an earlier dma"),
    (["steps", 10, "words"], ["0x0"], "$.steps[10].words: expected two 64-bit words"),
    (["steps", 12, "expect"], [{"hex": "00"}], "$.steps[12].expect[0].hex: expected 64 hexadecim"),
    (["steps", 12, "order"], "sorted", "$.steps[12].order: expected one of exact, any"),
]


@pytest.mark.parametrize(("path", "value", "message"), BROKEN)
def test_broken_documents_name_the_path(path, value, message):
    document = base_case()
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(FormatError) as caught:
        parse_case(document)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("path", [["format"], ["steps", 2, "value"], ["steps", 12, "expect"]])
def test_missing_keys_name_the_path(path):
    document = base_case()
    place = document
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(FormatError, match="expected this key, it is missing"):
        parse_case(document)


def test_files_that_are_no_documents(tmp_path):
    for name, data, message in (
        ("a.json", b"{", r"\$: expected JSON, .* line 1 column 2"),
        ("b.json", b"\xff\xfe{}", "UTF-8"),
        ("c.json.gz", b"\x1f\x8bjunk", "gzip"),
        ("d.json", b"[" * 100_000, "reasonable depth"),
        ("e.json", b"[]", "expected an object"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FormatError, match=message):
            load_case(path)


def test_command_line(tmp_path, capsys):
    good, bad = base_case(), base_case()
    bad["steps"][4]["expect"] = "0x0"
    skipped = copy.deepcopy(good)
    skipped["features"] = {"oas": 40}
    (tmp_path / "a.json").write_text(json.dumps(good))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(json.dumps(skipped).encode()))
    assert main([str(tmp_path), "--model-only"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "PASS base",
        "SKIPPED base needs oas=40, this device has 48",
        "1 passed, 0 failed, 1 skipped",
    ]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.json").write_text(json.dumps(bad))
    assert main([str(tmp_path), "--model-only"]) == 1
    assert "FAIL base step=4 field=reg:0x1c got=0x1 want=0x0" in capsys.readouterr().out
    (tmp_path / "d.json").write_text("{}")
    assert main([str(tmp_path), "--model-only"]) == 2
    assert "d.json: $.format: expected this key" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "none"):
        assert main([str(path), "--model-only"]) == 2
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 1 and lines[0].startswith(f"ERROR {path}: no ")
