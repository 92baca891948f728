"""Rooms and people on the day: who is idle, who waits for whom, what is broken."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import simpy

from scheduling.simulation.setups import DAY, Setup, Unit
from scheduling.simulation.stories import Outage

Process = Generator[simpy.Event, Any, None]


@dataclass(slots=True)
class _Waiting:
    """A patient in a queue; the smallest `turn` comes first. `may_go_home`: if it is too late to begin."""

    turn: tuple[float, ...]
    wanted: Sequence[frozenset[str]]
    planned: Sequence[int]
    may_go_home: bool
    served: simpy.Event


class Floor:
    """Whoever waits longest by plan is served first; nobody holds a room while waiting for a person."""

    def __init__(self, env: simpy.Environment, setup: Setup, *, seed: int, days: int) -> None:
        self.env, self.setup = env, setup
        self.outages: list[Outage] = []
        self._idle = {unit.id for unit in setup.units}
        self._broken: dict[int, float] = {}
        """Since when each unit out of order is so."""
        self._queue: list[_Waiting] = []
        env.process(self._hours(days))
        for unit in setup.units:
            if unit.breaks_down_every_days:
                env.process(self._breakdowns(unit, Random(f"{seed}:breakdown:{unit.name}")))

    def wait_for(
        self,
        wanted: Sequence[frozenset[str]],
        planned: Sequence[int],
        *,
        turn: tuple[float, ...],
        may_go_home: bool,
    ) -> simpy.Event:
        """An event with the units that now serve, one per wish; with None when it is too late to begin."""
        waiting = _Waiting(turn, wanted, planned, may_go_home, self.env.event())
        self._queue.append(waiting)
        self._queue.sort(key=lambda each: each.turn)
        self._serve()
        return waiting.served

    def release(self, units: Iterable[int]) -> None:
        for unit in units:
            self._idle.add(unit)
            if unit in self._broken:
                self._broken[unit] = self.env.now
        self._serve()

    def _serve(self) -> None:
        late = self.env.now % DAY > self.setup.closes + self.setup.mishaps.overtime_limit_minutes
        left = []
        for waiting in self._queue:
            units = None if late and waiting.may_go_home else self._choice(waiting)
            if units is not None:
                self._idle.difference_update(units)
                waiting.served.succeed(units)
            elif late and waiting.may_go_home:
                waiting.served.succeed(None)
            else:
                left.append(waiting)
        self._queue = left

    def _choice(self, waiting: _Waiting) -> list[int] | None:
        chosen: list[int] = []
        for wanted, planned in zip(waiting.wanted, waiting.planned, strict=True):
            free = [
                unit
                for unit in self.setup.units
                if unit.id in self._idle
                and unit.id not in self._broken
                and unit.id not in chosen
                and wanted <= unit.capabilities
                and self._is_here(unit, waiting.may_go_home)
            ]
            if not free:
                return None
            # The planned one first; else whoever can do least besides, so that the rare ones stay free.
            chosen.append(
                min(free, key=lambda each: (each.id != planned, len(each.capabilities), each.id)).id
            )
        return chosen

    def _is_here(self, unit: Unit, may_go_home: bool) -> bool:
        """Those who are on duty at closing time stay on, and finish every visit whose lungs are begun."""
        day, minute = divmod(self.env.now, DAY)
        if not self.setup.is_open(int(day)):
            return False
        if any(low <= minute < high for low, high in unit.spans):
            return True
        if unit.spans[-1][1] != self.setup.closes or minute < self.setup.closes:
            return False
        return not may_go_home or minute <= self.setup.closes + self.setup.mishaps.overtime_limit_minutes

    def _hours(self, days: int) -> Process:
        """Wake those who wait whenever somebody comes, goes, or it becomes too late."""
        too_late = self.setup.closes + self.setup.mishaps.overtime_limit_minutes + 1
        changes = sorted({at for unit in self.setup.units for span in unit.spans for at in span} | {too_late})
        for day in self.setup.open_days(0, days):
            for change in changes:
                if day * DAY + change > self.env.now:
                    yield self.env.timeout(day * DAY + change - self.env.now)
                self._serve()

    def _breakdowns(self, unit: Unit, dice: Random) -> Process:
        """A breakdown while a patient is served takes effect when that patient leaves."""
        open_minutes = self.setup.closes - self.setup.opens
        at = 0.0
        while True:
            at += dice.expovariate(1 / (unit.breaks_down_every_days * open_minutes))
            repair = dice.expovariate(1 / unit.repair_minutes)
            begins = self._clock(at)
            if begins > self.env.now:
                yield self.env.timeout(begins - self.env.now)
            self._broken[unit.id] = self.env.now
            yield self.env.timeout(repair)
            since = self._broken.pop(unit.id)
            if unit.id in self._idle:  # otherwise one patient was served all the while
                self.outages.append(Outage(unit.id, since, self.env.now))
            self._serve()

    def _clock(self, open_minute: float) -> float:
        """The moment at which the department has been open for so many minutes in all."""
        number, minute = divmod(open_minute, self.setup.closes - self.setup.opens)
        weeks, left = divmod(int(number), len(self.setup.weekdays))
        return (weeks * 7 + sorted(self.setup.weekdays)[left]) * DAY + self.setup.opens + minute
