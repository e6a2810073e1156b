# SPDX-License-Identifier: Apache-2.0
"""Make the flat wrappers and `docs/pins.md` from `hdl/smmu/smmu_pins.yaml` (D11).

`smmu_top` packs the ports of all TBUs into vectors because Verilog-2005 has no array ports; a
wrapper gives every TBU its own named bundle (`tbu0_s_axi_awaddr`), which bus models bind to by
prefix. One wrapper per configuration of `sim/configs.yaml`, with that configuration's parameters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.tools.gen_yaml import (
    SpecError,
    check_keys,
    get_bool,
    get_int,
    get_list,
    get_str,
    load_yaml,
)

PIN_RE = re.compile(r"[a-z][a-z0-9_]*\Z")
WIDTH_RE = re.compile(r"(?:(\d+)|([A-Z][A-Z0-9_]*)(/8)?)\Z")


@dataclass(frozen=True)
class Pin:
    """One pin; `width` is the expression of the source."""

    name: str
    inward: bool
    width: str
    doc: str


@dataclass(frozen=True)
class Bundle:
    """Pins with a common prefix; `per_tbu` ones exist once for every TBU."""

    name: str
    per_tbu: bool
    doc: str
    pins: tuple[Pin, ...]

    def port(self, pin: Pin) -> str:
        """Port name of `smmu_top`."""
        return f"{self.name}_{pin.name}" if self.name else pin.name


@dataclass(frozen=True)
class PinSpec:
    """All pins, and what a wrapper sets."""

    top: str
    constants: dict[str, int]
    parameters: tuple[str, ...]
    bundles: tuple[Bundle, ...]


def parse_pin(node: Any, where: str, names: set[str]) -> Pin:
    """One pin."""
    check_keys(node, where, ("name", "dir", "width", "doc"))
    name = node["name"]
    if not isinstance(name, str) or not PIN_RE.match(name):
        raise SpecError(f"{where}: bad pin name {name!r}")
    place = f"{where}.{name}"
    if node["dir"] not in ("in", "out"):
        raise SpecError(f"{place}.dir: in or out is wanted")
    width = str(node["width"])
    match = WIDTH_RE.match(width)
    if match is None or (match[2] is not None and match[2] not in names):
        raise SpecError(
            f"{place}.width: a number, a known name or <name>/8 is wanted, got {width!r}"
        )
    if match[1] is not None and int(match[1]) == 0:
        raise SpecError(f"{place}.width: 0 bits")
    return Pin(name, node["dir"] == "in", width, get_str(node, "doc", place))


def parse_pins(data: dict[str, Any]) -> PinSpec:
    """Validate the whole document."""
    check_keys(data, "top level", ("version", "top", "constants", "parameters", "bundles"))
    if data["version"] != 1:
        raise SpecError(f"version: 1 is wanted, got {data['version']!r}")
    if not isinstance(data["constants"], dict):
        raise SpecError("constants: a mapping is wanted")
    constants = {str(k): get_int(data["constants"], k, "constants", 16) for k in data["constants"]}
    parameters = tuple(str(name) for name in get_list(data, "parameters", "top level"))
    names = set(constants) | set(parameters)
    bundles: list[Bundle] = []
    seen: set[str] = set()
    for index, node in enumerate(get_list(data, "bundles", "top level")):
        where = f"bundles[{index}]"
        check_keys(node, where, ("name", "doc", "pins"), ("per_tbu",))
        name = get_str(node, "name", where)
        pins = tuple(
            parse_pin(pin, f"{where} {name}".strip(), names)
            for pin in get_list(node, "pins", where)
        )
        bundle = Bundle(name, get_bool(node, "per_tbu", where), get_str(node, "doc", where), pins)
        for pin in pins:
            port = bundle.port(pin)
            if port in seen:
                raise SpecError(f"{where} {name}: port {port} exists already")
            seen.add(port)
        bundles.append(bundle)
    return PinSpec(get_str(data, "top", "top level"), constants, parameters, tuple(bundles))


def load_pins(path: Path) -> PinSpec:
    """Read and validate the pin source."""
    data = load_yaml(path)
    try:
        return parse_pins(data)
    except SpecError as err:
        raise SpecError(f"{path.name}: {err}") from None


def load_configs(path: Path, spec: PinSpec) -> dict[str, dict[str, int]]:
    """Parameter values of every configuration, only those a wrapper sets."""
    result: dict[str, dict[str, int]] = {}
    for name, node in load_yaml(path).items():
        where = f"{path.name}: {name}"
        if not isinstance(name, str) or not PIN_RE.match(name) or not isinstance(node, dict):
            raise SpecError(f"{where}: a mapping of parameters is wanted")
        for key in spec.parameters:
            if key not in node:
                raise SpecError(f"{where}: parameter {key} is missing")
        values = {key: get_int(node, key, where, 32) for key in spec.parameters}
        for key, value in spec.constants.items():
            if node.get(key, value) != value:
                raise SpecError(f"{where}.{key}: this width is fixed at {value} by smmu_pins.yaml")
        if not 1 <= values["NUM_TBU"] <= 8:
            raise SpecError(f"{where}.NUM_TBU: 1 to 8 is wanted")
        result[name] = values
    return result


def bits(width: str, values: dict[str, int]) -> int:
    """Value of a width expression."""
    if width.isdigit():
        return int(width)
    name, _, divided = width.partition("/")
    return values[name] // 8 if divided else values[name]


def vector(size: int) -> str:
    """Range text of a port, empty for one bit."""
    return f"[{size - 1}:0]" if size > 1 else ""


def wrapper_ports(spec: PinSpec, values: dict[str, int]) -> list[tuple[str, str]]:
    """(declaration, bundle comment) of every port of a wrapper; one TBU's bundles stay together."""
    ports: list[tuple[str, str]] = []

    def add(bundle: Bundle, prefix: str) -> None:
        title = f"{prefix}{bundle.name}: {bundle.doc}" if bundle.name else bundle.doc
        for pin in bundle.pins:
            direction = "input  wire" if pin.inward else "output wire"
            size = vector(bits(pin.width, values))
            ports.append((f"{direction} {size:<8} {prefix}{bundle.port(pin)}", title))

    for bundle in spec.bundles:
        if not bundle.per_tbu:
            add(bundle, "")
    for index in range(values["NUM_TBU"]):
        for bundle in spec.bundles:
            if bundle.per_tbu:
                add(bundle, f"tbu{index}_")
    return ports


def render_wrapper(spec: PinSpec, config: str, params: dict[str, int]) -> str:
    """The Verilog text of one wrapper."""
    values = {**spec.constants, **params}
    count = params["NUM_TBU"]
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "//" + "-" * 77,
        "// GENERATED by `python -m tb.tools.gen` from smmu_pins.yaml and sim/configs.yaml:",
        "// do not edit.",
        "//",
        f"// Module : smmu_wrap_{config}",
        f"// Purpose: {spec.top} in the '{config}' configuration with one flat, named",
        "//          bundle per TBU, for bus models that bind by prefix and for other",
        "//          SMMUs behind the same pins.",
        "// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.",
        "//" + "-" * 77,
        "`default_nettype none",
        "",
        f"module smmu_wrap_{config} (",
    ]
    ports = wrapper_ports(spec, values)
    title = ""
    for number, (text, group) in enumerate(ports):
        if group != title:
            lines.append(f"    // {group}")
            title = group
        lines.append(f"    {text}{'' if number == len(ports) - 1 else ','}")
    lines += [");", "", f"    {spec.top} #("]
    width = max(len(name) for name in params)
    items = [f"        .{name:<{width}} ({value})" for name, value in params.items()]
    lines += [",\n".join(items), "    ) u_top ("]
    connections = []
    for bundle in spec.bundles:
        for pin in bundle.pins:
            port = bundle.port(pin)
            wires = [f"tbu{i}_{port}" for i in reversed(range(count))] if bundle.per_tbu else [port]
            value = wires[0] if len(wires) == 1 else "{" + ", ".join(wires) + "}"
            connections.append(f"        .{port:<18} ({value})")
    lines += [",\n".join(connections), "    );", "", "endmodule", "", "`default_nettype wire", ""]
    return "\n".join(lines)


def render_doc(spec: PinSpec, configs: dict[str, dict[str, int]]) -> str:
    """The pin tables."""
    lines = [
        "<!-- GENERATED by `python -m tb.tools.gen` from hdl/smmu/smmu_pins.yaml: do not edit. -->",
        "",
        "# Pins",
        "",
        f"`{spec.top}` has the ports of the first column; those of a per-TBU bundle are packed",
        "vectors of NUM_TBU slices with TBU 0 in the lowest bits. A wrapper `smmu_wrap_<config>`",
        "gives each TBU its own ports `tbu<n>_<port>` instead. Directions are seen from the SMMU.",
        "",
        "Fixed widths: " + ", ".join(f"{k} = {v}" for k, v in spec.constants.items()) + ".",
        "",
        "| Wrapper | " + " | ".join(spec.parameters) + " |",
        "|---|" + "---|" * len(spec.parameters),
    ]
    for name, values in configs.items():
        cells = " | ".join(str(values[key]) for key in spec.parameters)
        lines.append(f"| smmu_wrap_{name} | {cells} |")
    for bundle in spec.bundles:
        head = f"`{bundle.name}`: {bundle.doc}" if bundle.name else bundle.doc
        per = " (once per TBU)" if bundle.per_tbu else ""
        lines += ["", f"## {head[0].upper()}{head[1:]}{per}", ""]
        lines += ["| Port | Direction | Width | Meaning |", "|---|---|---|---|"]
        for pin in bundle.pins:
            direction = "in" if pin.inward else "out"
            lines.append(f"| {bundle.port(pin)} | {direction} | {pin.width} | {pin.doc} |")
    return "\n".join(lines) + "\n"
