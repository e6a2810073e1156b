# SPDX-License-Identifier: Apache-2.0
"""Tests: models (no simulator), unit (one block), smmu (the whole), system (with software)."""
