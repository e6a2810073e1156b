# SPDX-License-Identifier: Apache-2.0
"""Python stand-ins of the hardware, so that the whole job runs without a simulator."""
