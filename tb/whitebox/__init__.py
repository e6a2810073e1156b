# SPDX-License-Identifier: Apache-2.0
"""What looks inside this RTL by hierarchical names. Nothing of the black-box suite imports it.

A build that uses it names the modules it looks into: ``smmu_bench.build(public=MODULES)``.
"""
