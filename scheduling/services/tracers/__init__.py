"""Doses: what is planned and there (supplies, batches), and which step takes which (claims)."""

from scheduling.services.tracers.batches import add, delay, fail, measured, restore, stranded
from scheduling.services.tracers.claims import (
    claim,
    drawn,
    drawn_extra,
    extend,
    free,
    giving_back,
    keep,
    lock,
    lock_drawn,
    lock_of,
    locking,
    not_drawn,
    refused,
    release_expired,
    thrown_away,
)
from scheduling.services.tracers.supplies import add_supply, end_supply, lay_out_all

__all__ = [
    "add",
    "add_supply",
    "claim",
    "delay",
    "drawn",
    "drawn_extra",
    "end_supply",
    "extend",
    "fail",
    "free",
    "giving_back",
    "keep",
    "lay_out_all",
    "lock",
    "lock_drawn",
    "lock_of",
    "locking",
    "measured",
    "not_drawn",
    "refused",
    "release_expired",
    "restore",
    "stranded",
    "thrown_away",
]
