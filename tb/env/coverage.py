# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: which of the architecture's cases the tests have been through.

Every bench of the whole SMMU is watched below `make cov`: device ports (what the reference model
says of each burst), the walk port (commands fetched, event records written), DVM messages. Points
are those of cocotb-coverage, one list of named bins each; a process keeps its hits in a file of
the folder that FUNCTIONAL_COVERAGE names, and sim/cov.py merges the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from cocotb_coverage.coverage import CoverPoint, coverage_db

from tb.bfm.axil_monitor import AxilAccess, AxilMonitor
from tb.bfm.burst import AxiTxn
from tb.bfm.dvm import TYPE_SYNC, TYPE_TLBI, Part
from tb.env.observed import transaction_of
from tb.models.fields import COMMANDS, Event, EventRecord, FaultClass, Op, S1Dss, SyncCs
from tb.models.layout import Record
from tb.models.smmu_ref import Kind, Outcome, SmmuRef
from tb.models.smmu_ref.commands import LEGAL_OPS
from tb.models.smmu_ref.legality import TG1_SHIFT, TG_SHIFT, s1_enabled, s2_enabled
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, holds
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.translate import evaluate

if TYPE_CHECKING:
    from tb.env.smmu_bench import SmmuBench

VARIABLE = "FUNCTIONAL_COVERAGE"
GRANULE = {12: "4K", 14: "16K", 16: "64K"}
SIZE = {12: "4K", 14: "16K", 16: "64K", 21: "2M", 25: "32M", 29: "512M", 30: "1G"}
CONFIGURABLE = (Event.F_TRANSLATION, Event.F_ADDR_SIZE, Event.F_ACCESS, Event.F_PERMISSION)
PLAIN = (
    Event.F_UUT, Event.C_BAD_STREAMID, Event.F_STE_FETCH, Event.C_BAD_STE, Event.F_STREAM_DISABLED,
    Event.C_BAD_SUBSTREAMID, Event.F_CD_FETCH, Event.C_BAD_CD,
)  # fmt: skip
PLACES = ("s1 IN", "s2 IN", "s2 TT", "s2 CD")

Sample = Callable[[str], None]


def _cross(*parts: Iterable[str]) -> list[str]:
    """All combinations, as words."""
    rows = [""]
    for part in parts:
        rows = [f"{row} {word}".strip() for row in rows for word in part]
    return rows


def _point(name: str, bins: Sequence[str]) -> Sample:
    """A cover point; values that are no bin of it are left out."""

    @CoverPoint(f"smmu.{name}", xf=lambda value: value, bins=list(bins))
    def sample(value: str) -> None:
        """Taken by the decorator."""

    known = frozenset(bins)
    return lambda value: sample(value) if value in known else None


def _command_bins() -> list[str]:
    ranged = ("TLBI_NH_VA", "TLBI_NH_VAA", "TLBI_S2_IPA")
    leafed = ("CFGI_STE", "CFGI_CD")
    plain = [op.name for op in sorted(LEGAL_OPS) if op.name not in (*ranged, *leafed)]
    plain = [n for n in plain if n not in ("SYNC", "RESUME", "CFGI_STE_RANGE")]
    return [
        *plain, "illegal", "CFGI_ALL", "CFGI_STE_RANGE",
        *_cross(leafed, ("all", "leaf")),
        *_cross(ranged, ("all", "leaf"), ("single", "hint", "range")),
    ]  # fmt: skip


command_kind = _point("command", _command_bins())
sync_kind = _point("sync", ("none", "irq", "msi", "sev"))
resume_kind = _point("resume", ("retry", "abort", "razwi", "stall_term"))
dvm_kind = _point("dvm", [
    "sync", "other", "all", "vmid", "vmid s1", "asid", "va asid", "va asid leaf", "va", "va leaf",
    "ipa", "ipa leaf", "range asid", "range", "range ipa",
])  # fmt: skip
event_kind = _point("event", [
    *_cross([e.name for e in CONFIGURABLE], PLACES, ("stall", "terminate")),
    *_cross(["F_WALK_EABT"], ("s1 TT", "s2 IN", "s2 TT", "s2 CD")),
    *(e.name for e in PLAIN),
])  # fmt: skip
config_kind = _point("configuration", [
    *_cross(["s1"], ("TTB0", "TTB1"), GRANULE.values()), *_cross(["s2"], GRANULE.values()),
    *_cross(["nested"], GRANULE.values(), GRANULE.values()), *_cross(["nested"], ("TTB0", "TTB1")),
    "bypass", "s1 bypassed", "nested bypassed", "abort", "disabled bypass", "disabled abort",
])  # fmt: skip
page_size = _point("page_size", _cross(("s1", "s2", "nested"), SIZE.values()))
access_kind = _point("access", _cross(
    ("privileged", "unprivileged"), ("read", "write", "fetch"),
    ("allowed", "denied s1", "denied s2"),
))  # fmt: skip
fault_end = _point("fault_end", [
    "s1 stall", "s1 no-stall client", "s2 stall", "s2 no-stall client",
    *_cross(["s1"], ("abort", "razwi"), ("recorded", "silent")),
    *_cross(["s2 abort"], ("recorded", "silent")), "configuration recorded",
    "configuration silent",
])  # fmt: skip
substream = _point("substream", ("given", "absent CD0", "absent bypass", "absent disabled"))
output_type = _point("output_type", [
    "Device-nGnRnE", "Device", "Normal-NC",
    *_cross(["WB"], ("RA", "WA", "RA+WA"), ("NSH", "ISH", "OSH")),
])  # fmt: skip


def wanted() -> bool:
    """True below `make cov`."""
    return bool(os.environ.get(VARIABLE))


class Watch:
    """Samples what one bench goes through."""

    def __init__(self, bench: SmmuBench) -> None:
        self.bench = bench
        self.model = SmmuRef(bench.memory, bench.model_config)
        AxilMonitor(bench.regs_probe, self._register, "coverage")
        for tbu, handle in enumerate(bench.device_probes):
            bench.monitor(
                handle, f"tbu{tbu}_s_axi", lambda txn: None,
                on_address=lambda txn, tbu=tbu: self._burst(txn, tbu),
            )  # fmt: skip
        bench.monitor(bench.walk_probe, "ptw_axi", self._walk)
        bench.dvm.observers.append(self._dvm)

    def reset(self) -> None:
        """The SMMU has been reset."""
        self.model.reset()

    # ---- walk port -----------------------------------------------------------------------
    def _walk(self, txn: AxiTxn) -> None:
        regs = self.model.regs
        events, commands = (
            (regs.eventq_base.addr, regs.eventq_log2, RECORD_SIZE),
            (regs.cmdq_base.addr, regs.cmdq_log2, COMMAND_SIZE),
        )
        if txn.is_write and len(txn.data) >= RECORD_SIZE and holds(*events, txn.addr):
            self._event(EventRecord.unpack(txn.data[:RECORD_SIZE]))
        elif not txn.is_write and txn.ok and holds(*commands, txn.addr):
            for at in range(0, len(txn.data) - COMMAND_SIZE + 1, COMMAND_SIZE):
                self._command(txn.data[at : at + COMMAND_SIZE])

    def _event(self, record: Record) -> None:
        event = Event(record.type)
        if event in PLAIN:
            event_kind(event.name)
            return
        stage = "s2" if record.get("s2") else "s1"
        name = f"{event.name} {stage} {FaultClass(record.get('class')).name}"
        if event in CONFIGURABLE:
            name += " stall" if record.get("stall") else " terminate"
        event_kind(name)

    def _command(self, data: bytes) -> None:
        if data[0] not in LEGAL_OPS:
            command_kind("illegal" if data[0] else "")
            return
        op = Op(data[0])
        fields = COMMANDS[op].unpack(data)
        name = op.name
        if op is Op.SYNC:
            msi = fields.cs == SyncCs.IRQ and fields.msiaddress
            sync_kind("msi" if msi else {0: "none", 1: "irq", 2: "sev"}.get(fields.cs, ""))
        elif op is Op.RESUME:
            resume_kind("retry" if fields.ac else "abort" if fields.ab else "razwi")
        elif op is Op.STALL_TERM:
            resume_kind("stall_term")
        elif op is Op.CFGI_STE_RANGE and fields.range == 31:
            name = "CFGI_ALL"
        elif op in (Op.CFGI_STE, Op.CFGI_CD, Op.TLBI_NH_VA, Op.TLBI_NH_VAA, Op.TLBI_S2_IPA):
            name += " leaf" if fields.leaf else " all"
            if "tg" in fields:
                range_ = fields.tg and (fields.num or fields.scale)
                name += " range" if range_ else " hint" if fields.tg else " single"
        command_kind(name)

    # ---- DVM -----------------------------------------------------------------------------
    def _dvm(self, parts: Sequence[Part]) -> None:
        first = parts[0].addr
        kind = first >> 12 & 7
        if kind != TYPE_TLBI:
            dvm_kind("sync" if kind == TYPE_SYNC else "other")
            return
        by_vmid, by_asid, stage = first >> 6 & 1, first >> 5 & 1, first >> 2 & 3
        leaf = " leaf" if first >> 4 & 1 else ""
        if not first & 1:
            wide = "vmid s1" if stage == 1 else "vmid" if by_vmid else "all"
            dvm_kind("asid" if by_asid else wide)
        elif first >> 7 & 1:
            dvm_kind("range ipa" if stage == 2 else "range asid" if by_asid else "range")
        else:
            dvm_kind(("ipa" if stage == 2 else "va asid" if by_asid else "va") + leaf)

    # ---- device ports --------------------------------------------------------------------
    def _register(self, access: AxilAccess) -> None:
        if access.write and access.strobe == 0xF and not access.resp:
            self.model.regs.write32(access.addr, access.data)
            self.model.complete_updates()

    def _burst(self, txn: AxiTxn, tbu: int) -> None:
        strapped = bool(self.bench.cfg.nostall >> tbu & 1)
        model = self.model
        wish = transaction_of(txn, strapped)
        session = Session(model.config, model.regs, model.memory, wish, quiet=True)
        outcome = evaluate(session)
        ste = session.ste
        if not model.regs.cr0ack.smmuen:
            config_kind("disabled bypass" if outcome.kind is Kind.OK else "disabled abort")
        elif ste is None:
            silent = outcome.kind is Kind.ABORT and outcome.event is None and not wish.secsid
            if silent and not model.regs.cr2.recinvsid:
                silent = False  # an unknown stream, perhaps
            config_kind("abort" if silent else "")
        elif outcome.kind is Kind.OK:
            self._forwarded(session, ste, outcome)
        if ste is not None:
            self._permission(session, outcome)
            self._substream(session, ste, outcome)
        if outcome.kind is not Kind.OK:
            self._fault_end(session, outcome)

    def _forwarded(self, session: Session, ste: Record, outcome: Outcome) -> None:
        cd = session.cd
        second = GRANULE[TG_SHIFT[ste.s2tg]] if s2_enabled(ste) else ""
        if cd is None:
            bypassed = "nested bypassed" if second else "s1 bypassed"
            config_kind(bypassed if s1_enabled(ste) else f"s2 {second}" if second else "bypass")
            stage = "s2" if second and not s1_enabled(ste) else ""
        else:
            half = session.txn.addr >> 55 & 1
            shift = TG1_SHIFT[cd.tg1] if half else TG_SHIFT[cd.tg0]
            stage = "nested" if second else "s1"
            if second:
                config_kind(f"nested {GRANULE[shift]} {second}")
                config_kind(f"nested TTB{half}")
            else:
                config_kind(f"s1 TTB{half} {GRANULE[shift]}")
        if stage:
            page_size(f"{stage} {SIZE.get(outcome.page_shift, '')}")
        attrs = outcome.attrs
        named = {0: "Device-nGnRnE", 1: "Device", 3: "Normal-NC"}
        if attrs.cache in named:
            output_type(named[attrs.cache])
        else:
            hints = {7: "RA", 11: "WA", 15: "RA+WA"}[attrs.cache]
            output_type(f"WB {hints} {('NSH', 'ISH', 'OSH', '')[attrs.domain]}")

    def _permission(self, session: Session, outcome: Outcome) -> None:
        who = "privileged" if session.priv else "unprivileged"
        what = "fetch" if session.inst else "read" if session.txn.rnw else "write"
        record = outcome.record
        if outcome.kind is Kind.OK:
            access_kind(f"{who} {what} allowed")
        elif record is not None and record.type == Event.F_PERMISSION:
            if record.get("class") == FaultClass.IN:
                access_kind(f"{who} {what} denied s{1 + record.s2}")

    def _substream(self, session: Session, ste: Record, outcome: Outcome) -> None:
        if not s1_enabled(ste):
            return
        if session.txn.ssv:
            substream("given" if session.cd is not None else "")
        elif ste.s1cdmax:
            kinds = {S1Dss.SSID0: "absent CD0", S1Dss.BYPASS: "absent bypass"}
            substream(kinds.get(ste.s1dss, "absent disabled"))

    def _fault_end(self, session: Session, outcome: Outcome) -> None:
        record, ste, cd = outcome.record, session.ste, session.cd
        told = "recorded" if record is not None else "silent"
        stage = self._stage(session, record)
        if not stage:
            fault_end(f"configuration {told}")
        elif outcome.kind is Kind.STALL:
            fault_end(f"{stage} stall")
        elif (cd.s if stage == "s1" else ste.s2s) and session.txn.no_stall:
            fault_end(f"{stage} no-stall client")
        else:
            kind = "abort" if outcome.kind is Kind.ABORT else "razwi"
            fault_end(f"{stage} {kind} {told}")

    @staticmethod
    def _stage(session: Session, record: Record | None) -> str:
        """Which stage's A/R/S counted; empty for none."""
        if record is not None:
            if record.type not in CONFIGURABLE or (session.cd is None and not record.get("s2")):
                return ""
            return "s2" if record.get("s2") else "s1"
        # what is not recorded says so in its trace
        last = session.steps[-1] if session.steps else ""
        found = [s for s in ("s1", "s2") if f"stage {s[1]} " in last]
        return found[0] if found else ""


def save() -> None:
    """Keep the hits of this process."""
    folder = os.environ[VARIABLE]
    coverage_db.export_to_xml(os.path.join(folder, f"{os.getpid()}.xml"))
