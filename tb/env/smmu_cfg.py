# SPDX-License-Identifier: Apache-2.0
"""The configuration object of the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyuvm import uvm_active_passive_enum

from tb.agents.agent import UVM_ACTIVE, UVM_PASSIVE
from tb.agents.axi_device import AxiDeviceCfg
from tb.agents.axi_lite import AxiLiteCfg
from tb.agents.axi_memory import WALK_PORT, AxiMemoryCfg
from tb.agents.dvm import DvmCfg
from tb.agents.irq import IrqCfg
from tb.agents.port import BenchPort
from tb.env.scoreboard import ScoreboardCfg
from tb.env.smmu_bench import BenchConfig


@dataclass
class SmmuEnvCfg:
    """Everything there is to configure, one object per agent.

    bench        surroundings of the SMMU: latencies, rates, straps (a passive environment's bench
                 is made by somebody else)
    scoreboard   None leaves it out
    drain_cycles how long the end of a test may take until nothing is open
    seed         of the virtual sequencer
    params       parameters the design was built with
    """

    port: BenchPort
    regs: AxiLiteCfg
    devices: list[AxiDeviceCfg]
    memories: list[AxiMemoryCfg]
    walk: AxiMemoryCfg
    dvm: DvmCfg
    irqs: IrqCfg
    scoreboard: ScoreboardCfg | None
    bench: BenchConfig = field(default_factory=BenchConfig)
    drain_cycles: int = 100_000
    seed: int = 0
    params: dict[str, int] = field(default_factory=dict)

    @classmethod
    def for_build(cls, params: dict[str, int], is_active: uvm_active_passive_enum = UVM_ACTIVE,
                  seed: int = 0) -> SmmuEnvCfg:  # fmt: skip
        """All agents, active or passive, for a design built with these parameters."""
        port, tbus = BenchPort(), range(params.get("NUM_TBU", 2))
        return cls(
            port=port,
            regs=AxiLiteCfg(port, is_active),
            devices=[AxiDeviceCfg(port, is_active, tbu) for tbu in tbus],
            memories=[AxiMemoryCfg(port, is_active, tbu) for tbu in tbus],
            walk=AxiMemoryCfg(port, is_active, WALK_PORT),
            dvm=DvmCfg(port, is_active),
            irqs=IrqCfg(port, UVM_PASSIVE),
            scoreboard=ScoreboardCfg(port),
            bench=BenchConfig(seed=seed),
            seed=seed,
            params=params,
        )
