# SPDX-License-Identifier: Apache-2.0
"""Verilog of other_smmu: the renamed core behind a register slice on every AXI channel.

One TBU, narrow IDs, a smaller command queue, 44 output address bits, no optional pins but those
of broadcasts, no parameters: much of what docs/dut-contract.md leaves open is not as in smmu_top.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.dut import OPTIONAL, Pin, pins

NAME = "other_smmu"
CORE = "other_top"
# Parameters of the core; the first ones are widths of its pins.
PARAMETERS = {
    "NUM_TBU": 1, "DATA_W": 128, "ID_W": 5, "VA_W": 64, "TBU_SLOTS": 12, "TBU_RSVD": 4,
    "UTLB_ENTRIES": 4, "TLB_SETS": 32, "TLB_WAYS": 2, "WALK_SLOTS": 3, "WC_ENTRIES": 8,
    "S2LC_ENTRIES": 8, "LINE_ENTRIES": 4, "STALL_MAX": 3, "WBUF_BEATS": 1536, "RBUF_BEATS": 320,
    "CMDQS": 7, "EVENTQS": 8, "OAS": 44,
}  # fmt: skip
PORTS = ("s_axi_", "m_axi_", "ptw_axi_", "s_axil_")
CHANNELS = ("aw", "ar", "w", "b", "r")
NON_SECURE = 2  # AxPROT of a pin that is not there


def _bits(pin: Pin) -> int:
    """Width of a pin with PARAMETERS."""
    return int(eval(pin.width.replace("/", "//"), {}, PARAMETERS))


def _vector(pin: Pin) -> str:
    return f"[{_bits(pin) - 1}:0]"


def _channels() -> Iterator[tuple[str, list[Pin]]]:
    """Prefix of each AXI channel and its pins without valid and ready."""
    for port in PORTS:
        own = [p for p in pins() if p.name.startswith(port)]
        for channel in CHANNELS:
            prefix = port + channel
            rest = [p for p in own if p.name.startswith(prefix)]
            yield prefix, [p for p in rest if p.name not in (f"{prefix}valid", f"{prefix}ready")]


def _slice(prefix: str, fields: list[Pin], inward: bool) -> str:
    """One register slice; signals of the core's side are called c_<pin>."""
    core = [f"c_{p.name}" for p in fields]
    outer = [_outer(p) for p in fields]
    there, here = (outer, core) if inward else (core, outer)
    valid, ready = f"{prefix}valid", f"{prefix}ready"
    ins, outs = ("", "c_") if inward else ("c_", "")
    return "\n".join([
        f"    other_slice #(.W({sum(map(_bits, fields))})) i_{prefix} (",
        f"        .clk_i (clk_i), .rst_ni (rst_ni), .in_valid_i ({ins}{valid}),",
        f"        .in_ready_o ({ins}{ready}), .out_valid_o ({outs}{valid}),",
        f"        .out_ready_i ({outs}{ready}),",
        f"        .in_data_i ({{{', '.join(there)}}}),",
        f"        .out_data_o ({{{', '.join(here)}}})",
        "    );",
    ])  # fmt: skip


def _absent(pin: Pin) -> bool:
    """No pin of this design: optional, the broadcast messages excepted."""
    return bool(OPTIONAL.fullmatch(pin.name)) and not pin.name.startswith("dvm_")


def _outer(pin: Pin) -> str:
    """What the outer side of a slice has for a pin of the core."""
    if not _absent(pin):
        return pin.name
    return (
        f"{_bits(pin)}'d{NON_SECURE if 'prot' in pin.name else 0}"
        if pin.is_input
        else "n_" + pin.name
    )


def verilog() -> str:
    """The module."""
    every = pins()
    ports = ",\n".join(
        f"    {'input ' if p.is_input else 'output'} wire {_vector(p)} {p.name}"
        for p in every if not _absent(p)
    )  # fmt: skip
    wires, slices, joined = [], [], {}
    for prefix, fields in _channels():
        ends = [p for p in every if p.name in (f"{prefix}valid", f"{prefix}ready")]
        inward = next(p.is_input for p in ends if p.name.endswith("valid"))
        for pin in (*ends, *fields):
            wires.append(f"    wire {_vector(pin)} c_{pin.name};")
            joined[pin.name] = f"c_{pin.name}"
            if _absent(pin) and not pin.is_input:
                wires.append(f"    wire {_vector(pin)} n_{pin.name};")
        slices.append(_slice(prefix, fields, inward))
    for pin in every:
        idle = f"{_bits(pin)}'d0" if pin.is_input else ""
        joined.setdefault(pin.name, idle if _absent(pin) else pin.name)
    return "\n".join([
        "`default_nettype none",
        "/* verilator lint_off UNUSEDSIGNAL */", "/* verilator lint_off PINCONNECTEMPTY */",
        f"module {NAME} (\n{ports}\n);", *wires, *slices,
        f"    {CORE} #(",
        ",\n".join(f"        .{name} ({value})" for name, value in PARAMETERS.items()),
        "    ) i_core (",
        ",\n".join(f"        .{name} ({signal})" for name, signal in joined.items()),
        "    );", "endmodule", "`default_nettype wire", "",
    ])  # fmt: skip
