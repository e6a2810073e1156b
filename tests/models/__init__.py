# SPDX-License-Identifier: Apache-2.0
"""Tests of the models: no simulator."""
