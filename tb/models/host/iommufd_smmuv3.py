# SPDX-License-Identifier: Apache-2.0
"""What the SMMUv3 driver checks and rewrites for iommufd: guest STEs, commands and events.

Beyond the refusals of the uapi (facts 7.9), a range invalidation in the reserved encoding (TG set;
NUM, SCALE and TTL zero) and ATC_INV without ATS are EIO: they would stop the host's command queue.
"""

from __future__ import annotations

from tb.models.fields import STE, Cmd, Op, SteConfig
from tb.models.host import iommufd_uapi as fd
from tb.models.host.uapi import UapiError

# vSTE bits that a guest may choose
WORDS = ("v", "config", "s1fmt", "s1contextptr", "s1cdmax")
WORDS += ("s1dss", "s1cir", "s1cor", "s1csh", "s1stalld", "eats")
VMID_FIELD, SID_FIELD = (32, 16), (32, 32)  # place and width in word 0
BY_VMID = {Op.TLBI_NH_ALL, Op.TLBI_NH_ASID, Op.TLBI_NH_VA, Op.TLBI_NH_VAA}
BY_VA = {Op.TLBI_NH_VA, Op.TLBI_NH_VAA}
IDR0_ATS = 1 << 10
MASK64 = (1 << 64) - 1


def virtual_ste(words: fd.VirtualSte) -> dict[str, int]:
    """The fields of a guest's STE that may reach the physical one; EIO for any other bit."""
    bits = words.word0 | words.word1 << 64
    if extra := bits & ~STE.mask(*WORDS):
        raise UapiError(fd.EIO, f"vSTE: bits 0x{extra:x} are not the guest's")
    ste = STE.unpack(bits.to_bytes(64, "little"))
    fields = {name: ste[name] for name in WORDS}
    if fields["v"] and fields["config"] not in (SteConfig.ABORT, SteConfig.BYPASS, SteConfig.S1):
        raise UapiError(fd.EIO, f"vSTE: Config {fields['config']}")
    if fields["eats"] > 1:
        raise UapiError(fd.EIO, f"vSTE: EATS {fields['eats']}")
    return fields


def host_command(raw: bytes, vmid: int, sids: dict[int, int], ats: bool) -> bytes:
    """A guest's command with the host's VMID and StreamID; EIO for what the VMM must handle.

    ``sids`` leads from the guest's StreamIDs to the physical ones.
    """
    op, word0, word1 = raw[0], _word(raw, 0), _word(raw, 1)
    if op == Op.TLBI_NSNH_ALL:
        return Cmd.tlbi_nh_all(vmid=vmid)
    if op in BY_VMID:
        scale_num_ttl = word0 >> 12 & 0x1F | word0 >> 20 & 0x1F | word1 >> 8 & 3
        if op in BY_VA and word1 >> 10 & 3 and not scale_num_ttl:
            raise UapiError(fd.EIO, "reserved range encoding")
        return _replace(word0, VMID_FIELD, vmid) + raw[8:]
    if op in (Op.CFGI_CD, Op.CFGI_CD_ALL) or (op == Op.ATC_INV and ats):
        if word0 >> 32 not in sids:
            raise UapiError(fd.EIO, f"no vDEVICE 0x{word0 >> 32:x}")
        return _replace(word0, SID_FIELD, sids[word0 >> 32]) + raw[8:]
    raise UapiError(fd.EIO, f"command 0x{op:02x} is not the kernel's to forward")


def guest_event(raw: bytes, virt_id: int) -> bytes:
    """An event record with the StreamID that the guest knows."""
    return _replace(_word(raw, 0), SID_FIELD, virt_id) + raw[8:]


def _word(raw: bytes, index: int) -> int:
    return int.from_bytes(raw[8 * index :][:8], "little")


def _replace(word: int, place: tuple[int, int], value: int) -> bytes:
    """``word`` with the field at ``place`` replaced, as eight bytes."""
    lsb, width = place
    mask = ((1 << width) - 1) << lsb
    return ((word & ~mask & MASK64) | (value << lsb & mask)).to_bytes(8, "little")
