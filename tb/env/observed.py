# SPDX-License-Identifier: Apache-2.0
"""A burst seen on a device port, as the reference model takes it."""

from __future__ import annotations

from tb.bfm.burst import AxiTxn
from tb.models.smmu_ref import Transaction

FLOW_NO_STALL = 2


def transaction_of(txn: AxiTxn, strapped: bool) -> Transaction:
    """The transaction of a burst; ``strapped`` tells that its port cannot stall (FLT-026)."""
    ax = txn.ax
    return Transaction(
        sid=ax["sid"],
        ssid=ax["ssid"] if ax["ssidv"] else None,
        addr=txn.addr,
        rnw=not txn.is_write,
        length=txn.shape.nbytes,
        priv=bool(ax["prot"] & 1),
        inst=bool(ax["prot"] & 4),
        cache=ax["cache"],
        domain=ax["domain"],
        lock=bool(ax["lock"]),
        secsid=ax["secsid"],
        atop=ax["atop"],
        no_stall=strapped or ax["flow"] == FLOW_NO_STALL,
    )
