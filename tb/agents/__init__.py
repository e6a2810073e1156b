# SPDX-License-Identifier: Apache-2.0
"""UVM agents, one per kind of interface of the SMMU.

==============  ===================================================================
agent           parts of every agent: cfg, item, driver, sequencer, monitor
axi_device      a client of a TBU (s_axi): bursts
axi_memory      what a TBU (m_axi) or the control unit (ptw_axi) sends; how it is served
axi_lite        register accesses (s_axil), adapter of the register model
dvm             broadcast invalidation (dvm_ac, dvm_cr)
irq             interrupt wires: nothing to drive
==============  ===================================================================

An agent gets a configuration object by ``cdb_get("cfg")``; ``is_active`` in it says whether the
agent drives. The transactors exist only once the clock runs; components wait for
``cfg.port.ready()`` in their run phase.
"""
