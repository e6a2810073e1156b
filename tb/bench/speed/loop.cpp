// SPDX-License-Identifier: Apache-2.0
// The floor of simulation speed: the verilated SMMU in a C++ loop, no VPI, no Python.
//
//     smmu_wrap_default <scene> <bursts>
//
// <scene> holds lines `mem <pa> <hex>`, `reg <offset> <value>`, `poll <offset> <value>` and
// `target <va>` (tb/bench/speed/scene.py). After the registers the device of TBU 0 reads and writes
// <bursts>/2 bursts of eight beats each way, both at once, over the targets in turn. Prints one line:
// seconds of processor and wall, cycles, bursts and bad responses of that part.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr int kBeats = 8, kBytes = 16, kLatency = 4, kWarm = 64, kIds = 16;
constexpr uint64_t kLimit = 2000000;  // cycles after which a phase hangs

using Wide = VlWide<4>;

class Memory {
public:
    uint8_t* at(uint64_t pa) {
        if (pa >> 12 != last_) {
            last_ = pa >> 12;
            auto& frame = frames_[last_];
            if (frame.empty()) frame.resize(4096);
            page_ = frame.data();
        }
        return page_ + (pa & 0xfff);
    }

private:
    std::unordered_map<uint64_t, std::vector<uint8_t>> frames_;
    uint64_t last_ = ~0ull;
    uint8_t* page_ = nullptr;
};

struct Burst {
    uint64_t addr, due;
    uint32_t id, left;
    uint32_t wrap;  // bytes a WRAP burst stays within, else 0
};

uint64_t next_beat(const Burst& b) {
    const uint64_t next = (b.addr & -uint64_t(kBytes)) + kBytes;
    return b.wrap ? (b.addr & -uint64_t(b.wrap)) | (next & (b.wrap - 1)) : next;
}

// The pins of one memory port of 128 bits; both ports of the SMMU are called alike.
#define MEMORY_PORT(P)                                                                            \
    void P##_before() {                                                                           \
        if (top.P##_arvalid && top.P##_arready)                                                   \
            P##_rd.push_back({top.P##_araddr, cycle + kLatency, top.P##_arid,                     \
                              top.P##_arlen + 1u,                                                 \
                              top.P##_arburst == 2 ? (top.P##_arlen + 1u) << top.P##_arsize : 0u}); \
        if (top.P##_rvalid && top.P##_rready) {                                                   \
            Burst& b = P##_rd.front();                                                            \
            b.addr = next_beat(b);                                                                \
            if (--b.left == 0) P##_rd.pop_front();                                                \
        }                                                                                         \
        if (top.P##_awvalid && top.P##_awready)                                                   \
            P##_wr.push_back({top.P##_awaddr, 0, top.P##_awid, top.P##_awlen + 1u, 0});           \
        if (top.P##_wvalid && top.P##_wready) P##_w.push_back({top.P##_wdata, top.P##_wstrb});    \
        if (top.P##_bvalid && top.P##_bready) P##_b.pop_front();                                  \
        while (!P##_wr.empty() && !P##_w.empty()) {                                               \
            Burst& b = P##_wr.front();                                                            \
            store(b.addr, P##_w.front().data, P##_w.front().strobe);                              \
            P##_w.pop_front();                                                                    \
            b.addr = next_beat(b);                                                                \
            if (--b.left == 0) {                                                                  \
                P##_b.push_back(b.id);                                                            \
                P##_wr.pop_front();                                                               \
            }                                                                                     \
        }                                                                                         \
    }                                                                                             \
    void P##_after() {                                                                            \
        top.P##_rvalid = !P##_rd.empty() && P##_rd.front().due <= cycle;                          \
        if (top.P##_rvalid) {                                                                     \
            const Burst& b = P##_rd.front();                                                      \
            top.P##_rid = b.id;                                                                   \
            top.P##_rlast = b.left == 1;                                                          \
            std::memcpy(&top.P##_rdata, memory.at(b.addr & -uint64_t(kBytes)), kBytes);           \
        }                                                                                         \
        top.P##_bvalid = !P##_b.empty();                                                          \
        if (top.P##_bvalid) top.P##_bid = P##_b.front();                                          \
    }                                                                                             \
    std::deque<Burst> P##_rd, P##_wr;                                                             \
    std::deque<Beat> P##_w;                                                                       \
    std::deque<uint32_t> P##_b;

struct Beat {
    Wide data;
    uint32_t strobe;
};

class Loop {
public:
    Memory memory;
    std::vector<uint64_t> targets;
    uint64_t cycle = 0, bad = 0;

    void reset() {
        top.rst_ni = 0;
        for (int k = 0; k < 4; k++) tick();
        top.rst_ni = 1;
        top.tbu0_m_axi_arready = top.tbu0_m_axi_awready = top.tbu0_m_axi_wready = 1;
        top.ptw_axi_arready = top.ptw_axi_awready = top.ptw_axi_wready = 1;
        top.tbu0_s_axi_rready = top.tbu0_s_axi_bready = 1;
        top.s_axil_bready = top.s_axil_rready = 1;
        tick();
    }

    void write(uint32_t offset, uint32_t value) {
        top.s_axil_awaddr = offset;
        top.s_axil_wdata = value;
        top.s_axil_wstrb = 0xf;
        top.s_axil_awvalid = top.s_axil_wvalid = 1;
        top.eval();
        for (uint64_t end = cycle + kLimit; top.s_axil_awvalid || top.s_axil_wvalid;) {
            const bool aw = top.s_axil_awready, w = top.s_axil_wready;
            tick();
            if (aw) top.s_axil_awvalid = 0;
            if (w) top.s_axil_wvalid = 0;
            top.eval();
            expire(end, "a register write is not taken");
        }
        for (uint64_t end = cycle + kLimit; !top.s_axil_bvalid; tick())
            expire(end, "a register write is not answered");
        tick();
    }

    uint32_t read(uint32_t offset) {
        top.s_axil_araddr = offset;
        top.s_axil_arvalid = 1;
        top.eval();
        for (uint64_t end = cycle + kLimit; !top.s_axil_arready; tick())
            expire(end, "a register read is not taken");
        tick();
        top.s_axil_arvalid = 0;
        top.eval();
        for (uint64_t end = cycle + kLimit; !top.s_axil_rvalid; tick())
            expire(end, "a register read is not answered");
        const uint32_t value = top.s_axil_rdata;
        tick();
        return value;
    }

    void poll(uint32_t offset, uint32_t value) {
        for (uint64_t end = cycle + kLimit; read(offset) != value;)
            expire(end, "a register does not get its value");
    }

    // `count` bursts each way, both directions at once.
    void traffic(uint64_t count) {
        const uint64_t end = cycle + kLimit + 64 * count;
        uint64_t ar = 0, aw = 0, w = 0, r = 0, b = 0;
        while (r < count || b < count) {
            top.tbu0_s_axi_arvalid = ar < count;
            address(ar, top.tbu0_s_axi_araddr, top.tbu0_s_axi_arid);
            top.tbu0_s_axi_awvalid = aw < count;
            address(aw, top.tbu0_s_axi_awaddr, top.tbu0_s_axi_awid);
            top.tbu0_s_axi_wvalid = w < count * kBeats;
            top.tbu0_s_axi_wlast = w % kBeats == kBeats - 1;
            top.tbu0_s_axi_wdata[0] = w;
            top.eval();
            ar += top.tbu0_s_axi_arvalid && top.tbu0_s_axi_arready;
            aw += top.tbu0_s_axi_awvalid && top.tbu0_s_axi_awready;
            w += top.tbu0_s_axi_wvalid && top.tbu0_s_axi_wready;
            if (top.tbu0_s_axi_rvalid) {
                bad += top.tbu0_s_axi_rresp != 0;
                r += top.tbu0_s_axi_rlast;
            }
            if (top.tbu0_s_axi_bvalid) {
                bad += top.tbu0_s_axi_bresp != 0;
                b++;
            }
            tick();
            expire(end, "the device is not answered");
        }
        top.tbu0_s_axi_arvalid = top.tbu0_s_axi_awvalid = top.tbu0_s_axi_wvalid = 0;
    }

    void constants(uint32_t sid, uint32_t ssid) {
        top.tbu0_s_axi_arlen = top.tbu0_s_axi_awlen = kBeats - 1;
        top.tbu0_s_axi_arsize = top.tbu0_s_axi_awsize = 4;
        top.tbu0_s_axi_arburst = top.tbu0_s_axi_awburst = 1;
        top.tbu0_s_axi_arcache = top.tbu0_s_axi_awcache = 2;
        top.tbu0_s_axi_arprot = top.tbu0_s_axi_awprot = 2;
        top.tbu0_s_axi_ardomain = top.tbu0_s_axi_awdomain = 3;
        top.tbu0_s_axi_armmusid = top.tbu0_s_axi_awmmusid = sid;
        top.tbu0_s_axi_armmussid = top.tbu0_s_axi_awmmussid = ssid;
        top.tbu0_s_axi_armmussidv = top.tbu0_s_axi_awmmussidv = 1;
        top.tbu0_s_axi_wstrb = 0xffff;
    }

private:
    void address(uint64_t n, QData& addr, CData& id) {
        addr = targets[n % targets.size()];
        id = n % kIds;
    }

    void store(uint64_t pa, const Wide& data, uint32_t strobe) {
        uint8_t* to = memory.at(pa & -uint64_t(kBytes));
        const auto* from = reinterpret_cast<const uint8_t*>(&data);
        if (strobe == 0xffff) {
            std::memcpy(to, from, kBytes);
            return;
        }
        for (int k = 0; k < kBytes; k++)
            if (strobe >> k & 1) to[k] = from[k];
    }

    void expire(uint64_t end, const char* what) {
        if (cycle > end) {
            std::fprintf(stderr, "loop: %s\n", what);
            std::exit(1);
        }
    }

    // One rising edge: pins are settled before it, and settle again after it.
    void tick() {
        tbu0_m_axi_before();
        ptw_axi_before();
        top.clk_i = 1;
        top.eval();
        cycle++;
        tbu0_m_axi_after();
        ptw_axi_after();
        top.clk_i = 0;
        top.eval();
    }

    Vtop top;
    MEMORY_PORT(tbu0_m_axi)
    MEMORY_PORT(ptw_axi)
};

void run_scene(Loop& loop, const char* path) {
    std::ifstream file(path);
    if (!file) {
        std::fprintf(stderr, "loop: no scene %s\n", path);
        std::exit(2);
    }
    uint64_t sid = 0, ssid = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream in(line);
        std::string op, text;
        uint64_t first = 0, second = 0;
        in >> op >> std::hex >> first;
        if (op == "mem") {
            in >> text;
            for (size_t k = 0; k < text.size(); k += 2)
                *loop.memory.at(first + k / 2) = std::stoul(text.substr(k, 2), nullptr, 16);
        } else if (op == "target") {
            loop.targets.push_back(first);
        } else if (in >> second; op == "reg") {
            loop.write(first, second);
        } else if (op == "poll") {
            loop.poll(first, second);
        } else if (op == "stream") {
            sid = first, ssid = second;
        }
    }
    loop.constants(sid, ssid);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "loop: needs a scene and a number of bursts\n");
        return 2;
    }
    Verilated::commandArgs(argc, argv);
    Loop loop;
    loop.reset();
    run_scene(loop, argv[1]);
    const uint64_t bursts = std::strtoull(argv[2], nullptr, 10) / 2 * 2;
    loop.traffic(kWarm);  // the pages are in the uTLB from here on
    const uint64_t first = loop.cycle;
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    loop.traffic(bursts / 2);
    const double cpu = double(std::clock() - busy) / CLOCKS_PER_SEC;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    std::printf("%.6f %.6f %llu %llu %llu\n", cpu, wall.count(),
                static_cast<unsigned long long>(loop.cycle - first),
                static_cast<unsigned long long>(bursts), static_cast<unsigned long long>(loop.bad));
    return loop.bad ? 1 : 0;
}
