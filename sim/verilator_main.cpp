// SPDX-License-Identifier: Apache-2.0
// cocotb's main loop around a top whose inputs start at zero.
//
// Registers start as noise (+verilator+rand+reset+2), and that includes the inputs of the top: a
// random reset and clock would give every checker of the bench a garbage edge at time zero, before
// a test can drive anything. With zeros the active-low reset is asserted until a test releases it.
#include <cstring>

#include "Vtop.h"
#include "inputs.h"  // ZERO_INPUTS, written by sim/runner.py from the ports of Vtop.h

struct QuietTop : Vtop {
    explicit QuietTop(const char* name) : Vtop(name) { ZERO_INPUTS }
};

// The main loop names the class it builds; it shall build ours.
#define Vtop QuietTop
#include "verilator.cpp"
