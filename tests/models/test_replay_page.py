# SPDX-License-Identifier: Apache-2.0
"""The case that docs/replay.md shows is a case, passes, and what it says of failures is so."""

from __future__ import annotations

import copy
import json
import re

import pytest

from sim.options import ROOT
from tb.replay.format import _STEPS, parse_case
from tb.replay.model_runner import run_on_model

PAGE = ROOT / "docs" / "replay.md"


def example() -> dict:
    """The JSON block of the page."""
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return json.loads(block)


def test_replay_page_example_passes():
    assert run_on_model([parse_case(example())])[0].line == "PASS bypass-and-bad-ste"


@pytest.mark.parametrize(
    ("step", "key", "value", "field"),
    [
        (5, "value", "0xc", "reg:0x24"),
        (8, "expect", {"resp": "OKAY", "data": "44556678"}, "data"),
        (8, "expect", {"resp": "SLVERR"}, "resp"),
        (8, "expect", {"resp": "OKAY", "pa": "0x0"}, "pa"),
        (10, "expect", "00", "mem:0x48000006"),
        (12, "expect", [], "events"),
        (12, "expect", [{"hex": "03" * 32}], "event[0]"),
    ],
)
def test_replay_page_failures_name_step_and_field(step, key, value, field):
    case = copy.deepcopy(example())
    case["steps"][step][key] = value
    line = run_on_model([parse_case(case)])[0].line
    assert line.startswith(f"FAIL bypass-and-bad-ste step={step} field={field} got="), line
    assert f"`{field.split(':')[0]}" in PAGE.read_text() or field == "event[0]"


def test_replay_page_has_every_op():
    table = re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`(\w+)`", row)}
    assert set(_STEPS) <= named
