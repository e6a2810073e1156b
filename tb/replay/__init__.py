# SPDX-License-Identifier: Apache-2.0
"""Replay cases: device-neutral tests run on the RTL and on the reference model (section 5).

===============  =============================================================
format           reads a file and checks its form, with the JSON path of any fault
target           what a device under test must offer
interpreter      executes the steps of a case on any target
model_runner     the reference model as a target
rtl_runner       the RTL in the simulator as a target
shrink           cuts a failing case to a minimal one
recorder         notes what a test of the whole SMMU does (RECORD=)
transcript       these notes
lowering         makes a case of them
===============  =============================================================
"""
