# SPDX-License-Identifier: Apache-2.0
"""Test bench: models of the software stack, bus agents, UVM environment, tools."""
