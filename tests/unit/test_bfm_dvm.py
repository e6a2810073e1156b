# SPDX-License-Identifier: Apache-2.0
"""Builds bfm_dvm alone and plays the SMMU on its pins."""

from __future__ import annotations

from sim import runner
from tests.unit import bfm_dvm_tests


def test_dvm_message_bits() -> None:
    """Message parts against the tables of the DVM chapter (no simulator)."""
    bfm_dvm_tests.test_bits()


def test_bfm_dvm() -> None:
    """Messages go out whole and in order; every part gets its response."""
    runner.run(runner.build("bfm_dvm", config=None), module="tests.unit.bfm_dvm_tests")
