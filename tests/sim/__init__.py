# SPDX-License-Identifier: Apache-2.0
"""The front door tests itself: a gate that cannot fail proves nothing."""
