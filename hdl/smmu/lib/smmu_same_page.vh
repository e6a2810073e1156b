// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_same_page
// Purpose: Are two page numbers in the same page of a size? Both are compared in
//          groups of bits of which no size ends inside one; the size chooses.
//          A function, to be included inside a module: loops over entries call it.
//-----------------------------------------------------------------------------
function automatic same_page;
    input [35:0] a;             // address[47:12]
    input [35:0] b;
    input [2:0]  size;          // SZ_*, which rise with the size
    reg   [35:0] diff;
    reg   [6:0]  differ, used;
    begin
        diff   = a ^ b;
        differ = {|diff[35:18], diff[17], |diff[16:13], |diff[12:9], |diff[8:4], |diff[3:2],
                  |diff[1:0]};
        used   = {size < `SZ_ALL, size < `SZ_1G, size < `SZ_512M, size < `SZ_32M,
                  size < `SZ_2M, size < `SZ_64K, size < `SZ_16K};
        same_page = (differ & used) == 7'd0;
    end
endfunction
