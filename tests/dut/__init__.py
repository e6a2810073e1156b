# SPDX-License-Identifier: Apache-2.0
"""A second design under test: our RTL renamed, behind a wrapper that differs in what it may."""
