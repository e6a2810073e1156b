# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_axi_master: post whole bursts, be woken by whole answers (architecture 4).

mst = AxiMaster(dut.u_mst)
mst.configure(seed=7, ar=60, r=40)
a = mst.read(0x1000, 64, id=3, sid=5)          # posted, not waited for
b = mst.write(0x2000, b"...", id=4, w_hold=2)  # W stops before beat 2
await a
mst.release(b)
assert (await b).ok
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tb.bfm.burst import INCR, OKAY, AxiTxn, Shape, from_rows, rows_of
from tb.bfm.layout import ROWS, SLOT_LSB, pack
from tb.bfm.mailbox import Unit, drain, percent

HOLDS = {"ar": ("rd", "cfg_hold_ax"), "r": ("rd", "cfg_hold_rsp"), "aw": ("wr", "cfg_hold_ax"),
         "w": ("wr", "cfg_hold_w"), "b": ("wr", "cfg_hold_rsp")}  # fmt: skip
LEVELS = {"ar": ("rd", "cfg_ax_level"), "r": ("rd", "cfg_rsp_level"), "aw": ("wr", "cfg_ax_level"),
          "w": ("wr", "cfg_w_level"), "b": ("wr", "cfg_rsp_level")}  # fmt: skip


@dataclass(frozen=True)
class Traffic:
    """What a run of the traffic generator measured; cycles are numbers of rising edges."""

    bursts: int
    errors: int
    first: int
    last_addr: int
    last: int

    @property
    def bursts_per_cycle(self) -> float:
        """Rate of address handshakes."""
        return self.bursts / (self.last_addr - self.first + 1)


class _Half:
    """One direction: free slots, the ring of descriptors, what is open."""

    def __init__(self, handle: Any, is_write: bool) -> None:
        self.unit = Unit(handle)
        self.is_write = is_write
        self.desc = self.unit.words("desc_mem")
        self.slots = len(self.desc)
        self.post = self.unit.reg("post_cnt")
        self.posted = self.post.get()  # a simulation may run several tests
        self.free = deque(range(self.slots))
        self.open: dict[int, AxiTxn] = {}
        self.backlog: deque[tuple[AxiTxn, int]] = deque()  # with its descriptor, but the slot
        self.column = Unit(handle.u_col)
        self.cpl = self.column.words("cpl_mem")
        self.cpl_cnt = self.column.reg("cpl_cnt_q")
        self.rows = (self.unit if is_write else self.column).words("dat_mem")
        self.released = 0
        self.gen_runs = self.unit.reg("gen_go").get()


class AxiMaster:
    """Driver of one ``bfm_axi_master`` instance."""

    def __init__(self, handle: Any, name: str = "") -> None:
        self.name = name or handle._name
        self.log = logging.getLogger(f"cocotb.{self.name}")
        self.data_w, self.id_w = len(handle.m_axi_wdata), len(handle.m_axi_awid)
        self.lanes = self.data_w // 8
        self.halves = {"rd": _Half(handle.u_rd, False), "wr": _Half(handle.u_wr, True)}
        self.cycle_reg = Unit(handle).reg("cycle_q")
        self.defaults: dict[str, int] = {"cache": 0b0010, "prot": 0b010, "domain": 0b11}
        for half in self.halves.values():
            if half.is_write:
                half.unit.reg("w_release").set(0)
            drain(half.cpl_cnt, partial(self._complete, half))

        self.configure(seed=1, max_open=0xFFFF, **dict.fromkeys(LEVELS, 100))
        for channel in HOLDS:
            self.hold(channel, False)

    # ---- configuration -------------------------------------------------------------------
    def configure(self, seed: int | None = None, max_open: int | None = None,
                  **levels: float) -> None:  # fmt: skip
        """Set the seed and the chance in percent that AR, AW, W offer and R, B accept in a cycle.

        ``max_open`` bounds the bursts open per direction.
        """
        for half in self.halves.values():
            if seed is not None:
                half.unit.reg("cfg_seed").set((seed + half.is_write) & 0xFFFFFFFF)
            if max_open is not None:
                half.unit.reg("cfg_max_open").set(max_open)
        for channel, value in levels.items():
            side, register = LEVELS[channel]
            self.halves[side].unit.reg(register).set(percent(value))

    def hold(self, channel: str, on: bool = True) -> None:
        """Stop a channel: ``ar``, ``aw``, ``w`` offer nothing; ``r``, ``b`` accept nothing."""
        side, register = HOLDS[channel]
        self.halves[side].unit.reg(register).set(int(on))

    @property
    def cycle(self) -> int:
        """Rising edges since the start of the run."""
        return self.cycle_reg.get()

    @property
    def open(self) -> list[AxiTxn]:
        """Posted transactions that have not ended."""
        return [t for h in self.halves.values()
                for t in (*h.open.values(), *(txn for txn, _ in h.backlog))]  # fmt: skip

    # ---- posting ----------------------------------------------------------------------------
    def read(self, addr: int, nbytes: int | None = None, *, beats: int | None = None,
             size: int | None = None, burst: int = INCR, delay: int = 0, no_ax: bool = False,
             tag: Any = None, **side: int) -> AxiTxn:  # fmt: skip
        """Post a read of ``nbytes`` (or ``beats`` beats) and return it at once.

        ``size`` log2 bytes a beat (default: the bus); ``delay`` cycles before ARVALID; ``side`` any
        pin of the address channel: id, sid, ssid, ssidv, secsid, flow, cache, prot, qos, domain,
        lock. ``no_ax`` only expects R beats, for the read data of an atomic.
        """
        shape = self._shape(addr, nbytes, beats, size, burst)
        txn = AxiTxn(False, shape, self._ax(shape, side), tag=tag, length=nbytes)
        control = {"delay": delay, "no_ax": int(no_ax)} if delay or no_ax else {}
        return self._post(self.halves["rd"], txn, control)

    def write(self, addr: int, data: bytes, *, beats: int | None = None, size: int | None = None,
              burst: int = INCR, strb: int | None = None, delay: int = 0, w_delay: int = 0,
              w_hold: int | None = None, w_after: bool = False, tag: Any = None,
              **side: int) -> AxiTxn:  # fmt: skip
        """Post a write of ``data`` and return it at once.

        ``strb`` mask of the bytes of ``data`` to write (default all). ``delay`` cycles before
        AWVALID and ``w_delay`` before the first WVALID let W lead or lag; ``w_after`` makes W wait
        for the AW handshake; ``w_hold`` stops W before that beat until :meth:`release`.
        """
        shape = self._shape(addr, len(data), beats, size, burst)
        if len(data) > shape.nbytes:
            raise ValueError(f"{len(data)} bytes do not fit {shape}")
        txn = AxiTxn(True, shape, self._ax(shape, side), tag=tag, length=len(data))
        txn.bus = shape.to_bus(data)
        mask = (1 << len(data)) - 1
        txn.strobes = shape.to_strobes(mask if strb is None else strb & mask)
        control = {}
        if delay or w_delay or w_after:
            control = {"delay": delay, "w_delay": w_delay, "w_after": int(w_after)}
        if w_hold is not None:
            control |= {"w_hold": 1, "hold_at": w_hold}
        return self._post(self.halves["wr"], txn, control)

    def release(self, txn: AxiTxn) -> None:
        """Let the W beats of a write posted with ``w_hold`` go on."""
        half = self.halves["wr"]
        if txn.slot < 0:
            raise ValueError("this write has no slot yet: too many are open")
        if txn.finished:
            return
        half.released |= 1 << txn.slot
        half.unit.reg("w_release").set(half.released)

    async def quiet(self) -> None:
        """Wait until nothing is posted or open."""
        while pending := self.open:
            for txn in pending:
                await txn

    def reset(self) -> None:
        """Forget everything open; call while the transactor is in reset."""
        for half in self.halves.values():
            dropped = [*half.open.values(), *(t for t, _ in half.backlog)]
            half.open.clear()
            half.backlog.clear()
            half.free = deque(range(half.slots))
            half.released = 0
            if half.is_write:
                half.unit.reg("w_release").set(0)
            for txn in dropped:
                txn.error = "reset"
                txn.finish()

    # ---- traffic generator -------------------------------------------------------------------
    async def generate(self, targets: Sequence[dict[str, int]], count: int, *,
                       is_write: bool = False, beats: int = 1,
                       beside: bool = False) -> Traffic:  # fmt: skip
        """Issue ``count`` full-width bursts over ``targets`` in turn without entering Python.

        A target is a dict of address channel fields with at least ``addr``. Nothing may be open in
        this direction, unless it is sure to get no answer meanwhile (``beside``: stalled bursts,
        all their W beats sent). Writes carry a counter, every strobe set; read data is dropped.
        """
        half = self.halves["wr" if is_write else "rd"]
        if half.backlog or (half.open and not beside):
            raise RuntimeError("the generator needs an idle master")
        if not 0 < len(targets) <= half.slots:
            raise ValueError(f"1 to {half.slots} targets")
        size = self.lanes.bit_length() - 1
        for index, fields in enumerate(targets):
            ax = self.defaults | {"len": beats - 1, "size": size, "burst": INCR} | fields
            half.desc.set(index, pack(ax))
        unit, half.gen_runs = half.unit, half.gen_runs + 1
        unit.reg("gen_len").set(len(targets))
        unit.reg("gen_cnt").set(count)
        unit.reg("gen_go").set(half.gen_runs)
        finished = unit.reg("gen_done_q")
        while finished.get() != half.gen_runs:
            await finished.handle.value_change
        return Traffic(count, *(unit.reg(f"gen_{n}_q").get()
                                for n in ("err", "first", "last_ax", "last")))  # fmt: skip

    # ---- internals ---------------------------------------------------------------------------
    def _shape(self, addr: int, nbytes: int | None, beats: int | None, size: int | None,
               burst: int) -> Shape:  # fmt: skip
        size = self.lanes.bit_length() - 1 if size is None else size
        if beats is None:
            if nbytes is None:
                raise ValueError("nbytes or beats is needed")
            beats = max(1, -(-(addr % (1 << size) + nbytes) // (1 << size)))
        if not 1 <= beats <= 256:
            raise ValueError(f"{beats} beats")
        return Shape(addr, beats, size, burst, self.lanes)

    def _ax(self, shape: Shape, side: dict[str, int]) -> dict[str, int]:
        return self.defaults | side | {
            "addr": shape.addr, "len": shape.beats - 1, "size": shape.size, "burst": shape.burst,
        }  # fmt: skip

    def _post(self, half: _Half, txn: AxiTxn, control: dict[str, int]) -> AxiTxn:
        fields = txn.ax | control if control else txn.ax
        vector = pack(fields)  # a value that does not fit is the caller's error, now
        if half.backlog or not half.free:
            half.backlog.append((txn, vector))
        else:
            self._issue(half, txn, vector)
        return txn

    def _issue(self, half: _Half, txn: AxiTxn, vector: int) -> None:
        txn.slot = slot = half.free.popleft()
        half.open[slot] = txn
        if half.is_write:
            rows = rows_of(txn.bus, txn.strobes, txn.beats, self.data_w, self.lanes)
            for k, row in enumerate(rows):
                half.rows.set(slot * ROWS + k, row)
        half.desc.set(half.posted % half.slots, vector | slot << SLOT_LSB)
        half.posted = (half.posted + 1) & 0xFFFFFFFF
        half.post.set(half.posted)

    def _complete(self, half: _Half, number: int) -> None:
        row = half.cpl.get(number % half.slots)
        slot = row & 0xFF
        txn = half.open.pop(slot, None)
        if txn is None:  # ended in the cycle of a reset
            return
        beats = txn.end(row)
        if half.is_write:
            if half.released >> slot & 1:
                half.released &= ~(1 << slot)
                half.unit.reg("w_release").set(half.released)
        else:
            first = slot * ROWS
            rows = [half.rows.get(first + k) for k in range((min(beats, 256) + 7) // 8)]
            txn.bus, txn.resps = from_rows(rows, txn.shape.beats, self.data_w, 2)
            if txn.resp == OKAY:
                txn.resps = 0
            if beats != txn.shape.beats:
                txn.error = f"{beats} R beats instead of {txn.beats}"
                self.log.error("%s: read of 0x%x: %s", self.name, txn.addr, txn.error)
        half.free.append(slot)
        if half.backlog:
            self._issue(half, *half.backlog.popleft())
        txn.finish()
