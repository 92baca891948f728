"""The second study must outshine what is left of the first: the count-rate rule of Tc-99m on Tc-99m, same day.

Perfusion at 3 times ventilation at least (Brazilian Society of Nuclear Medicine 2019), 4 times is aimed at. With
perfusion first it is the other way round: ventilation over what is left of perfusion. Never for Xe-133 or Kr-81m.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import ceil, exp2

from scheduling.engine.catalogue import Agent
from scheduling.engine.decay import HALF_LIFE_MINUTES, Nuclide

LEAST, AIM = 3.0, 4.0
SAME_ISOTOPE = frozenset({Agent.TECHNEGAS, Agent.DTPA})
_HALF_LIFE = HALF_LIFE_MINUTES[Nuclide.TC99M]


class Grade(StrEnum):
    GOOD = "good"
    LOW = "low"
    TOO_LOW = "too_low"


class Way(StrEnum):
    """What can be done about a ratio that is too low; the last two settle it."""

    ADD = "add"
    WAIT = "wait"
    REPEAT = "repeat"
    SUBTRACT = "subtract"
    LIMITED = "limited"


SETTLES = (Way.SUBTRACT, Way.LIMITED)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first_left`: counts per second of the first study that are left in the second."""

    ratio: float
    first_left: float
    grade: Grade
    first: str
    second: str

    @property
    def sentence(self) -> str:
        """What was found, and from a ratio under 4 on what that means."""
        said = f"{self.second.capitalize()} shows {self.ratio:.1f} times the counts of {self.first}"
        if self.grade is Grade.GOOD:
            return f"{said}."
        if self.grade is Grade.LOW:
            return f"{said}; {AIM:g} times is aimed at."
        if self.ratio <= 0:
            return f"{self.second.capitalize()} adds no counts to {self.first}. Measure again, in one view and window."
        return f"{said}; at least {LEAST:g} times is needed."


def applies(agent: str, first_day: date, second_day: date) -> bool:
    """Whether both studies are Tc-99m and of one local day."""
    return agent in SAME_ISOTOPE and first_day == second_day


def compare(first_cps: int, total_cps: int, seconds_between: float, *, first: str, second: str) -> Comparison:
    """The rule, from the counts after the first study and, in the same view and window, with both tracers.

    `first_cps` is at least 1. Only physical decay is counted off: aerosol that has left the lungs makes the true
    ratio better than this one.
    """
    left = first_cps * exp2(-seconds_between / 60 / _HALF_LIFE)
    ratio = (total_cps - left) / left
    grade = Grade.GOOD if ratio >= AIM else Grade.LOW if ratio >= LEAST else Grade.TOO_LOW
    return Comparison(ratio, left, grade, first, second)


def more_needed_kbq(found: Comparison, given_kbq: int, *, ratio: float = LEAST) -> int | None:
    """How much more of the second tracer would lift the ratio to `ratio`: counts go with activity. None: unknown."""
    if found.ratio <= 0:
        return None
    return max(0, ceil(given_kbq * (ratio / found.ratio - 1)))


def waiting_helps(agent: str, first: str) -> bool:
    """Aerosol leaves the lungs (half in about 80 min, smokers 24 min); Technegas and MAA stay for hours."""
    return agent == Agent.DTPA and first == "ventilation"
