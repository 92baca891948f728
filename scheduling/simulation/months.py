"""Months of a department: requests are booked as they come, and each day goes as chance will have it."""

from collections.abc import Iterable
from random import Random

import simpy

from scheduling.simulation.demand import Request, requests
from scheduling.simulation.diary import Appointment, Diary
from scheduling.simulation.floor import Floor, Process
from scheduling.simulation.setups import DAY, Setup
from scheduling.simulation.stories import End, Months, Story, Use
from scheduling.simulation.visits import Visit


def simulated(setup: Setup, *, seed: int) -> Months:
    """The same months for the same set-up and seed."""
    warm_up_days = setup.run.warm_up_weeks * 7
    days = warm_up_days + setup.run.weeks * 7
    department = _Department(setup, seed, days)
    department.env.process(department.take(requests(setup, seed=seed, days=days)))
    department.env.run(until=days * DAY)
    stories, uses = tuple(department.stories), tuple(department.uses)
    return Months(setup, seed, days, warm_up_days, stories, uses, tuple(department.floor.outages))


def booked(setup: Setup, *, seed: int, days: int) -> list[Story]:
    """The requests of `days` days, put into the diary and no further."""
    diary, stories = Diary(setup, diary_days(setup, days)), []
    for request in requests(setup, seed=seed, days=days):
        appointment = diary.book(request, request.asked_at)
        stories.append(
            Story(request, End.WAITING, [appointment]) if appointment else Story(request, End.LOST)
        )
    return stories


def diary_days(setup: Setup, days: int) -> int:
    """So many days a diary needs for the requests of `days` days."""
    longest = max(each.within_days for each in setup.demand.priorities)
    return setup.last_day(days, longest) + 2


class _Department:
    def __init__(self, setup: Setup, seed: int, days: int) -> None:
        self.env = simpy.Environment()
        self.floor = Floor(self.env, setup, seed=seed, days=days)
        self.stories: list[Story] = []
        self.uses: list[Use] = []
        self._diary, self._seed = Diary(setup, diary_days(setup, days)), seed

    def take(self, coming: Iterable[Request]) -> Process:
        for request in coming:
            yield self.env.timeout(request.asked_at - self.env.now)
            story = Story(request)
            self.stories.append(story)
            self._book(story)

    def _book(self, story: Story) -> None:
        appointment = self._diary.book(story.request, int(self.env.now))
        if appointment is None:
            story.end = End.LOST
            return
        story.appointments.append(appointment)
        self.env.process(self._visit(story, appointment))

    def _visit(self, story: Story, appointment: Appointment) -> Process:
        # Dice of its own: the same patient has the same luck in every set-up.
        dice = Random(f"{self._seed}:{story.request.number}:{len(story.appointments)}")
        steps = self._diary.steps_for(story.request)
        done = yield from Visit(self.floor, story, appointment, steps, self.uses, dice).run()
        if not done:
            self._book(story)
