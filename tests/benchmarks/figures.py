"""What is measured and how: figures with their goals, and the times of many runs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MEASUREMENTS: dict[str, Callable[[], Iterator["Figure"]]] = {}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. The goal is an upper limit, or a lower one with `at_least`; a figure without a goal is
    shown to be watched."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def measures(prefix):
    """Register a generator of figures whose names begin with `prefix`; they run in the order of registration."""

    def register(function):
        if MEASUREMENTS.setdefault(prefix, function) is not function:
            raise ValueError(f"Something else is measured as {prefix!r}.")
        return function

    return register


def chosen(only):
    """The registered measurements that have a figure whose name may begin with one of `only`."""
    return [
        run
        for prefix, run in MEASUREMENTS.items()
        if prefix.startswith(only) or any(each.startswith(prefix) for each in only)
    ]


def timed(call, arguments, *, warm_up=3, clock=time.perf_counter):
    """Milliseconds of `call(argument)` for each argument, sorted; the first `warm_up` are thrown away."""
    times = []
    for argument in arguments:
        begun = clock()
        call(argument)
        times.append((clock() - begun) * 1000)
    return sorted(times[warm_up:])


def percentile(times, percent):
    """The smallest of the sorted times that `percent` of them do not exceed."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]
