# SPDX-License-Identifier: Apache-2.0
"""What the tests of the protocol checkers share: pins by step, and one violation per rule."""

from __future__ import annotations

from typing import Any

from cocotb.triggers import FallingEdge

from tb.bfm.checker import RuleChecker

Step = dict[str, int]


class Pins:
    """Every input of a probe or tap whose name begins with ``prefix``, driven between edges."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self.dut = dut
        self.pins = {n[len(prefix):]: getattr(dut, n) for n in dir(dut)
                     if n.startswith(prefix) and not n.endswith("_vec")}  # fmt: skip
        for pin in self.pins.values():
            pin.value = 0

    async def play(self, steps: list[Step]) -> None:
        """One step a cycle; pins a step does not name are zero."""
        for step in [*steps, {}]:
            await FallingEdge(self.dut.clk_i)
            for name, pin in self.pins.items():
                pin.value = step.get(name, 0)
        await FallingEdge(self.dut.clk_i)


async def reset(dut: Any) -> None:
    """Three cycles of reset."""
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 1
    await FallingEdge(dut.clk_i)


async def each_bites(pins: Pins, check: RuleChecker, broken: list[tuple[str, list[Step]]]) -> None:
    """Each violation is found, once, and by the rule it breaks; every rule has one."""
    dut = pins.dut
    # RESET and UNKNOWN need more than steps; their tests are apart
    assert {rule for rule, _ in broken} == set(check.RULES) - {"RESET", "UNKNOWN"}
    for rule, steps in broken:
        await reset(dut)
        # all other rules off: only the one meant may answer
        check.switch_off(*(r for r in check.RULES if r != rule))
        await FallingEdge(dut.clk_i)
        before = check.errors
        await pins.play(steps)
        assert check.errors == before + 1, (rule, steps)
        assert rule in check.broken
        await reset(dut)
        check.switch_off(*check.RULES)
        before = check.errors
        await pins.play(steps)
        assert check.errors == before, f"{rule} switched off still answers"


async def valid_in_reset(pins: Pins, check: RuleChecker, step: Step) -> None:
    """VALID in reset is found."""
    dut = pins.dut
    check.switch_off()
    await reset(dut)
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 0
    await FallingEdge(dut.clk_i)
    before = check.errors
    await pins.play([step])
    assert check.errors > before and "RESET" in check.broken
    dut.rst_ni.value = 1


async def unknown_payload(pins: Pins, check: RuleChecker, payload: str, valid: str) -> None:
    """X on a payload is an error with its VALID, and only then."""
    dut = pins.dut
    await reset(dut)
    check.switch_off(*(r for r in check.RULES if r != "UNKNOWN"))
    before = check.errors
    await FallingEdge(dut.clk_i)
    pins.pins[payload].value = "X" * len(pins.pins[payload])
    await FallingEdge(dut.clk_i)
    assert check.errors == before
    pins.pins[valid].value = 1
    await FallingEdge(dut.clk_i)
    await FallingEdge(dut.clk_i)
    assert check.errors > before and "UNKNOWN" in check.broken
    await pins.play([])
