# SPDX-License-Identifier: Apache-2.0
"""MTCFG, SHCFG and ALLOCCFG act on PCIe functions as on any other stream (ATT-014)."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import Any

import cocotb

from tb.bfm.axi_mem import MemRequest
from tb.models.pcie import NON_CACHEABLE, PcieFunction
from tests.smmu.case_scene import DATA, VA, Case, CaseScene, ok

PLAIN = 0x100
PORT = 0x800  # first StreamID of the root port
DEVICE = 0b0000  # AxCACHE of Device-nGnRnE
# MTCFG, MemAttr: incoming, Device-nGnRnE, Normal Non-cacheable, write-back
TYPES = ((0, 0), (1, 0x0), (1, 0x5), (1, 0xF))
SHARES = (0, 1, 2, 3)
ALLOCS = (0, 0b1000, 0b1110)  # incoming, no allocation, allocation


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def overrides_apply_to_pcie(dut: Any) -> None:
    """ATT-014: every override, both No_Snoop values, bypassed, and stage 1 with a PASID."""
    s = await CaseScene.start(dut)
    pins: dict[int, list[tuple[int, int, int]]] = defaultdict(list)

    def look(request: MemRequest) -> None:
        ax = request.ax
        pins[ax["sid"]].append((request.is_write, ax["cache"], ax["domain"]))

    s.bench.mems[0].observers.append(look)
    translated = s.stream(0x20, cdmax=1, s1dss=1, mapped=False)
    translated.space(1, asid=0x20)
    s.map(translated, ssid=1)
    pairs = []
    rows = []
    combos = list(product((False, True), TYPES, SHARES, ALLOCS))
    for number, (stage1, (mtcfg, memattr), shcfg, alloccfg) in enumerate(combos):
        fields = {"mtcfg": mtcfg, "memattr": memattr, "shcfg": shcfg, "alloccfg": alloccfg}
        function = PcieFunction(number >> 6, number >> 3 & 7, number & 7, PORT)
        sids = (PLAIN + number, function.stream_id)
        for sid in sids:
            if stage1:
                s.clone(translated, sid, **fields)
            else:
                s.stream(sid, s1=False, **fields)
        pairs.append((sids, fields, stage1))
        for sid, no_snoop, write in product(sids, (False, True), (False, True)):
            name = f"sid 0x{sid:x} {fields}, No_Snoop {no_snoop}"
            rows.append(Case(name, sid, VA, ok(DATA if stage1 else VA), write=write,
                             ssid=1 if stage1 else None,
                             options=PcieFunction.pins(no_snoop)))  # fmt: skip
    await s.run(rows, cold=False)
    for (plain, pcie), fields, stage1 in pairs:
        assert len(pins[plain]) == 4 and sorted(pins[plain]) == sorted(pins[pcie]), (
            f"{fields}, stage 1 {stage1}: {pins[plain]}, as a PCIe function {pins[pcie]}"
        )
        if not stage1 and fields["mtcfg"] and fields["memattr"] == 0:
            assert {cache for _, cache, _ in pins[pcie]} == {DEVICE}, "MemAttr without effect"
        if not stage1 and fields["mtcfg"] and fields["memattr"] == 0xF:
            caches = {cache for _, cache, _ in pins[pcie]}
            assert min(caches) > NON_CACHEABLE, f"write-back without effect on No_Snoop: {caches}"
    assert len({tuple(sorted(p)) for p in pins.values()}) > 12, "the overrides hardly differ"
    await s.finish()
