# SPDX-License-Identifier: Apache-2.0
"""System scenarios: the software stack on the RTL."""
