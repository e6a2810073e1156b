# SPDX-License-Identifier: Apache-2.0
"""The main job on the RTL: `python -m tb.system` is what `make sim` calls."""
