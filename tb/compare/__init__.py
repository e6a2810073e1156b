# SPDX-License-Identifier: Apache-2.0
"""The schemes of the software stack side by side: what operations on so many pages cost in each."""
