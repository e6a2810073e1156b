# SPDX-License-Identifier: Apache-2.0
"""The environment of the whole SMMU: bench, programming helpers, scoreboard, UVM env."""
