# SPDX-License-Identifier: Apache-2.0
"""Sequences: what tests send through the agents of the SMMU environment."""
