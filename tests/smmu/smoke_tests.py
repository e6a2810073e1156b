# SPDX-License-Identifier: Apache-2.0
"""UVM smoke tests of the whole SMMU: every path once, judged by the scoreboard."""

from __future__ import annotations

from dataclasses import replace

import pyuvm

from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_test import SmmuTest
from tb.models.layout import Record
from tb.models.smmu_ref import Kind, Outcome
from tb.models.vmsa import Stage1Leaf, Stage2Leaf
from tb.sequences.dma import ANSWER_LIMIT
from tb.sequences.reg_model import RegAccessSequence, RegBitBashSequence, RegResetSequence
from tb.sequences.traffic import Resolver, Target

S1_SID, NESTED_SID, STALL_SID, BYPASS_SID, NO_SID = 0x05, 0x16, 0x27, 0x38, 0x49
VA, PAGES = 0x40_0000, 8
DATA = 0x4800_0000


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class RegistersSmoke(SmmuTest):
    """REG-001: reset values of all registers, access policy of every field, every bit."""

    async def scenario(self) -> None:
        resets, access, bits = RegResetSequence(), RegAccessSequence(), RegBitBashSequence()
        for sequence, least in ((resets, 35), (access, 150), (bits, 700)):
            await self.run(sequence)
            assert not sequence.wrong, "; ".join(sequence.wrong)
            assert sequence.checked > least, (sequence.get_name(), sequence.checked)
        assert self.env.predictor.reads > 900
        # the scoreboard wants to have compared something: SMMUEN=0 passes all (GBPA-001)
        await self.drive([Target(S1_SID, None, DATA, 0x4000)], 4)


@pyuvm.test(timeout_time=20, timeout_unit="ms")
class TranslationSmoke(SmmuTest):
    """Stage 1 with two SubstreamIDs, nested, bypass and unknown streams, and their faults."""

    async def scenario(self) -> None:
        prog = self.prog
        self.scatter(DATA, PAGES * 0x1000)
        targets = [Target(BYPASS_SID, None, DATA, 0x2000), Target(NO_SID, None, VA, 0x1000)]
        prog.stream(BYPASS_SID, s1=False)
        for sid, s2 in ((S1_SID, False), (NESTED_SID, True)):
            stream = prog.stream(sid, cdmax=2, s2=s2, s1dss=2)
            stream.lend(DATA, PAGES * 0x1000 // 2)
            stream.lend(DATA + PAGES * 0x1000 // 2, PAGES * 0x1000 // 2, Stage2Leaf(writable=False))
            for ssid in (0, 1, 3):
                space = stream.space(ssid, asid=16 * sid + ssid)
                for page in range(PAGES):
                    leaf = Stage1Leaf(
                        writable=self.rng.random() < 0.8,
                        user=self.rng.random() < 0.8,
                        af=self.rng.random() < 0.9,
                    )
                    where = stream.ipa(DATA + 0x1000 * self.rng.randrange(PAGES))
                    space.map(VA + 0x1000 * page, where, 0x1000, leaf)
                # one page more than there is: translation faults
                targets.append(Target(sid, ssid or None, VA, (PAGES + 1) * 0x1000))
            targets.append(Target(sid, 2, VA, 0x1000))  # CD.V=0: C_BAD_CD
        await prog.start()
        for _ in range(4):
            await self.drive(targets, 40)
            await prog.events()


@pyuvm.test(timeout_time=20, timeout_unit="ms")
class StallSmoke(SmmuTest):
    """STL-*: stalls are recorded, resumed after mapping, aborted, or answered RAZ/WI."""

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.bench.throttle = True

    async def scenario(self) -> None:
        prog = self.prog
        stream = prog.stream(STALL_SID, s2=True)
        space = stream.space(s=1)
        stream.lend(DATA, PAGES * 0x1000)
        self.scatter(DATA, PAGES * 0x1000)
        await prog.start()

        def decide(record: Record) -> tuple[int, int]:
            fate = self.rng.random()
            if fate > 0.6:
                return 0, int(fate > 0.8)
            page = record.inputaddr & ~0xFFF
            if space.leaf_of(page) is None:
                where = DATA + self.rng.randrange(PAGES) * 0x1000
                space.map(page, stream.ipa(where), 0x1000)
            return 1, 0

        resolver = Resolver(prog, decide)
        target = Target(STALL_SID, None, VA, 2 * PAGES * 0x1000)
        for device in self.env.devices:
            sequence = self.traffic([target], 24, ids=4)
            await sequence.start(device.sequencer)
            limit = self.bench.cycle + ANSWER_LIMIT
            while not all(txn.finished for txn in sequence.txns):
                assert self.bench.cycle < limit, "stalled for ever"
                await resolver.turn()
                await self.bench.cycles(50)
        assert resolver.resolved, "nothing stalled"


def _shifted(outcome: Outcome) -> Outcome:
    """A prediction that is wrong by one page."""
    if outcome.kind is not Kind.OK:
        return outcome
    return replace(outcome, pa=outcome.pa ^ 0x1000)


@pyuvm.test(timeout_time=2, timeout_unit="ms", expect_fail=True)
class WrongPredictionSmoke(SmmuTest):
    """Expected to fail: the scoreboard notices a model that is wrong by one page."""

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.scoreboard.distort = _shifted

    async def scenario(self) -> None:
        await self.drive([Target(S1_SID, None, DATA, 0x4000)], 4)


@pyuvm.test(timeout_time=2, timeout_unit="ms", expect_fail=True)
class IdleSmoke(SmmuTest):
    """Expected to fail: a scoreboard that compared nothing does not pass."""

    async def scenario(self) -> None:
        await self.prog.start()
