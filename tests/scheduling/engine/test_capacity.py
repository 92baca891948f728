"""The capacity term against an oracle that walks through every minute of the day."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine import itinerary
from scheduling.engine.capacity import Day, term
from scheduling.engine.intervals import normal, subtract
from scheduling.engine.ranking import Ranking
from scheduling.engine.request import PATIENT, Need, ResourceFree, Search, Step, planned_step
from scheduling.engine.standard import Standard
from scheduling.engine.visit import Itinerary, Placed

CAN_VENTILATE, CAN_SCAN, CAN_DO_BOTH = frozenset({"v"}), frozenset({"q"}), frozenset({"v", "q"})
TECHNOLOGIST = frozenset({"technologist"})
LENGTH = 90


@dataclass(frozen=True)
class Case:
    steps: tuple[Step, ...]
    resources: tuple[ResourceFree, ...]
    grid_minutes: int
    taken: tuple[tuple[int, int, int], ...]

    def day(self):
        standard = Standard.of(self.steps, self.resources, self.grid_minutes)
        return Day(standard, [resource.free for resource in self.resources], 0, LENGTH)


def steps(*, same_room=False, lag=(2, 9), setup=2):
    ventilation = planned_step(
        "ventilation",
        room=CAN_VENTILATE,
        setup_minutes=setup,
        acquisition_minutes=5,
        clearance_minutes=3,
        technologist="technologist",
    )
    perfusion = planned_step(
        "perfusion",
        room=CAN_SCAN,
        setup_minutes=1,
        acquisition_minutes=6,
        clearance_minutes=2,
        technologist="technologist",
        lag_min=lag[0],
        lag_max=lag[1],
        same_room_as="ventilation" if same_room else None,
    )
    return ventilation, perfusion


spans = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(1, 40)), max_size=3).map(
    lambda found: normal([(low, min(LENGTH, low + length)) for low, length in found])
)


@st.composite
def cases(draw):
    able = draw(st.lists(st.sampled_from([CAN_VENTILATE, CAN_SCAN, CAN_DO_BOTH]), min_size=1, max_size=3))
    able = [*able, CAN_DO_BOTH, *[TECHNOLOGIST] * draw(st.integers(1, 2))]
    resources = [
        ResourceFree(10 + at, f"{at}", capabilities, subtract(((0, LENGTH),), draw(spans)))
        for at, capabilities in enumerate(able)
    ]
    least = draw(st.integers(0, 12))
    chain = steps(same_room=draw(st.booleans()), lag=(least, least + draw(st.integers(0, 12))))
    if draw(st.booleans()):
        chain = (replace(chain[0], allowed=draw(spans)), chain[1])
    taken = draw(
        st.lists(
            st.tuples(st.integers(9, 10 + len(able)), st.integers(0, LENGTH - 1), st.integers(1, 30)).map(
                lambda span: (span[0], span[1], span[1] + span[2])
            ),
            max_size=3,
        )
    )
    return Case(chain, tuple(resources), draw(st.sampled_from([1, 5, 7])), tuple(taken))


class Oracle:
    """The same rules, minute by minute, with sets; slow, and by none of the code it judges."""

    def __init__(self, case, *, taken=()):
        self.case = case
        self.free = {
            resource.id: {minute for low, high in resource.free for minute in range(low, high)}
            for resource in case.resources
        }
        for resource, begins, ends in taken:
            self.free.get(resource, set()).difference_update(range(begins, ends))

    def needs(self, step):
        return [need for need in step.needs if PATIENT not in need.capabilities]

    def able(self, need, t, room=None):
        return [
            resource.id
            for resource in self.case.resources
            if need.capabilities <= resource.capabilities
            and room in (None, resource.id)
            and set(range(t - need.starts_before, t + need.ends_after_start)) <= self.free[resource.id]
        ]

    def rooms(self):
        """One room for both steps, or no such rule."""
        if self.case.steps[1].same_room_as is None:
            return [None]
        return [each.id for each in self.case.resources if each.capabilities >= CAN_DO_BOTH]

    def served(self, step, t, room):
        allowed = step.allowed is None or any(low <= t < high for low, high in step.allowed)
        first, *others = self.needs(step)
        return allowed and self.able(first, t, room) and all(self.able(need, t) for need in others)

    def later(self, t, room):
        """The starts of perfusion after a ventilation at t, both for one room or for any."""
        ventilation, perfusion = self.case.steps
        end = t + ventilation.acquisition_minutes
        if t % self.case.grid_minutes or not self.served(ventilation, t, room):
            return []
        return [
            q
            for q in range(end + perfusion.lag_min, end + perfusion.lag_max + 1)
            if self.served(perfusion, q, room)
        ]

    def starts(self):
        return sum(1 for t in range(LENGTH) if any(self.later(t, room) for room in self.rooms()))

    def packed(self):
        count = t = 0
        while t < LENGTH:
            visit = next((found for room in self.rooms() if (found := self.visit(t, room))), None)
            if visit is None:
                t += 1
                continue
            count += 1
            for resource, begins, ends in visit:
                self.free[resource] -= set(range(begins, ends))
        return count

    def visit(self, t, room):
        later = self.later(t, room)
        if not later:
            return None
        held = []
        for step, start in zip(self.case.steps, (t, later[0]), strict=True):
            for position, need in enumerate(self.needs(step)):
                begins, ends = start - need.starts_before, start + need.ends_after_start
                able = self.able(need, start, room if position == 0 else None)
                free = [r for r in able if all(r != o or ends <= b or e <= begins for o, b, e in held)]
                if not free:
                    return None
                held.append((free[0], begins, ends))
        return held


@settings(max_examples=150, deadline=None)
@given(cases())
def test_starts_left_are_those_of_the_slow_oracle(case):
    assert case.day().starts() == Oracle(case).starts()
    assert case.day().after(case.taken).starts() == Oracle(case, taken=case.taken).starts()


@settings(max_examples=150, deadline=None)
@given(cases())
def test_patients_packed_are_those_of_the_slow_oracle(case):
    day = case.day()
    assert day.packed() == Oracle(case).packed()
    assert day.after(case.taken).packed() == Oracle(case, taken=case.taken).packed()


@settings(max_examples=150, deadline=None)
@given(cases())
def test_going_on_from_the_packing_before_a_booking_counts_what_packing_anew_counts(case):
    day = case.day()
    assert day.packed_after(case.taken, day.packing()) == day.after(case.taken).packed()


@given(cases())
def test_a_booking_never_adds_a_start(case):
    day = case.day()
    assert day.after(case.taken).starts() <= day.starts()


@given(cases())
def test_a_trial_booking_leaves_the_day_as_it_was(case):
    day = case.day()
    before = day.starts()
    day.after(case.taken).packed()
    day.packing()
    assert day.starts() == before


DAY = 24 * 60


def department(ranking=Ranking()):  # noqa: B008
    """Two days of two hours, with a room of each kind and one technologist."""
    opened = ((0, 120), (DAY, DAY + 120))
    able = [CAN_VENTILATE, CAN_SCAN, TECHNOLOGIST]
    resources = [ResourceFree(at, str(at), each, opened) for at, each in enumerate(able)]
    patient = ResourceFree(9, "patient", frozenset({PATIENT}), ((0, 2 * DAY),))
    return Search(
        steps=steps(setup=0),
        resources=(*resources, patient),
        earliest=0,
        latest=2 * DAY,
        day_of=lambda minute: minute // DAY,
        grid_minutes=5,
        ranking=ranking,
    )


def booking(*spans, start=0):
    return Itinerary((Placed("ventilation", start, start + 5, spans),), (0,))


def test_a_booking_costs_the_patients_that_fit_no_more():
    weigh = term(department(), steps(setup=0))
    everybody = booking((0, 0, 120))
    assert weigh(everybody) == 8, "in two hours, one visit every 15 minutes"
    assert weigh(booking((0, 0, 15))) == 1


def test_the_time_of_the_patient_takes_nothing_from_others():
    assert term(department(), steps(setup=0))(booking((9, 0, 120))) == 0


def test_each_day_that_a_booking_touches_is_counted():
    weigh = term(department(), steps(setup=0))
    first, second = booking((0, 0, 120)), booking((0, DAY, DAY + 120), start=DAY)
    assert weigh(Itinerary((*first.steps, *second.steps), (0,))) == weigh(first) + weigh(second) > 0


def test_a_term_reads_days_that_the_search_does_not_know_yet():
    complete = department()
    asked = []

    def more(until):
        asked.append(until)
        return complete.resources

    short = [replace(each, free=each.free[:1]) for each in complete.resources]
    search = replace(complete, resources=tuple(short), known_until=DAY, more=more)
    second_day = booking((0, DAY, DAY + 120), start=DAY)
    assert term(search, steps(setup=0))(second_day) == term(complete, steps(setup=0))(second_day) > 0
    assert asked == [2 * DAY]


def test_a_department_that_never_serves_the_standard_patient_has_no_term():
    cameras_only = [each for each in department().resources if each.capabilities != CAN_VENTILATE]
    assert term(replace(department(), resources=tuple(cameras_only)), steps()) is None


def test_a_standard_patient_who_needs_two_of_a_kind_has_no_term():
    two = Step("both", 5, (Need(CAN_SCAN, 0, 5, count=2),))
    assert term(department(), (two,)) is None


def test_the_ranking_takes_the_start_that_leaves_room_for_more():
    """45 minutes hold three visits of 15. This patient can begin from minute 5 on: there, only one more fits."""
    opened = [replace(each, free=((0, 45),)) for each in department().resources]
    ventilation, perfusion = steps(setup=0)
    patient = (replace(ventilation, allowed=((5, 21),)), perfusion)
    search = replace(department(), steps=patient, resources=tuple(opened), latest=45)
    weigh = term(search, steps(setup=0))
    first_fit = next(itinerary.search(search, limit=1))
    spared = next(itinerary.search(replace(search, ranking=Ranking(capacity=weigh)), limit=1))
    assert (first_fit.steps[0].start, weigh(first_fit)) == (5, 2)
    assert (spared.steps[0].start, weigh(spared)) == (15, 1)
