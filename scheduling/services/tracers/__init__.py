"""Doses: what is planned and there (supplies, batches), and which step takes which (claims)."""

from scheduling.services.tracers.batches import add, delay, fail, measured, stranded
from scheduling.services.tracers.claims import claim, extend, free, keep, refused, release, release_expired
from scheduling.services.tracers.supplies import add_supply, end_supply, lay_out_all

__all__ = [
    "add",
    "add_supply",
    "claim",
    "delay",
    "end_supply",
    "extend",
    "fail",
    "free",
    "keep",
    "lay_out_all",
    "measured",
    "refused",
    "release",
    "release_expired",
    "stranded",
]
