# SPDX-License-Identifier: Apache-2.0
"""VMSAv8-64 translation tables: a builder and an independent walker (architecture section 3).

The reference SMMU has its own walker; the two are checked against each other in tests/models.
"""

from __future__ import annotations

from tb.models.vmsa.build import PageTable
from tb.models.vmsa.descriptors import (
    Stage1Leaf,
    Stage2Leaf,
    TableBits,
    stage1_leaf,
    stage2_leaf,
    table_descriptor,
)
from tb.models.vmsa.geometry import GRANULE_4K, GRANULE_16K, GRANULE_64K, GRANULES, Granule
from tb.models.vmsa.walk import (
    AccessKind,
    Stage1Regime,
    Stage2Regime,
    Translation,
    WalkFault,
    walk_nested,
    walk_stage1,
    walk_stage2,
)

__all__ = [
    "GRANULES",
    "GRANULE_4K",
    "GRANULE_16K",
    "GRANULE_64K",
    "AccessKind",
    "Granule",
    "PageTable",
    "Stage1Leaf",
    "Stage1Regime",
    "Stage2Leaf",
    "Stage2Regime",
    "TableBits",
    "Translation",
    "WalkFault",
    "stage1_leaf",
    "stage2_leaf",
    "table_descriptor",
    "walk_nested",
    "walk_stage1",
    "walk_stage2",
]
