# SPDX-License-Identifier: Apache-2.0
"""Costs of software: what a file laid over the table changes, doubling, TLBIs of a long range."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tb.models.audit import Audit
from tb.models.costs import load_costs
from tb.models.cpu import Cpu
from tb.models.linux.kernel import MAX_DVM_OPS, Kernel
from tb.models.maintenance import SyncMessage
from tb.models.memory import Memory
from tb.models.virtual_time import VirtualPlatform


def _overlay(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_overlay_changes_what_it_names(tmp_path):
    """Cycles of a step, in host and guest for a kernel's; the source says where it is from."""
    text = """
    sources: {lab: measured on the bench in the laboratory}
    layers:
      kernel: {tlbi: {cycles: 999, source: lab}}
      kvm: {kvm-exit: {cycles: 7}}
    """
    table, plain = load_costs(overlay=_overlay(tmp_path, text)), load_costs()
    assert table["guest-tlbi"].cycles == table["host-tlbi"].cycles == 999
    assert "laboratory" in table["host-tlbi"].source
    assert (table["kvm-exit"].cycles, table["kvm-exit"].source) == (7, "given by mine.yaml")
    changed = {cost.name for cost in table if cost != plain[cost.name]}
    assert changed == {"guest-tlbi", "host-tlbi", "kvm-exit"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("layers: {kvm: {kvm-exti: {cycles: 7}}}", "layers.kvm.kvm-exti: no such step; there is"),
        ("layers: {nobody: {x: {cycles: 7}}}", "layers.nobody.x: no such step"),
        ("layers: {kvm: {kvm-exit: {cycles: -1}}}", "mine.yaml: layers.kvm.kvm-exit.cycles must"),
        ("layers: {kvm: {kvm-exit: {cycles: true}}}", "layers.kvm.kvm-exit.cycles must"),
        ("layers: {kvm: {kvm-exit: {cycles: 7, source: no}}}", "kvm-exit.source is not in sources"),
        ("layers: {kvm: {kvm-exit: 7}}", "layers.kvm.kvm-exit must be {cycles: number}"),
        ("layers: {kvm: 7}", "layers.kvm must be a table of steps"),
        ("layers: 7", "layers and sources must be tables"),
        ("clock_mhz: 7", "clock_mhz: an overlay has layers and sources"),
        ("- kvm-exit", "no table of costs"),
        ("layers: {", "no YAML"),
    ],
)
def test_bad_overlay_is_one_clear_line(tmp_path, text, says):
    """It names the file, the entry and what is wrong with it."""
    with pytest.raises(ValueError) as caught:
        load_costs(overlay=_overlay(tmp_path, text))
    message = str(caught.value)
    assert message.startswith("mine.yaml: ") and says in message and "\n" not in message


def test_missing_overlay_is_one_clear_line(tmp_path):
    """A file that is not there."""
    with pytest.raises(ValueError, match=r"^none.yaml: No such file"):
        load_costs(overlay=tmp_path / "none.yaml")


def test_doubling_leaves_the_bus():
    """Software costs twice as much; register accesses are hardware's."""
    plain = load_costs()
    for cost in plain.scaled(2):
        assert cost.cycles == plain[cost.name].cycles * (1 if cost.layer == "bus" else 2)


@pytest.mark.parametrize("pages", [1, 16, MAX_DVM_OPS - 1, MAX_DVM_OPS, 4096])
def test_tlbis_of_a_range(pages):
    """One by address for each page, or one by ASID; each costs something, the barrier once."""
    costs = load_costs()
    plat = VirtualPlatform(Memory(), costs, jitter_pct=0)
    cpu = Cpu(plat, plat.memory, Audit(lambda: plat.now), 0)
    kernel = Kernel(plat, [cpu], SimpleNamespace(name="host"), None)
    sent: list = []
    cpu.broadcast.append(sent.append)
    plat.run(kernel.tlbi_va(cpu, 5, 0x4000_0000, pages))
    assert isinstance(sent.pop(), SyncMessage)
    by_page = pages < MAX_DVM_OPS
    assert [m.addr for m in sent] == (
        [0x4000_0000 + i * 4096 for i in range(pages)] if by_page else [None]
    )
    more = costs["host-tlbi-more"].cycles * (pages - 1) if by_page else 0
    assert plat.now == costs["host-tlbi"].cycles + more
