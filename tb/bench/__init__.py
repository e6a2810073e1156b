# SPDX-License-Identifier: Apache-2.0
"""Speed of the RTL, measured at its pins: `make bench`.

``__main__`` builds, runs and judges; ``bars.yaml`` holds every row and its bar; ``table`` judges
and prints without a simulator. The other modules run inside the simulator: ``scene`` sets the SMMU
and its tables up, ``hits``, ``walks``, ``misses``, ``invalidations`` and ``faults`` measure.
"""
