// SPDX-License-Identifier: Apache-2.0
// cocotb's main loop around a top whose inputs start at zero.
//
// Registers start as noise (+verilator+rand+reset+2), and that includes the inputs of the top: a
// random reset and clock would give every checker of the bench a garbage edge at time zero, before
// a test can drive anything. With zeros the active-low reset is asserted until a test releases it.
#include <cstring>

#include "Vtop.h"
#include "verilated_syms.h"
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

// Where a public variable lies, for tb/bfm/mailbox.py: Python reads it without a call of VPI that
// makes a text of it. Null when there is no such variable.
extern "C" void* transactor_storage(const char* scope, const char* name) {
    const VerilatedScope* const found = Verilated::threadContextp()->scopeFind(scope);
    const VerilatedVar* const variable = found ? found->varFind(name) : nullptr;
    return variable ? variable->datap() : nullptr;
}

// The main loop names the class it builds; it shall build ours.
#define Vtop QuietTop
#include "verilator.cpp"
