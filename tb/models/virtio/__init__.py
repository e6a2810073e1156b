# SPDX-License-Identifier: Apache-2.0
"""virtio: split virtqueues, the MMIO transport, and the layouts of the IOMMU device."""
