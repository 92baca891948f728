"""One patient's visit on the day: arrives, queues, is prepared, scanned and leaves."""

from collections.abc import Generator
from itertools import groupby
from random import Random
from typing import Any

import simpy

from scheduling.engine.catalogue import XRAY
from scheduling.engine.chain import PATIENT, PREP_BAY, Need, Step
from scheduling.engine.visit import Placed
from scheduling.simulation.diary import Appointment
from scheduling.simulation.floor import Floor, Process
from scheduling.simulation.setups import DAY, Mishaps
from scheduling.simulation.stories import End, Story, Use, Work

XRAY_HOUR, XRAY_DAY = 60, 24 * 60
"""The lungs are scanned 1 to 24 h after the end of the X-ray."""

Stage = Generator[simpy.Event, Any, bool]
"""A part of the visit; False if the patient is sent home."""


class Visit:
    """`steps`: those of this patient's search, by key. Nothing that is planned begins before its time."""

    def __init__(
        self,
        floor: Floor,
        story: Story,
        appointment: Appointment,
        steps: dict[str, Step],
        uses: list[Use],
        dice: Random,
    ) -> None:
        self._env, self._floor, self._story, self._appointment = floor.env, floor, story, appointment
        self._steps, self._uses, self._dice = steps, uses, dice
        self._mishaps: Mishaps = floor.setup.mishaps
        self._xray_ended_at: float | None = None
        self._lungs_ended_at: float | None = None

    def run(self) -> Stage:
        stays_away = self._dice.random() < self._mishaps.no_show and not self._story.request.is_inpatient
        for _, trip in groupby(self._appointment.steps, key=lambda step: step.start // DAY):
            placed = list(trip)
            yield from self._arrive(placed[0])
            if stays_away:
                self._story.end = End.NO_SHOW
                return True
            self._story.arrived_at = self._env.now
            for each in placed:
                went_on = yield from self._step(each)
                if not went_on:
                    return False
        self._story.end, self._story.left_at = End.SCANNED, self._env.now
        return True

    def _arrive(self, first: Placed) -> Process:
        needs = zip(self._steps[first.step_key].needs, first.resources, strict=True)
        planned = min(begins for need, (_, begins, _) in needs if PATIENT in need.capabilities)
        late = self._dice.gauss(self._mishaps.late_mean_minutes, self._mishaps.late_spread_minutes)
        # Nobody comes before the day of the visit, however early.
        yield from self._until(max(planned // DAY * DAY, planned + late))

    def _step(self, placed: Placed) -> Stage:
        step = self._steps[placed.step_key]
        units = {need: unit for need, (unit, _, _) in zip(step.needs, placed.resources, strict=True)}
        bay = next((need for need in step.needs if PREP_BAY in need.capabilities), None)
        if bay is not None:
            prepared = yield from self._prepare(bay, units[bay], placed)
            if not prepared:
                return False
        room, *others = step.needs
        people = [need for need in others if need is not bay and PATIENT not in need.capabilities]
        yield from self._until(self._earliest(step, placed) - room.starts_before)
        too_old = step.key != XRAY and self._xray_age(self._env.now + room.starts_before) > XRAY_DAY
        if too_old and self._lungs_ended_at is None:
            return False
        wanted = [room, *people]
        serving = yield from self._queue(wanted, [units[need] for need in wanted], placed)
        if serving is None:
            return False
        yield from self._serve(step, room, serving)
        return True

    def _prepare(self, bay: Need, planned: int, placed: Placed) -> Stage:
        yield from self._until(placed.start - bay.starts_before)
        serving = yield from self._queue([bay], [planned], placed)
        if serving is None:
            return False
        begun = self._env.now
        yield self._env.timeout(self._chance(bay.starts_before + bay.ends_after_start))
        self._used(serving, Work.PREPARATION, begun)
        self._floor.release(serving)
        return True

    def _earliest(self, step: Step, placed: Placed) -> float:
        """Of the acquisition: as planned, or as soon after as the step before lets it."""
        if self._lungs_ended_at is not None:
            return max(placed.start, self._lungs_ended_at + step.lag_min)
        if step.key == XRAY or self._xray_ended_at is None:
            return placed.start
        return max(placed.start, self._xray_ended_at + XRAY_HOUR)

    def _xray_age(self, at: float) -> float:
        return 0 if self._xray_ended_at is None else at - self._xray_ended_at

    def _queue(
        self, wanted: list[Need], planned: list[int], placed: Placed
    ) -> Generator[simpy.Event, Any, list[int] | None]:
        """The units that serve, None if it is too late to begin."""
        since = self._env.now
        begun = self._lungs_ended_at is not None
        turn = (0 if begun else 1, placed.start, self._story.request.number)
        capabilities = [need.capabilities for need in wanted]
        serving: list[int] | None = yield self._floor.wait_for(
            capabilities, planned, turn=turn, may_go_home=not begun
        )
        self._story.queued_minutes += self._env.now - since
        return serving

    def _serve(self, step: Step, room: Need, serving: list[int]) -> Process:
        begun = self._env.now
        yield self._env.timeout(self._chance(room.starts_before))
        if step.key != XRAY and self._lungs_ended_at is None:
            # A short set-up must not bring the lungs within the hour after the X-ray.
            if self._xray_ended_at is not None:
                yield from self._until(self._xray_ended_at + XRAY_HOUR)
            self._story.lungs_begun_at = self._env.now
        acquired = self._env.now
        again = self._mishaps.repeat_minutes if self._dice.random() < self._mishaps.repeat else 0
        yield self._env.timeout(self._chance(step.acquisition_minutes) + again)
        if step.key == XRAY:
            self._xray_ended_at = self._env.now
        else:
            self._lungs_ended_at = self._env.now
        self._used(serving, Work.SETTING_UP, begun, acquired)
        self._used(serving, Work(step.key), acquired)
        self._floor.release(serving[1:])
        clearance = room.ends_after_start - step.acquisition_minutes
        self._env.process(self._clear(serving[0], self._chance(clearance)))

    def _clear(self, room: int, minutes: float) -> Process:
        begun = self._env.now
        yield self._env.timeout(minutes)
        self._used([room], Work.CLEARANCE, begun)
        self._floor.release([room])

    def _chance(self, planned_minutes: int) -> float:
        least, usual, most = self._mishaps.durations
        return planned_minutes * self._dice.triangular(least, most, usual)

    def _until(self, minute: float) -> Process:
        if minute > self._env.now:
            yield self._env.timeout(minute - self._env.now)

    def _used(self, units: list[int], work: Work, begins: float, ends: float | None = None) -> None:
        ends = self._env.now if ends is None else ends
        number = self._story.request.number
        if begins < ends:
            self._uses.extend(Use(unit, number, work, begins, ends) for unit in units)
