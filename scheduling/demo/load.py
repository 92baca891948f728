"""A department's past, today and future, day by day: plans made, lives told, rows written in batches."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from scheduling.demo import cases, lives, rota, today
from scheduling.demo.dice import Dice, Weighted
from scheduling.demo.lives import DAY, HOUR, MINUTE
from scheduling.demo.planner import Plan, PlannedStep, Planner
from scheduling.demo.writer import Examination, Writer
from scheduling.engine.calendars import local_day_bounds

HISTORY_DAYS = 548  # 18 months
FULL = 0.6
_BATCH = 2_000
_STARTS_TRIED = 40
_RETURN_AFTER_DAYS = 25
_XRAY_MODES = {
    "stat": Weighted(("same_trip", "elsewhere"), (70, 30)),
    "urgent": Weighted(("same_trip", "day_before", "elsewhere"), (68, 20, 12)),
    "routine": Weighted(("same_trip", "day_before", "elsewhere"), (62, 28, 10)),
}


class Load:
    """Fills one department with rows of `tables`. `numbers` gives ids (tables.py); `on_batch(list of Performed)`
    is called after each batch and sends the rows.
    """

    def __init__(self, department, tables, *, numbers, seed, now, on_batch):
        self.department, self.now, self.on_batch = department, now, on_batch
        self.rng = Dice(f"{seed} {department.spec.code}")
        self.planner = Planner(self.rng)
        self.writer = Writer(department, self.rng, now, tables=tables, numbers=numbers)
        self.protocols = {(row.key, row.agent): row for row in department.protocols}
        self.known = deque(maxlen=3000)
        self.performed, self.waiting = [], 0
        rooms = department.rooms.items()
        self.measured = [pk for pk, spec in rooms if "ventilation" in spec.capabilities]

    def run(self, *, examinations, first_day, today_local, weeks_ahead, lively):
        """Write `examinations` finished ones from `first_day` to yesterday, today, and the weeks after it."""
        past = rota.days_between(first_day, today_local - timedelta(days=1))
        self.planner.open(
            self.department.resource_ids,
            local_day_bounds(first_day - timedelta(days=1), self.department.zone)[0],
        )
        self._open(first_day - timedelta(days=1))
        left = 0
        for day, count in zip(past, self._counts(past, examinations), strict=True):
            self._next_day(day)
            left = self._past_day(day, count + left)
        self._next_day(today_local)
        self._today(today_local, lively=lively)
        for day in rota.days_between(
            today_local + timedelta(days=1), today_local + timedelta(weeks=weeks_ahead)
        ):
            self._next_day(day)
            self._fill(day, FULL * self.rng.uniform(0.88, 1.12))
        self._flush()
        return left

    def _next_day(self, day):
        self.planner.advance(local_day_bounds(day - timedelta(days=1), self.department.zone)[0])
        self._open(day)

    def _open(self, day):
        first, last = local_day_bounds(day, self.department.zone)
        self.planner.open_day(first, last, self.department.hours(day))

    def _counts(self, days, total):
        """How many examinations on each day: by weekday, growing over the months, adding up to `total`."""
        weights = []
        for number, day in enumerate(days):
            opening = self.department.opening(day)
            weekday = (1.05, 1.0, 1.0, 1.0, 0.95, 0.42, 0.32)[day.weekday()]
            growth = 0.75 + 0.5 * number / len(days)
            weights.append(weekday * growth * self.rng.uniform(0.8, 1.2) if opening else 0)
        share, counts, owed = total / sum(weights), [], 0.0
        for weight in weights:
            owed += weight * share
            counts.append(int(owed + 1e-6))
            owed -= counts[-1]
        return counts

    def _past_day(self, day, count):
        """Place and write `count` examinations; returns how many found no room and move to the next day."""
        placed = 0
        for _ in range(count if self.department.opening(day) else 0):
            examination = self._examination(day)
            if examination is None:
                break
            placed += 1
            self._vary(examination)
            self._write(examination)
        return count - placed

    def _today(self, day, *, lively):
        if lively:
            for examination in today.cast(self, day):
                self._write(examination)
            for examination in today.unbooked(self, day):
                self._write(examination)
        self._fill(day, FULL, quiet=(self.now // MINUTE - 110, self.now // MINUTE + 75) if lively else None)

    def _fill(self, day, share, quiet=None):
        """Book the day until its ventilation rooms are `share` full; nothing starts in `quiet` minutes."""
        if not self.department.opening(day):
            return
        hours = self.department.hours(day)
        capacity = sum(ends - begins for room in self.measured for begins, ends in hours.get(room, ()))
        misses = 0
        while misses < 6 and self.planner.minutes_taken(hours, self.measured) < share * capacity:
            examination = self._examination(day, priority=self._priority_ahead(day), quiet=quiet)
            if examination is None:
                misses += 1
                continue
            self._loosen(examination)
            self._vary(examination)
            self._write(examination)

    def _priority_ahead(self, day):
        """Nobody is booked as an emergency for next week."""
        ahead = (local_day_bounds(day, self.department.zone)[0] * MINUTE - self.now) / DAY
        return (
            "urgent" if self.rng.random() < (0.35 if ahead < 0 else 0.15 if ahead < 1.5 else 0) else "routine"
        )

    def _loosen(self, examination):
        """Ahead of the visit some questions are still open."""
        ahead = examination.plan.starts * MINUTE > self.now
        if ahead and self.rng.random() < 0.12:
            for question in self.rng.sample(list(examination.case.answers), 2):
                examination.case.answers[question] = "unknown"
        examination.undecided = ahead and self.rng.random() < 0.3

    def _examination(self, day, *, priority=None, quiet=None):
        """A case with a plan on `day`, or None where there is no room left."""
        case = cases.invent(self.rng, day, patient=self._returning(day), priority=priority)
        protocol = self.protocols.get(case.protocol) or self.protocols["V_THEN_Q", "technegas"]
        mode = _XRAY_MODES[case.priority].throw(self.rng)
        usual = self.protocols["V_THEN_Q", "technegas"]
        tries = ((protocol, mode), (usual, "same_trip"), (usual, "elsewhere"))
        found = (self._place(one, self._starts(day, quiet), how, case) for one, how in tries)
        plan = next((each for each in found if each is not None), None)
        if plan is None:
            return None
        life = lives.tell(self.rng, plan, case.priority)
        self._ordered_by_now(life)
        self._remember(case.patient, day)
        gap = plan.lungs[0].start - (plan.xray.end if plan.xray else plan.elsewhere_ended)
        return Examination(case, plan, life, overrides=("CXR-3",) if gap < 60 else ())

    def _starts(self, day, quiet):
        """Starts of the first lung acquisition to try: a grid of five minutes of the open day, shuffled."""
        opens, closes = self.department.opening(day)
        grid = range(opens + 30, closes - 60, 5)
        if quiet:
            grid = [each for each in grid if not quiet[0] < each < quiet[1]]
        return islice(self.rng.shuffled(grid), _STARTS_TRIED)

    def _place(self, protocol, starts, mode, case):
        gap = self._gap_elsewhere(case) if mode == "elsewhere" else 0
        for start in starts:
            # An X-ray that another department has yet to do is in nobody's book.
            if gap and (start - gap) * MINUTE > self.now - HOUR:
                continue
            plan = self.planner.place(protocol, start, xray=mode, gap=gap)
            if plan is not None:
                return plan
        return None

    def _gap_elsewhere(self, case):
        """Minutes between an X-ray done elsewhere and the scan; now and then an emergency cannot wait an hour."""
        if case.priority == "stat" and self.rng.random() < 0.12:
            return self.rng.randrange(22, 55)
        return self.rng.randrange(80, 1380, 5)

    def _ordered_by_now(self, life):
        """What stands in the book has been ordered and booked already."""
        late = life.booked - (self.now - 5 * MINUTE)
        if late > 0:
            late += self.rng.randrange(3 * HOUR)
            life.ordered, life.vetted, life.booked = (
                life.ordered - late,
                life.vetted - late,
                life.booked - late,
            )

    def _vary(self, examination):
        """Cancellations, no-shows, moves, and the order that never came to anything."""
        chance, rng = self.rng.random(), self.rng
        if examination.case.priority == "stat":
            examination.by_phone = chance < 0.2
            return
        if chance < 0.025 and examination.plan.starts * MINUTE < self.now + DAY:
            examination.before = [self._earlier(examination, "no_show" if chance < 0.011 else "cancelled")]
        elif chance < 0.065:
            examination.moved = True
        elif chance < 0.13 and examination.plan.starts * MINUTE < self.now:
            # Somebody else had this time first, and gave it back.
            fate = "no_show" if chance < 0.09 else "cancelled" if chance < 0.12 else "declined"
            day = self.writer.local_day(examination)
            case = cases.invent(rng, day, priority="routine")
            life = replace(examination.life)
            self._write(Examination(case, None if fate == "declined" else examination.plan, life, fate))

    def _earlier(self, examination, fate):
        """An appointment of the same order, two days before, that came to nothing."""
        for name in ("ordered", "vetted", "booked"):
            setattr(examination.life, name, getattr(examination.life, name) - 12 * DAY)
        life = replace(examination.life)
        examination.life.booked += 11 * DAY
        return Examination(examination.case, _two_days_before(examination.plan), life, fate)

    def _returning(self, day):
        if self.known and self.rng.random() < 0.14:
            seen, patient = self.known[0]
            if (day - seen).days > _RETURN_AFTER_DAYS:
                self.known.popleft()
                return patient
        return None

    def _remember(self, patient, day):
        if self.rng.random() < 0.3:
            self.known.append((day, patient))

    def _write(self, examination):
        done = self.writer.write(examination)
        if done:
            self.performed.append(done)
        self.waiting += 1
        if self.waiting >= _BATCH:
            self._flush()

    def _flush(self):
        self.on_batch(self.performed)
        self.performed, self.waiting = [], 0


def _two_days_before(plan):
    back = 2 * 24 * 60

    def earlier(step):
        taken = [(resource, begins - back, ends - back) for resource, begins, ends in step.taken]
        return PlannedStep(
            step.step, step.start - back, step.end - back, step.patient_from - back, step.person, taken
        )

    film = earlier(plan.xray) if plan.xray else None
    ended = plan.elsewhere_ended - back if plan.elsewhere_ended else None
    return Plan(plan.protocol, film, [earlier(step) for step in plan.lungs], ended)


def days_of_history(examinations):
    """How many days of history hold so many examinations at the pace of 6,000 in 18 months."""
    return max(21, min(HISTORY_DAYS, examinations * HISTORY_DAYS // 6000))
