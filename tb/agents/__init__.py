# SPDX-License-Identifier: Apache-2.0
"""UVM agents, one per kind of interface of the SMMU.

==============  =========================================================================
axi_device      a client of a TBU: driver, sequencer, monitor
axi_memory      passive: what leaves a TBU (m_axi) or the control unit (ptw_axi)
reg_agent       AXI4-Lite: driver, sequencer, monitor, adapter of the register model
==============  =========================================================================

An agent gets a configuration object by ``cdb_get("cfg")``. The transactors exist only once the
clock runs; components wait for ``cfg.port.ready()`` in their run phase.
"""
