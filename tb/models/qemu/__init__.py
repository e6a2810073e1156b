# SPDX-License-Identifier: Apache-2.0
"""Models of the virtual machine monitor: machine, virtual SMMU, VFIO device, fault relay."""
