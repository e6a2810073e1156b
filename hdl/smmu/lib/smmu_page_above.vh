// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_page_above
// Purpose: Does one page number lie in a higher page of a size than another? Both
//          are compared in groups of bits of which no size ends inside one; the
//          size, which comes late, only chooses the groups that count.
//          A function, to be included inside a module.
//-----------------------------------------------------------------------------
function automatic page_above;
    input [36:0] a;             // {half, address[47:12]}
    input [36:0] b;
    input [2:0]  size;          // SZ_*, which rise with the size
    reg   [8:0]  more, less, used;
    begin
        more = {a[36] > b[36], a[35:27] > b[35:27], a[26:18] > b[26:18], a[17] > b[17],
                a[16:13] > b[16:13], a[12:9] > b[12:9], a[8:4] > b[8:4], a[3:2] > b[3:2],
                a[1:0] > b[1:0]};
        less = {a[36] < b[36], a[35:27] < b[35:27], a[26:18] < b[26:18], a[17] < b[17],
                a[16:13] < b[16:13], a[12:9] < b[12:9], a[8:4] < b[8:4], a[3:2] < b[3:2],
                a[1:0] < b[1:0]};
        used = {1'b1, {2{size < `SZ_ALL}}, size < `SZ_1G, size < `SZ_512M, size < `SZ_32M,
                size < `SZ_2M, size < `SZ_64K, size < `SZ_16K};
        // the highest group that differs decides
        page_above = (more & used) > (less & used);
    end
endfunction
