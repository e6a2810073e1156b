# SPDX-License-Identifier: Apache-2.0
"""vSVA: processes of a guest through nested translation, VFIO and QEMU (the main job)."""

from __future__ import annotations

from tb.models.linux.os import LinuxWithSva
from tb.models.scenarios import defects
from tb.models.scenarios.sva_job import SvaJob
from tb.models.stack import Stack, StackConfig


class VsvaNested(SvaJob):
    """The guest's CD table and page tables are used in place; the host relays invalidations."""

    name = "vsva-nested"
    title = "main job"
    stack = Stack
    vm = StackConfig()
    defects = {
        "drop-invalidation-relay": "QEMU keeps the guest's TLB invalidations from the host",
        "lose-page-response": "QEMU loses one page response",
        "mix-pasid": "the second process's CD points at the first one's page table",
    }

    async def boot_os(self) -> LinuxWithSva:
        stack = self.stack(self.host, self.vm)
        await stack.boot()
        self.plant(stack)
        return stack.os

    def plant(self, stack: Stack) -> None:
        """Break what the defect says."""
        match self.defect:
            case "drop-invalidation-relay":
                defects.drop_invalidation_relay(stack.relay)
            case "lose-page-response":
                defects.lose_page_response(stack.relay)
            case "mix-pasid":
                defects.mix_pasid(stack.sva)


class VsvaNestedDvm(VsvaNested):
    """The vCPU's TLBI reaches the SMMU itself: its VMID is the S2VMID of the device's stream."""

    name = "vsva-nested-dvm"
    title = ""
    use_btm = True
    vm = StackConfig(broadcast=True)
    defects = {
        "drop-broadcast": "the interconnect loses TLBI messages",
        "other-vmid": "KVM runs the VM under another VMID than the stream's S2VMID",
        "lose-page-response": VsvaNested.defects["lose-page-response"],
        "mix-pasid": VsvaNested.defects["mix-pasid"],
    }

    def plant(self, stack: Stack) -> None:
        super().plant(stack)
        match self.defect:
            case "drop-broadcast":
                defects.drop_broadcast(stack.kernel)
            case "other-vmid":
                defects.other_vmid(stack.kvm.vcpus)

    def _check_counts(self) -> None:
        super()._check_counts()
        self.check_broadcast_only(at_reset=2)  # the guest driver's is relayed
