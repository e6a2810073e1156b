# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_axi_mem and bfm_ram: the memory behind m_axi and ptw_axi.

One Python object (tb/models/memory.py) is the single truth: software models change it through its
back door at any time, and the transactor asks once per burst, in the time step in which the burst
arrives (or, with ``late``, in which its first beat is due). All latency is counted by the Verilog.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from cocotb.triggers import Event

from tb.bfm.burst import DECERR, EXOKAY, OKAY, SLVERR, Shape, from_rows, rows_of
from tb.bfm.layout import ROW_BEATS, ROWS, unpack_ax
from tb.bfm.mailbox import Unit, drain, percent

CODES = {"OKAY": OKAY, "SLVERR": SLVERR, "DECERR": DECERR}
SNOOP_DVM_COMPLETE = 0xE
LEVELS = {"ar": ("rd", "cfg_ax_level"), "r": ("rd", "cfg_rsp_level"), "aw": ("wr", "cfg_ax_level"),
          "w": ("wr", "cfg_w_level"), "b": ("wr", "cfg_rsp_level")}  # fmt: skip
HOLDS = {"ar": ("rd", "cfg_hold_ax"), "r": ("rd", "cfg_hold_rsp"), "aw": ("wr", "cfg_hold_ax"),
         "w": ("wr", "cfg_hold_w"), "b": ("wr", "cfg_hold_rsp")}  # fmt: skip


class MemoryLike(Protocol):
    """What the transactor needs of a memory (tb/models/memory.Memory has it)."""

    def read(self, pa: int, n: int, who: str = "") -> tuple[bytes, bool]:
        """Bytes and whether the bus accepted the access."""

    def write(self, pa: int, data: bytes, strb: Any = None, who: str = "") -> bool:
        """Whether the bus accepted the access."""

    def response_to(self, pa: int, n: int, is_write: bool, who: str = "") -> str:
        """OKAY, SLVERR or DECERR, without effect."""


@dataclass(eq=False)
class MemRequest:
    """One burst waiting for its answer."""

    owner: AxiMemory = field(repr=False)
    is_write: bool
    slot: int
    generation: int
    vector: int
    shape: Shape
    answered: bool = False

    @property
    def addr(self) -> int:
        """Start address."""
        return self.shape.addr

    @property
    def id(self) -> int:
        """AXI ID."""
        return (self.vector >> 91) & 0xFFFF

    @property
    def snoop(self) -> int:
        """ARSNOOP."""
        return (self.vector >> 170) & 0xF

    @property
    def ax(self) -> dict[str, int]:
        """All fields of the address channel."""
        return unpack_ax(self.vector)

    def answer(self, resp: int | None = None) -> None:
        """Serve the burst now; ``resp`` forces an error response and leaves memory alone."""
        self.owner.serve(self, resp)


class _Half:
    """One direction of the transactor."""

    def __init__(self, handle: Any, is_write: bool) -> None:
        self.unit = Unit(handle)
        self.sched = Unit(handle.u_sched)
        self.is_write = is_write
        self.req = self.sched.words("req_mem")
        self.req_cnt = self.sched.reg("req_cnt_q")
        self.rsp_gen = self.sched.reg("rsp_gen")
        self.slots = len(self.req)
        self.vec = self.unit.words("vec_mem")
        self.dat = self.unit.words("dat_mem")
        self.rsp = self.unit.words("rsp_mem") if is_write else None
        self.answered = self.rsp_gen.get()  # generation bit of each slot's last answer
        self.count = 0


class AxiMemory:
    """Serves one ``bfm_axi_mem`` instance from a memory object.

    ``on_request(request)`` of every callable in :attr:`filters` is asked in turn: it may return
    ``"hold"`` (the test calls ``request.answer()`` later; kept in :attr:`held`), a response code to
    force, or None. Callables in :attr:`observers` only look.
    """

    def __init__(self, handle: Any, memory: MemoryLike, who: str = "", name: str = "") -> None:
        self.name = name or handle._name
        self.log = logging.getLogger(f"cocotb.{self.name}")
        self.memory = memory
        self.who = who or self.name
        self.data_w = len(handle.s_axi_wdata)
        self.lanes = self.data_w // 8
        self.halves = {"rd": _Half(handle.u_rd, False), "wr": _Half(handle.u_wr, True)}
        self.filters: list[Callable[[MemRequest], str | int | None]] = []
        self.observers: list[Callable[[MemRequest], None]] = []
        self.held: list[MemRequest] = []
        self.dvm_completes = 0
        self.dvm_complete = Event()
        self._exclusive: dict[int, tuple[int, int]] = {}  # ID: reserved bytes [from, to)
        for half in self.halves.values():
            drain(half.req_cnt, partial(self._arrive, half))

        self.configure(
            seed=2, latency=4, jitter=0, write_latency=2, write_jitter=0, out_of_order=0,
            interleave=0, late=False, ram=False, w_after_aw=False, **dict.fromkeys(LEVELS, 100)
        )  # fmt: skip
        for channel in HOLDS:
            self.hold(channel, False)

    # ---- configuration ---------------------------------------------------------------------
    def configure(self, *, seed: int | None = None, latency: int | None = None,
                  jitter: int | None = None, write_latency: int | None = None,
                  write_jitter: int | None = None, out_of_order: float | None = None,
                  interleave: float | None = None, late: bool | None = None,
                  ram: bool | None = None, w_after_aw: bool | None = None,
                  **levels: float) -> None:  # fmt: skip
        """Change what is given; the rest stays.

        ``latency`` cycles from the AR handshake to the first R beat (1 is the next cycle),
        ``jitter`` up to this many more; ``write_latency`` from the later of AW and last W to B.
        ``out_of_order`` percent chance that the next answer is searched from a random burst (0: in
        order of arrival), ``interleave`` that R changes burst after a beat. ``late``: memory is
        read when the answer is due, not when the burst arrives. ``ram``: serve from bfm_ram, no
        Python; change only while idle. ``ar, aw, w`` ready and ``r, b`` valid chances in percent.
        """
        given = {
            ("rd", "cfg_seed"): seed,
            ("wr", "cfg_seed"): None if seed is None else seed + 1,
            ("rd", "cfg_lat"): latency,
            ("rd", "cfg_jit"): jitter,
            ("wr", "cfg_lat"): write_latency,
            ("wr", "cfg_jit"): write_jitter,
            ("rd", "cfg_ooo"): None if out_of_order is None else percent(out_of_order),
            ("wr", "cfg_ooo"): None if out_of_order is None else percent(out_of_order),
            ("rd", "cfg_ilv"): None if interleave is None else percent(interleave),
            ("rd", "cfg_late"): late,
            ("wr", "cfg_late"): late,
            ("rd", "cfg_ram"): ram,
            ("wr", "cfg_ram"): ram,
            ("wr", "cfg_w_after"): w_after_aw,
        }
        given |= {LEVELS[channel]: percent(value) for channel, value in levels.items()}
        for (side, register), value in given.items():
            if value is not None:
                self.halves[side].unit.reg(register).set(int(value) & 0xFFFFFFFF)

    def hold(self, channel: str, on: bool = True) -> None:
        """Stop a channel: ``ar``, ``aw``, ``w`` accept nothing; ``r``, ``b`` offer nothing."""
        side, register = HOLDS[channel]
        self.halves[side].unit.reg(register).set(int(on))

    def count_ids(self, mask: int, match: int) -> None:
        """Choose the AR handshakes :attr:`chosen_reads` counts: ``id & mask == match``."""
        unit = self.halves["rd"].unit
        unit.reg("cfg_id_mask").set(mask)
        unit.reg("cfg_id_match").set(match)

    @property
    def reads(self) -> int:
        """AR handshakes so far."""
        return self.halves["rd"].unit.reg("ax_cnt_q").get()

    @property
    def chosen_reads(self) -> int:
        """AR handshakes so far whose ID :meth:`count_ids` chose."""
        return self.halves["rd"].unit.reg("id_cnt_q").get()

    @property
    def writes(self) -> int:
        """AW handshakes so far."""
        return self.halves["wr"].unit.reg("ax_cnt_q").get()

    def reset(self) -> None:
        """Forget held bursts and exclusive reservations; call while in reset."""
        self.held.clear()
        self._exclusive.clear()

    def release_all(self) -> None:
        """Answer every held burst, oldest first."""
        for request in list(self.held):
            request.answer()

    # ---- requests ----------------------------------------------------------------------------
    def _arrive(self, half: _Half, number: int) -> None:
        word = half.req.get(number % half.slots)
        slot = word % half.slots
        vector = half.vec.get(slot)
        shape = Shape.of(vector, self.lanes)
        request = MemRequest(self, half.is_write, slot, word // half.slots, vector, shape)
        half.count += 1
        for observer in self.observers:
            observer(request)
        for check in self.filters:
            verdict = check(request)
            if verdict == "hold":
                self.held.append(request)
                return
            if verdict is not None:
                self.serve(request, int(verdict))
                return
        self.serve(request)

    def serve(self, request: MemRequest, resp: int | None = None) -> None:
        """Answer a burst (once)."""
        if request.answered:
            return
        request.answered = True
        if request in self.held:
            self.held.remove(request)
        half = self.halves["wr" if request.is_write else "rd"]
        if request.is_write:
            code = self._write(half, request) if resp is None else resp
            half.rsp.set(request.slot, code)
        else:
            bus, codes = self._read(request) if resp is None else (0, [resp] * request.shape.beats)
            upper = 0
            if any(codes):
                upper = sum(code << (2 * k) for k, code in enumerate(codes))
            rows = rows_of(bus, upper, request.shape.beats, self.data_w, 2)
            for k, row in enumerate(rows):
                half.dat.set(request.slot * ROWS + k, row)
        bit = 1 << request.slot
        half.answered = (half.answered & ~bit) | (bit if request.generation else 0)
        half.rsp_gen.set(half.answered)

    def _code(self, pa: int, n: int, is_write: bool) -> int:
        return CODES[self.memory.response_to(pa, n, is_write, self.who)]

    def _read(self, request: MemRequest) -> tuple[int, list[int]]:
        shape = request.shape
        if request.snoop == SNOOP_DVM_COMPLETE:
            self.dvm_completes += 1
            self.dvm_complete.set()
            self.dvm_complete.clear()
            return 0, [OKAY] * shape.beats
        lock = (request.vector >> 77) & 1
        if shape.linear and self._code(shape.addr, shape.nbytes, False) == OKAY:
            data, ok = self.memory.read(shape.addr, shape.nbytes, self.who)
            codes = [OKAY if ok else SLVERR] * shape.beats
            bus = shape.to_bus(data)
        else:
            bus, codes = 0, []
            for beat, (at, count, lane) in enumerate(shape.spans()):
                code = self._code(at, count, False)
                data, _ = self.memory.read(at, count, self.who)
                bus |= int.from_bytes(data, "little") << (8 * (beat * self.lanes + lane))
                codes.append(code)
        if lock and not any(codes):
            self._exclusive[request.id] = self._extent(shape)
            codes = [EXOKAY] * shape.beats
        return bus, codes

    @staticmethod
    def _extent(shape: Shape) -> tuple[int, int]:
        spans = shape.spans()
        return min(at for at, _, _ in spans), max(at + n for at, n, _ in spans)

    def _write(self, half: _Half, request: MemRequest) -> int:
        shape = request.shape
        first = request.slot * ROWS
        rows = [half.dat.get(first + k) for k in range(-(-shape.beats // ROW_BEATS))]
        bus, strobes = from_rows(rows, shape.beats, self.data_w, self.lanes)
        lock = (request.vector >> 77) & 1
        if lock or self._exclusive:
            low, high = self._extent(shape)
            if lock and self._exclusive.get(request.id) != (low, high):
                return OKAY  # the reservation is gone: nothing is written
            for owner, (start, end) in list(self._exclusive.items()):
                if low < end and start < high:
                    del self._exclusive[owner]
        done = EXOKAY if lock else OKAY
        if shape.linear:
            code = self._code(shape.addr, shape.nbytes, True)
            if code == OKAY:
                self._store(shape.addr, shape.from_bus(bus), shape.from_strobes(strobes))
                return done
        worst = OKAY
        for beat, (at, count, lane) in enumerate(shape.spans()):
            code = self._code(at, count, True)
            shift = beat * self.lanes + lane
            data = ((bus >> (8 * shift)) & ((1 << (8 * count)) - 1)).to_bytes(count, "little")
            self._store(at, data, (strobes >> shift) & ((1 << count) - 1))
            worst = max(worst, code)
        return worst or done

    def _store(self, pa: int, data: bytes, mask: int) -> None:
        """Write the strobed runs of bytes; none at all is no access."""
        while mask:
            low = (mask & -mask).bit_length() - 1
            run = mask >> low
            length = (~run & (run + 1)).bit_length() - 1
            self.memory.write(pa + low, data[low : low + length], who=self.who)
            mask &= ~(((1 << length) - 1) << low)


class BfmRam:
    """One ``bfm_ram`` instance: memory inside the simulator for runs without Python."""

    def __init__(self, handle: Any, base: int = 0x4000_0000) -> None:
        self.words = Unit(handle).words("mem")
        self.base = base
        self.word_bytes = len(handle.mem[0]) // 8
        self.limit = base + len(self.words) * self.word_bytes

    def load(self, memory: Any) -> int:
        """Copy every frame of a Memory that lies in the window; returns the number of frames."""
        frames = [pa for pa in memory.touched() if self.base <= pa < self.limit]
        for frame in frames:
            for offset in range(0, 4096, self.word_bytes):
                value = int.from_bytes(memory.peek(frame + offset, self.word_bytes), "little")
                self.words.set((frame + offset - self.base) // self.word_bytes, value)
        return len(frames)

    def peek(self, pa: int, n: int) -> bytes:
        """``n`` bytes at ``pa``."""
        first = (pa - self.base) // self.word_bytes
        last = (pa + n - 1 - self.base) // self.word_bytes
        data = b"".join(self.words.get(k).to_bytes(self.word_bytes, "little")
                        for k in range(first, last + 1))  # fmt: skip
        skip = (pa - self.base) % self.word_bytes
        return data[skip : skip + n]
