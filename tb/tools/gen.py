# SPDX-License-Identifier: Apache-2.0
"""Regenerate every file that is made from a YAML source.

    python -m tb.tools.gen            write all generated files
    python -m tb.tools.gen --check    list stale files, exit 1 if there are any

Everything is rendered in memory before the first file is written, so a mistake in a source
(exit 2, one line that names the place) leaves all files as they were.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from sim import sources
from tb.tools import gen_docs, gen_pins, gen_python, gen_ral, gen_verilog
from tb.tools.gen_schema import load_spec
from tb.tools.gen_yaml import SpecError

ROOT = Path(__file__).resolve().parents[2]
FIELDS = Path("hdl/smmu/smmu_fields.yaml")
PINS = Path("hdl/smmu/smmu_pins.yaml")
CONFIGS = Path("sim/configs.yaml")


def formatted(text: str, root: Path) -> str:
    """Python text in the project's format (ruff, line length 100)."""
    config = root / "pyproject.toml"
    args = ["--config", str(config)] if config.exists() else ["--isolated", "--line-length", "100"]
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        *args,
        "--stdin-filename",
        "generated.py",
        "-",
    ]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    except OSError as err:
        raise SpecError(f"ruff cannot be started: {err.strerror}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SpecError(f"ruff format failed: {last}")
    return done.stdout


def filelist() -> str:
    """hdl/rtl.f: what a foreign flow reads for smmu_top and dma_top, dependencies first."""
    files = dict.fromkeys([*sources.closure("smmu_top"), *sources.closure("dma_top")])
    folders = sorted({p.parent for p in sources.headers_of(files)})
    lines = [
        "// Generated from the RTL by `make gen`: smmu_top and dma_top, from the project's root."
    ]
    lines += [f"+incdir+{p.relative_to(ROOT).as_posix()}" for p in folders]
    lines += [p.relative_to(ROOT).as_posix() for p in files]
    return "\n".join([*lines, ""])


def render_all(root: Path) -> dict[Path, str]:
    """Text of every generated file by path relative to the root."""
    spec = load_spec(root / FIELDS)
    pins = gen_pins.load_pins(root / PINS)
    configs = gen_pins.load_configs(root / CONFIGS, pins)
    texts = {
        Path("hdl/rtl.f"): filelist(),
        Path("hdl/smmu/smmu_defs.vh"): gen_verilog.render(spec),
        Path("tb/models/fields.py"): formatted(gen_python.render(spec), root),
        Path("tb/env/ral.py"): formatted(gen_ral.render(spec), root),
        Path("docs/registers.md"): gen_docs.render(spec),
        Path("docs/pins.md"): gen_pins.render_doc(pins, configs),
    }
    for name, params in configs.items():
        path = Path(f"hdl/smmu/gen/smmu_wrap_{name}.v")
        texts[path] = gen_pins.render_wrapper(pins, name, params)
    return texts


def stale_files(root: Path, texts: dict[Path, str]) -> list[Path]:
    """Generated files that are missing or differ."""
    result = []
    for path, text in texts.items():
        target = root / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            result.append(path)
    return result


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tb.tools.gen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only list stale files")
    parser.add_argument("--root", type=Path, default=ROOT, help="project root")
    args = parser.parse_args(argv)
    try:
        texts = render_all(args.root)
        stale = stale_files(args.root, texts)
        if args.check:
            for path in stale:
                print(f"stale: {path} (run `python -m tb.tools.gen`)")
            return 1 if stale else 0
        for path in stale:
            target = args.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(texts[path], encoding="utf-8")
            print(f"wrote {path}")
    except SpecError as err:
        print(f"gen: {err}", file=sys.stderr)
        return 2
    except OSError as err:
        print(f"gen: {err.filename}: {err.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
