// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_walk_hash
// Purpose: Hash of the 64-byte line of an address, by which lines on their way are
//          compared (smmu_walk_bursts). Included inside a module.
// Rules  : D4 (one outstanding read per table line)
//-----------------------------------------------------------------------------
    /* verilator lint_off UNUSEDSIGNAL */ // the place in the line
    function automatic [15:0] f_line_hash;
        input [47:0] addr;
        /* verilator lint_on UNUSEDSIGNAL */
        f_line_hash = addr[21:6] ^ addr[37:22] ^ {6'd0, addr[47:38]};
    endfunction
