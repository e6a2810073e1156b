# SPDX-License-Identifier: Apache-2.0
"""Speed of simulation: what Python and UVM cost beside a C++ loop around the same SMMU.

``run`` measures and derives the rows of ``bars.yaml``; ``scene`` is what all runs do to the SMMU;
``loop.cpp`` is the floor, ``ours`` and ``peer`` run inside the simulator.
"""
