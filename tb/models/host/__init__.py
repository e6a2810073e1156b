# SPDX-License-Identifier: Apache-2.0
"""Models of the host kernel: pages, stage 2, SMMU driver, VFIO nesting uapi."""
