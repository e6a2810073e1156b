# SPDX-License-Identifier: Apache-2.0
"""What the user asked for (SIM, CONFIG, TEST, SEED, WAVES, SCALE), read from the environment.

Standard library only: the front door reads it before the virtualenv exists.
"""

from __future__ import annotations

import difflib
import os
import random
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD_ROOT = ROOT / "sim" / "build"
CONFIG_FILE = ROOT / "sim" / "configs.yaml"
SIMULATORS = ("verilator", "icarus")

# 16 bits are enough to differ and short enough to be typed.
SEED_BITS = 16


class OptionError(ValueError):
    """A wrong option; the message is the one line the user sees."""


@dataclass(frozen=True)
class Options:
    """Checked options of one run."""

    sim: str
    config: str
    test: str
    seed: int | None
    waves: bool
    scale: int = 1  # how many times their length random tests run

    @property
    def seed_or_picked(self) -> int:
        """The seed asked for, or a fresh one."""
        return pick_seed() if self.seed is None else self.seed


def shown(path: Path) -> Path:
    """A path as messages give it: from the root of the tree where it is below it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def pictures_wanted() -> Path | None:
    """The folder of docs/ when PICTURES=1 asks to make its pictures again."""
    return ROOT / "docs" if os.environ.get("PICTURES", "").strip() == "1" else None


def pick_seed() -> int:
    """A seed nobody chose; it is printed, so the run can be repeated."""
    return random.SystemRandom().randrange(1 << SEED_BITS)


def config_names() -> list[str]:
    """Names of the configurations, without a YAML parser."""
    return re.findall(r"^(\w+):", CONFIG_FILE.read_text(), flags=re.MULTILINE)


def close_to(name: str, known: list[str] | tuple[str, ...]) -> str:
    """A list of the known names most like `name`, or all of them when there are few."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
    near += [k for k in known if name and name.lower() in k.lower() and k not in near][:5]
    if not near and len(known) <= 8:
        near = known
    return ", ".join(near) if near else f"{len(known)} names known, none like it"


def _choice(variable: str, value: str, known: list[str] | tuple[str, ...]) -> str:
    if value not in known:
        raise OptionError(f"{variable}={value}: not one of {', '.join(known)}")
    return value


def _seed(text: str) -> int | None:
    if not text:
        return None
    try:
        seed = int(text, 0)
    except ValueError:
        raise OptionError(f"SEED={text}: not a number") from None
    if not 0 <= seed < 1 << 31:
        raise OptionError(f"SEED={text}: outside 0 .. {(1 << 31) - 1}")
    return seed


def _scale(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise OptionError(f"SCALE={text}: not a number above 0")
    return int(text)


def from_env() -> Options:
    """Options of this process; an empty variable means its default."""

    def env(name: str, default: str = "") -> str:
        return os.environ.get(name, "").strip() or default

    return Options(
        sim=_choice("SIM", env("SIM", "verilator"), SIMULATORS),
        config=_choice("CONFIG", env("CONFIG", "default"), config_names()),
        test=env("TEST"),
        seed=_seed(env("SEED")),
        waves=_choice("WAVES", env("WAVES", "0"), ("0", "1")) == "1",
        scale=_scale(env("SCALE", "1")),
    )


def repro_line(test: str, seed: int, sim: str, config: str, target: str = "test",
               scale: int = 0) -> str:  # fmt: skip
    """The command that repeats a run, ready to paste; SCALE of the environment, or ``scale``."""
    parts = [f"TEST={test}" if test else "", f"SEED={seed}", f"SIM={sim}", f"CONFIG={config}"]
    scale = scale or from_env().scale
    parts += [f"SCALE={scale}"] if scale > 1 else []
    parts += [f"{name}={os.environ[name]}" for name in ("DUT", "TOP") if os.environ.get(name)]
    return "REPRO: make " + " ".join([target, *(shlex.quote(p) for p in parts if p)])
