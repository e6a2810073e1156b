# SPDX-License-Identifier: Apache-2.0
"""Models of the guest: kernel, memory management, SMMU driver, SVA, accelerator user code."""
