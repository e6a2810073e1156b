# SPDX-License-Identifier: Apache-2.0
"""VMM, KVM_RUN and guest code on a virtual CPU: right on every seed, wrong when broken."""

from __future__ import annotations

import random

import pytest

from tb.models.audit import Audit
from tb.models.costs import load_costs
from tb.models.host.memory import HostMemory
from tb.models.host.vfio import VmmAddressSpace
from tb.models.kvm_api import RunPage, Syndrome, VmFile
from tb.models.memory import Memory
from tb.models.standin.machine import StandinMachine
from tb.models.virtual_time import VirtualPlatform
from tests.models.played import played


@pytest.mark.parametrize("seed", [2, 3])
def test_other_seeds(seed):
    assert StandinMachine(seed).play("cpu-basics")["errors"] == []


def test_counts():
    result = played("cpu-basics")
    facts = result["phases"]
    assert facts["packets"] == 4 and facts["interrupts"] >= 1
    assert facts["exits"] == facts["exits_of_packets"] + 1 == result["totals"]["exits"]
    assert result["totals"]["stage2_cpu_faults"] > 0


def test_syndrome_of_a_data_abort():
    """ESR_EL2: EC 0x24, IL, ISV, word, WnR; the address from HPFAR_EL2 and FAR_EL2."""
    trap = Syndrome.data_abort(0x0A00_0024, 0xFFFF_0000_0A00_0024, write=True)
    assert trap.esr == 0x9380_0047
    assert trap.hpfar == 0x0A_0000
    assert (trap.ipa, trap.write, trap.length) == (0x0A00_0024, True, 4)


def test_a_core_moves_only_as_exceptions_do():
    """The VMM cannot enter the guest without its kernel, nor the guest the VMM."""
    memory, audit = Memory(), Audit(lambda: 0)
    plat = VirtualPlatform(memory, load_costs())
    host = HostMemory(memory, audit, random.Random(1))
    core = VmFile(plat, host, audit, 5, VmmAddressSpace()).add_vcpu(0)
    way = (("guest", "host"), ("guest", "kvm"), ("qemu", "guest"), ("qemu", "kvm"))
    for wrong, right in way:
        with pytest.raises(RuntimeError, match=f"to {wrong}"):
            core.move(0, wrong)
        core.move(0, right)


def test_run_page_layout():
    """exit_reason at byte 8, the MMIO part at byte 32."""
    raw = RunPage(6, 0x1234, b"ABCD\0\0\0\0", 4, True).pack()
    assert raw[8] == 6 and raw[32:34] == b"\x34\x12" and raw[40:44] == b"ABCD"
    assert raw[48] == 4 and raw[52] == 1
    assert RunPage.unpack(raw) == RunPage(6, 0x1234, b"ABCD\0\0\0\0", 4, True)


def test_wrong_stage2_page_is_found(monkeypatch):
    """Two pages of the slot exchanged: the bytes are not where the VMM looks for them."""
    stage2_abort = VmFile._stage2_abort

    def exchanged(self, ipa):
        page = ipa & ~0xFFF
        found = stage2_abort(self, ipa)
        if found:
            self.stage2.map_page(page, self.slots[0].pa(page ^ 0x1000))
        return found

    monkeypatch.setattr(VmFile, "_stage2_abort", exchanged)
    with pytest.raises(LookupError):  # what it takes for a descriptor is another page
        StandinMachine(1).play("cpu-basics")
