"""What happens to an examination, told to its end: ordered, booked, performed, reported. Seconds since 1970, UTC.

A writer cuts the story at "now": what lies after it has not happened yet, and the states follow from that.
"""

from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86_400
_REPORT_MINUTES = {"stat": (18, 58), "urgent": (40, 230), "routine": (120, 1380)}


@dataclass(slots=True)
class Life:
    """`lungs` holds (start, end) of each lung acquisition; None is what never happens."""

    ordered: int
    vetted: int | None
    booked: int | None
    arrived: int | None
    xray: tuple[int, int] | None
    dose: int | None
    lungs: list
    reported: int | None

    @property
    def ended(self):
        return self.lungs[-1][1]

    def shift(self, seconds):
        """Let all that is performed happen so much later, and with it the order, so that it stays before."""
        for name in ("ordered", "vetted", "booked", "arrived", "dose", "reported"):
            setattr(self, name, getattr(self, name) + seconds)
        if self.xray:
            self.xray = (self.xray[0] + seconds, self.xray[1] + seconds)
        self.lungs = [(start + seconds, end + seconds) for start, end in self.lungs]


def tell(rng, plan, priority, *, calm=False):
    """The whole life of a plan. `calm`: everything as planned; otherwise patients and staff are early or late."""
    arrived = plan.starts * MINUTE + (-5 * MINUTE if calm else _spread(rng, -6, 9, -30, 35))
    xray = _xray(rng, plan, arrived, calm)
    lead = 8 * MINUTE if calm else rng.randrange(5, 12) * MINUTE + rng.randrange(60)
    lungs = _lungs(rng, plan, arrived, xray, lead, calm)
    ordered, vetted, booked = _before(rng, plan, priority, min(arrived, plan.starts * MINUTE))
    low, high = _REPORT_MINUTES[priority]
    reported = lungs[-1][1] + int(rng.triangular(low, high, low + (high - low) / 4) * MINUTE)
    return Life(ordered, vetted, booked, arrived, xray, lungs[0][0] - lead, lungs, reported)


def _spread(rng, mean, deviation, low, high):
    return int(min(high, max(low, rng.gauss(mean, deviation))) * MINUTE)


def _xray(rng, plan, arrived, calm):
    if plan.xray is None:
        return None
    start = max(plan.xray.start * MINUTE, arrived + 3 * MINUTE)
    start += 0 if calm else rng.randrange(4 * MINUTE)
    return start, start + (5 * MINUTE if calm else rng.randrange(3 * MINUTE, 8 * MINUTE))


def _lungs(rng, plan, arrived, xray, lead, calm):
    """Performed times of the lung steps; the window holds for the dose and for the first acquisition."""
    planned = plan.lungs[0]
    film_ended = xray[1] if xray else plan.elsewhere_ended * MINUTE
    start = planned.start * MINUTE + (0 if calm else _spread(rng, 5, 8, -15, 45))
    start = max(start, arrived + 15 * MINUTE)
    if planned.start - (plan.xray.end if plan.xray else plan.elsewhere_ended) >= 60:
        start = min(max(start, film_ended + HOUR + lead + MINUTE), film_ended + DAY - MINUTE)
    done = []
    for step in plan.lungs:
        if done:
            start = done[-1][1] + max(step.step.setup, step.step.lag_min) * MINUTE
            start += 2 * MINUTE if calm else rng.randrange(6 * MINUTE)
        length = step.step.acquisition * MINUTE
        done.append((start, start + (length if calm else int(length * rng.uniform(0.85, 1.3)))))
        start = done[-1][1]
    return done


def _before(rng, plan, priority, arrival):
    """Ordered, vetted and booked, in this order, except that a STAT order may be booked before it is vetted."""
    if priority == "stat":
        ordered = arrival - rng.randrange(22 * MINUTE, 70 * MINUTE)
        return ordered, ordered + rng.randrange(4, 17) * MINUTE, ordered + rng.randrange(5, 17) * MINUTE
    if priority == "urgent":
        ordered = arrival - rng.randrange(3 * HOUR, 20 * HOUR)
        vetted = ordered + rng.randrange(12 * MINUTE, 90 * MINUTE)
        return ordered, vetted, vetted + rng.randrange(3 * MINUTE, 40 * MINUTE)
    ordered = arrival - rng.randrange(DAY, 9 * DAY)
    vetted = ordered + rng.randrange(HOUR, 16 * HOUR)
    return ordered, vetted, vetted + rng.randrange(5 * MINUTE, 5 * HOUR)
