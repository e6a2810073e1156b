# SPDX-License-Identifier: Apache-2.0
"""Front door: options, sources, simulators and lint. `make help` lists what it offers."""
