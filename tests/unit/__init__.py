# SPDX-License-Identifier: Apache-2.0
"""One test file a block of RTL."""
