"""What a patient is told after the scan: how long breastfeeding is interrupted, from the tracers really given.

Hours run from each injection or inhalation, as elapsed time; of several tracers the latest end holds. All are
defaults for local sign-off. Sources: JNMT breastfeeding tables (institution, ICRP 106, ACMUI columns), LactMed MAA.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduling.engine.decay import HALF_LIFE_MINUTES, Nuclide
from scheduling.engine.doses import PRODUCTS


class Policy(StrEnum):
    ACMUI24 = "acmui24"  # one figure for all Tc-99m: the cautious one
    ICRP106 = "icrp106"


_TC99M = frozenset({"maa", "dtpa", "pertechnetate"})
HOURS: Mapping[Policy, Mapping[str, int]] = {
    Policy.ACMUI24: dict.fromkeys(_TC99M, 24),
    Policy.ICRP106: {"maa": 12},
}
"""By product; one that is not named interrupts nothing (0 in the tables, or not stated: xenon, krypton)."""

KEPT_HALF_LIVES = 10
"""Milk that was expressed may be given after so many half-lives (LactMed, MAA: about 60 h)."""


@dataclass(frozen=True, slots=True)
class Given:
    """One tracer as it was given; `product` is one of doses.PRODUCTS."""

    product: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Interruption:
    """No breastfeeding for so many hours after the tracer that lasts longest: until the next whole minute, as paper
    says it. Milk that was expressed before may be given from `kept_until` on."""

    hours: int
    until: datetime
    kept_until: datetime


def interruption(policy: str, given: Iterable[Given]) -> Interruption | None:
    """How long breastfeeding is interrupted after these tracers, or None where none of them asks for it."""
    hours = HOURS[Policy(policy)]
    asking = [each for each in given if hours.get(each.product)]
    if not asking:
        return None
    last = max(asking, key=lambda each: each.given_at + timedelta(hours=hours[each.product]))
    until = last.given_at + timedelta(hours=hours[last.product])
    kept = max(each.given_at + _kept(each.product) for each in asking)
    return Interruption(hours[last.product], _minute(until), _minute(max(until, kept)))


def _minute(moment: datetime) -> datetime:
    """The first whole minute that is not before."""
    rest = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    return moment + (timedelta(minutes=1) - rest if rest else rest)


def _kept(product: str) -> timedelta:
    return timedelta(minutes=KEPT_HALF_LIVES * HALF_LIFE_MINUTES[PRODUCTS[product].nuclide])


_GASES = frozenset({Nuclide.XE133, Nuclide.RB81})


def only_gas(given: Iterable[Given]) -> bool:
    """Whether nothing was given but a gas, which is breathed out again."""
    found = [PRODUCTS[each.product].nuclide for each in given]
    return bool(found) and all(nuclide in _GASES for nuclide in found)
