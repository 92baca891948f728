"""Radioactive decay over whole minutes, in whole kBq, rounded so that a plan never has too little.

Half-lives are those of ICRP Publication 107 (2008), one constant for each nuclide; what US labels and NNDC print
differs by less than 0.3 percent. Krypton-81m comes from its rubidium-81 generator, whose half-life counts.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil, exp2, floor, log2


class Nuclide(StrEnum):
    TC99M = "Tc-99m"
    XE133 = "Xe-133"
    RB81 = "Rb-81"


HALF_LIFE_MINUTES: Mapping[Nuclide, float] = {
    Nuclide.TC99M: 6.015 * 60,
    Nuclide.XE133: 5.243 * 24 * 60,
    Nuclide.RB81: 4.576 * 60,
}

ALWAYS, NEVER = 1 << 40, -(1 << 40)
"""Offsets in minutes that are later and earlier than any time."""


def before_decay(activity_kbq: int, minutes: int, half_life: float) -> int:
    """What must be there so that `activity_kbq` is left after `minutes` (negative: before), rounded up."""
    return ceil(activity_kbq * exp2(minutes / half_life))


def after_decay(activity_kbq: int, minutes: int, half_life: float) -> int:
    """What is left of `activity_kbq` after `minutes` (negative: what was there before), rounded down."""
    return floor(activity_kbq * exp2(-minutes / half_life))


def last_minute(activity_kbq: int, limit_kbq: int, half_life: float) -> int:
    """The last minute after which `before_decay` asks for no more than `limit_kbq`; NEVER without a limit.

    `activity_kbq` is at least 1. Exact: the same as trying every minute.
    """
    if limit_kbq < 1:
        return NEVER
    minute = floor(half_life * log2(limit_kbq / activity_kbq))
    # The logarithm may be off by a minute either way; `before_decay` has the word.
    while before_decay(activity_kbq, minute, half_life) > limit_kbq:
        minute -= 1
    while before_decay(activity_kbq, minute + 1, half_life) <= limit_kbq:
        minute += 1
    return minute


def decayed(activity_kbq: int, seconds: float, half_life: float) -> int:
    """`activity_kbq` after `seconds` (negative: before), to the nearest kBq: what a measured dose is at that moment.

    `half_life` in minutes. Plans round to the safe side (`before_decay`, `after_decay`); a measurement does not.
    """
    return round(activity_kbq * exp2(-seconds / 60 / half_life))
