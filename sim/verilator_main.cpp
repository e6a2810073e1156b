// SPDX-License-Identifier: Apache-2.0
// cocotb's main loop around a top whose inputs start at zero.
//
// Registers start as noise (+verilator+rand+reset+2), and that includes the inputs of the top: a
// random reset and clock would give every checker of the bench a garbage edge at time zero, before
// a test can drive anything. With zeros the active-low reset is asserted until a test releases it.
#include <cstring>

#include "Vtop.h"
#include "verilated_vpi.h"
#include "inputs.h"  // ZERO_INPUTS, written by sim/runner.py from the ports of Vtop.h

double sc_time_stamp();

struct QuietTop : Vtop {
    explicit QuietTop(const char* name) : Vtop(name) { ZERO_INPUTS }

    // The main loop evaluates once before it lets through what was written at the start of a time
    // step, the clock above all: an evaluation of the whole design in which nothing has changed.
    // Values go in first here, and callbacks see them before the design does, as ever. Not after
    // an immediate write: its callbacks have run, and what they wrote comes after the evaluation.
    void eval_step() {
        const double now = sc_time_stamp();
        if (now != m_seen) {
            m_seen = now;
            if (VerilatedVpi::evalNeeded()) return Vtop::eval_step();
            VerilatedVpi::doInertialPuts();
            while (VerilatedVpi::callValueCbs()) {}
        }
        Vtop::eval_step();
    }

private:
    double m_seen = 0;  // at the start nothing goes in before the initial blocks have run
};

// The main loop names the class it builds; it shall build ours.
#define Vtop QuietTop
#include "verilator.cpp"
