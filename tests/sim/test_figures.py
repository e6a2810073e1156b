# SPDX-License-Identifier: Apache-2.0
"""Figures are summed over runs; wrong scales are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import figures, options


def test_figures_are_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        with monkeypatch.context() as patch:
            patch.setenv(figures.VARIABLE, str(file))
            figures.publish("walks", walks=600, hits=400, seconds=0.5)
    sums = figures.total(*files, tmp_path / "none")
    assert dict(sums["walks"]) == {"walks": 1200, "hits": 800, "seconds": 1.0}
    assert figures.line("walks", sums["walks"]) == "figures: walks: walks 1,200 (1,200/s), hits 800"


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5"])
def test_wrong_scale_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("SCALE", text)
        with pytest.raises(options.OptionError, match=f"SCALE={text}: not a number above 0"):
            options.from_env()


def test_scale_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("SCALE", "7")
        assert options.repro_line("t", 1, "verilator", "tiny").endswith("CONFIG=tiny SCALE=7")
