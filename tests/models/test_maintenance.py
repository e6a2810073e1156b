# SPDX-License-Identifier: Apache-2.0
"""What TLBI and DSB of the CPU model put on the interconnect (DVM-017, DVM-021, TAG-015)."""

from __future__ import annotations

from itertools import product

import pytest

from tb.models.maintenance import (
    TLBI_OPERATIONS,
    Maintenance,
    Message,
    SyncMessage,
    TlbiMessage,
)
from tests.models.stack_machine import StackMachine

SYNC = SyncMessage()


@pytest.fixture
def sent():
    return []


def test_every_form_is_one_message(sent):
    cpu = Maintenance(5, sent.append)
    for operation in TLBI_OPERATIONS:
        for domain, nxs in product(("IS", "OS"), ("", "NXS")):
            cpu.tlbi(operation + domain + nxs, asid=7, addr=0x1234_5000)
        assert len(set(sent)) == 1 and len(sent) == 4, operation
        sent.clear()
    cpu.tlbi("VALE1OSNXS", asid=7, addr=0x1000)
    assert sent == [TlbiMessage(5, 7, 0x1000, 1, True)]


def test_local_forms_and_barriers(sent):
    cpu = Maintenance(5, sent.append)
    cpu.tlbi("VAE1", asid=7, addr=0x1000)
    cpu.tlbi("VAE1NXS", asid=7, addr=0x1000)
    cpu.dsb("ISH")
    assert not sent, "nothing leaves the CPU"
    for barrier in ("SY", "OSHNXS", "ISH"):
        cpu.tlbi("VMALLE1ISNXS")
        cpu.dsb("NSH")
        cpu.dsb(barrier)
        cpu.dsb(barrier)
        assert sent[-1] == SYNC and sent.count(SYNC) == 1
        sent.clear()
    for bad in ("VAE2IS", "VAE1ISX", "vae1is"):
        with pytest.raises(ValueError, match="not modelled"):
            cpu.tlbi(bad)
    with pytest.raises(ValueError, match="no such barrier"):
        cpu.dsb("LD")


def test_guest_kernel_broadcasts():
    """TLBIs of the guest kernel carry the VM's VMID, and a Sync ends them."""
    machine = StackMachine(1)
    seen: list[Message] = []

    async def scenario() -> None:
        await machine.boot()
        cpu = machine.stack.kernel.cpus[0]
        cpu.broadcast.append(seen.append)
        await machine.stack.kernel.tlbi_va(cpu, 3, 0x4000, pages=2)
        await machine.stack.kernel.tlbi_asid(cpu, 3)

    machine.run(scenario())
    vmid = machine.stack.config.vmid
    assert seen == [
        TlbiMessage(vmid, 3, 0x4000, 1), TlbiMessage(vmid, 3, 0x5000, 1), SYNC,
        TlbiMessage(vmid, 3, None, 1), SYNC,
    ]  # fmt: skip
