# SPDX-License-Identifier: Apache-2.0
"""Bus functional models: Verilog transactors and their Python side (docs/bfm.md)."""
