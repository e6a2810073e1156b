# SPDX-License-Identifier: Apache-2.0
"""DUT=path/to/dut.f TOP=name: another SMMUv3 in the place of smmu_top (docs/dut-contract.md).

The bench stays as it is: ``shim`` writes a module smmu_top that has the ports and parameters of
ours and holds TOP. What TOP lacks of the optional pins is left open or driven with its idle value,
and parameters it does not declare are not passed. The file list may fix parameters of the bench to
what the design is (lines `-GNUM_TBU=1`).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sim import sources
from sim.options import BUILD_ROOT, ROOT, OptionError, close_to

PINS = ROOT / "hdl" / "smmu" / "smmu_pins.yaml"
BENCH = "tb_smmu"
OURS = ROOT / "hdl" / "smmu" / "smmu_top.v"
# What a design may leave out; everything else is required.
OPTIONAL = re.compile(
    r"nostall_i|pmu_\w+|irq_priq|dvm_\w+|m_axi_awatop|ptw_axi_(aw|ar)(lock|qos)|s_axil_(aw|ar)prot"
)
# Parameters that are the bench's own: the device ports it drives.
WIDTHS = ("NUM_TBU", "DATA_W", "ID_W")
_FIXED = re.compile(r"-G(\w+)=(\d+)$")


@dataclass(frozen=True)
class Pin:
    """One port of smmu_top; ``width`` is a Verilog expression of its parameters."""

    name: str
    is_input: bool
    width: str


@dataclass(frozen=True)
class Dut:
    """A checked design."""

    files: tuple[Path, ...]
    includes: tuple[Path, ...]
    top: str
    top_file: Path
    fixed: dict[str, int]

    @property
    def include_args(self) -> list[str]:
        """Arguments of a simulator for its headers."""
        return [f"-I{d}" for d in dict.fromkeys([*self.includes, *(f.parent for f in self.files)])]

    @cached_property
    def ports(self) -> frozenset[str]:
        """Names of the ports of TOP."""
        return frozenset(sources.ports_of(self.top_file, self.top))

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters of TOP."""
        return frozenset(sources.parameters_of(self.top_file, self.top))

    @property
    def absent(self) -> list[str]:
        """Optional pins that TOP does not have."""
        return [p.name for p in pins() if p.name not in self.ports]

    def told(self, params: Mapping[str, int]) -> dict[str, int]:
        """Those of the bench's parameters that hold for this design too."""
        known = {*self.fixed, *self.parameters, *WIDTHS}
        return {name: value for name, value in params.items() if name in known}

    def with_bench(self, top: str) -> list[Path]:
        """Files of a bench around smmu_top with this design in its place."""
        text = shim(self)
        place = BUILD_ROOT / "dut" / hashlib.sha256(text.encode()).hexdigest()[:10] / "smmu_top.v"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        bench = [f for f in sources.closure(top) if f.is_relative_to(ROOT / "tb")]
        return [*self.files, place, *bench]


def of_bench(top: str) -> Dut | None:
    """The design of DUT and TOP for a build of ``top``; only the whole SMMU's bench takes one."""
    return from_env() if top == BENCH else None


def from_env(check_pins: bool = True) -> Dut | None:
    """The design of DUT and TOP; None without DUT. OptionError says what is wrong with them.

    ``check_pins`` needs the virtualenv.
    """
    given, top = (os.environ.get(name, "").strip() for name in ("DUT", "TOP"))
    if not given:
        if top:
            raise OptionError(f"TOP={top}: needs DUT=<file list>")
        return None
    if not top:
        raise OptionError(f"DUT={given}: needs TOP=<name of the module>")
    return load(Path(given), top, check_pins)


def load(listing: Path, top: str, check_pins: bool = True) -> Dut:
    """Read a file list and check that TOP is there and has the pins it must have."""
    if not listing.is_file():
        raise OptionError(f"DUT={listing}: no such file")
    files: list[Path] = []
    includes: list[Path] = []
    fixed: dict[str, int] = {}
    for number, raw in enumerate(listing.read_text().splitlines(), 1):
        line = re.sub(r"(//|#).*", "", raw).strip()
        place = f"DUT={listing}: line {number}"
        if match := _FIXED.match(line):
            fixed[match[1]] = int(match[2])
        elif line.startswith("+incdir+"):
            includes.append(_there(listing, line.removeprefix("+incdir+"), place, folder=True))
        elif line.startswith(("+", "-")):
            raise OptionError(f"{place}: {line}: only files, +incdir+ and -GNAME=value are known")
        elif line:
            files.append(_there(listing, line, place))
    if unknown := [name for name in fixed if name not in sources.parameters_of(OURS)]:
        raise OptionError(f"DUT={listing}: -G{unknown[0]}: not a parameter of the bench; close: "
                          f"{close_to(unknown[0], sources.parameters_of(OURS))}")  # fmt: skip
    modules = {name: path for path in files for name in sources.modules_in(path)}
    if top not in modules:
        raise OptionError(f"TOP={top}: no such module in {listing}; close: "
                          f"{close_to(top, list(modules))}")  # fmt: skip
    dut = Dut(tuple(files), tuple(includes), top, modules[top], fixed)
    if not check_pins:
        return dut
    missing = [name for name in dut.absent if not OPTIONAL.fullmatch(name)]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise OptionError(f"TOP={top}: has no pin {missing[0]}{more} (docs/dut-contract.md)")
    return dut


def _there(listing: Path, name: str, place: str, folder: bool = False) -> Path:
    """A path of the list, from the list's folder or else from the root of the project."""
    for base in (listing.parent, ROOT):
        path = (base / name).resolve()
        if path.is_dir() if folder else path.is_file():
            return path
    raise OptionError(f"{place}: {name}: no such {'folder' if folder else 'file'}")


def pins() -> list[Pin]:
    """Every port of smmu_top, from smmu_pins.yaml."""
    import yaml  # the rest of this file runs before the virtualenv exists

    data = yaml.safe_load(PINS.read_text())
    constants = {name: str(value) for name, value in data["constants"].items()}
    constants["VA_W"] = "VA_W"  # the one width that smmu_top takes as a parameter
    found = []
    for bundle in data["bundles"]:
        prefix = f"{bundle['name']}_" if bundle["name"] else ""
        for pin in bundle["pins"]:
            base, _, part = str(pin["width"]).partition("/")
            width = constants.get(base, base) + (f"/{part}" if part else "")
            if bundle.get("per_tbu"):
                width = f"NUM_TBU*({width})"
            found.append(Pin(prefix + pin["name"], pin["dir"] == "in", width))
    return found


def shim(dut: Dut) -> str:
    """Verilog of a module smmu_top around TOP."""
    ours = sources.parameter_defaults(OURS)
    parameters = ",\n".join(f"    parameter {name} = {value}" for name, value in ours.items())
    ports = ",\n".join(
        f"    {'input ' if p.is_input else 'output'} wire [{p.width}-1:0] {p.name}" for p in pins()
    )
    passed = ", ".join(f".{name} ({name})" for name in ours if name in dut.parameters)
    joined = ",\n".join(f"        .{p.name} ({p.name})" for p in pins() if p.name in dut.ports)
    idle = [f"    assign {p.name} = {{({p.width}){{1'b0}}}};"
            for p in pins() if not p.is_input and p.name not in dut.ports]  # fmt: skip
    return "\n".join([
        "`default_nettype none", "/* verilator lint_off UNUSEDPARAM */",
        "/* verilator lint_off UNUSEDSIGNAL */",
        f"module smmu_top #(\n{parameters}\n) (\n{ports}\n);", *idle,
        f"    {dut.top} {f'#({passed}) ' if passed else ''}u_dut (\n{joined}\n    );",
        "endmodule", "`default_nettype wire", "",
    ])  # fmt: skip
