"""Expected times as they are read: from the plan, from what happened, and from how long things usually take."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.durations import Measured
from scheduling.models import Closure, ResourceKind, StepKind
from scheduling.services import booking, disruptions, durations, projections, visits
from scheduling.services.examination import phases
from scheduling.services.projections.waiting import initials, rounded_up
from tests import department
from tests.department import NOW, TODAY
from tests.scheduling.services.examination import with_phases

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def tess(site):
    return department.technologist(site)


def expected(site, now=NOW):
    return projections.expected(site, TODAY, now)


def planned(appointment):
    return {step.pk: (step.planned_start_at, step.planned_end_at) for step in appointment.steps.all()}


def step_of(appointment, kind):
    return appointment.steps.get(kind=kind)


def room_of(step):
    rows = step.reservations.filter(status="booked", resource__kind=ResourceKind.ROOM)
    return rows.exclude(resource__name__startswith="Bay").get().resource


def running(appointment, by, kind=StepKind.VENTILATION):
    """Ready, and its first lung step runs since its planned start."""
    appointment, at = department.ready(appointment, by=by)
    step = step_of(appointment, kind)
    visits.start(step, by=by, now=at)
    return step


def test_in_a_day_without_delay_the_plan_is_expected(site):
    made = [department.booked(site) for _ in range(3)]
    found = expected(site)
    assert {each.pk: planned(each) for each in made} == {key: each.steps for key, each in found.items()}
    assert [(each.late_minutes, each.warnings) for each in found.values()] == [(0, ())] * 3
    first = made[0]
    assert found[first.pk].starts_at == step_of(first, StepKind.XRAY).planned_start_at
    assert found[first.pk].ends_at == step_of(first, StepKind.PERFUSION).planned_end_at
    assert found[first.pk].called_at == first.starts_at


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_day_is_read_in_one_query_whatever_it_holds(site, count, django_assert_num_queries):
    for _ in range(count):
        department.booked(site)
    expected(site)
    with django_assert_num_queries(1):
        assert len(expected(site)) == count


def test_a_scan_that_runs_on_moves_the_rest_of_the_visit(site, tess):
    made = department.booked(site)
    step = running(made, tess)
    now = step.planned_end_at + 30 * MINUTE
    found = expected(site, now)[made.pk]
    assert (found.is_running, found.is_here, found.starts_at) == (True, True, step.planned_start_at)
    perfusion = step_of(made, StepKind.PERFUSION)
    # Five minutes at least from one to the other, and five of set-up in its own room.
    assert found.steps[perfusion.pk][0] == now + 5 * MINUTE
    late = next(each for each in found.warnings if each.step == perfusion.pk)
    assert late.kind == "late"
    assert (late.repair.kind, late.repair.appointment) == ("scan_overruns", made.pk)
    assert late.repair.ends_at == now + 10 * MINUTE


def test_the_recorded_small_steps_say_when_the_running_scan_ends(site, tess):
    made = with_phases(department.booked(site))
    step = running(made, tess)
    length = step.planned_end_at - step.planned_start_at
    late = step.planned_end_at + 10 * MINUTE
    assert expected(site, late)[made.pk].steps[step.pk][1] == late  # nothing but the start was pressed
    phases.begin(made, "oxygen", end_running=True, by=tess, now=late)
    # Inhalation 3 min of 16 is done: recovery and the pictures are still to come.
    end = expected(site, late)[made.pk].steps[step.pk][1]
    assert timedelta(0) <= end - late - length * 13 / 16 < MINUTE
    phases.begin(made, "v_pictures", end_running=True, by=tess, now=late + 2 * MINUTE)
    later = expected(site, late + 13 * MINUTE)[made.pk].steps[step.pk][1]
    assert later == late + 13 * MINUTE


def test_who_is_not_here_when_due_comes_in_as_if_arriving_now(site):
    made = department.booked(site)
    now = made.starts_at + 20 * MINUTE
    found = expected(site, now)[made.pk]
    assert (found.called_at, found.is_here) == (now, False)
    assert (found.late_minutes, [each.kind for each in found.warnings]) == (20, ["late"])
    # The X-ray is behind it: the existing report of a late X-ray repairs the day.
    xray = step_of(made, StepKind.XRAY)
    assert found.warnings[0].repair.kind == "xray_late"
    assert found.warnings[0].repair.ends_at == xray.planned_end_at + 20 * MINUTE


def test_a_late_xray_moves_the_lungs_by_the_window_and_the_report_of_it_can_be_made_as_offered(site, tess):
    made = department.booked(site)
    lungs = made.lungs_start_at
    now = lungs - 30 * MINUTE
    found = expected(site, now)[made.pk]
    xray = step_of(made, StepKind.XRAY)
    ends = found.steps[xray.pk][1]
    ventilation = step_of(made, StepKind.VENTILATION)
    assert found.steps[ventilation.pk][0] == ends + HOUR
    repair = found.warnings[0].repair
    made_report = disruptions.report(
        site, kind=repair.kind, appointment=made, ends_at=repair.ends_at, by=tess, now=now
    )
    assert made_report.replans.count() == 1


def test_a_room_that_broke_is_waited_for_and_an_ordinary_closure_is_not(site, tess):
    made = department.booked(site)
    room = room_of(step_of(made, StepKind.VENTILATION))
    lungs = made.lungs_start_at
    span = (lungs - HOUR, lungs + HOUR)
    Closure.objects.create(site=site, resource=room, span=span, reason="Painting")
    assert expected(site)[made.pk].warnings == ()
    disruptions.report(
        site, kind="room_down", resource=room, starts_at=NOW, ends_at=lungs + HOUR, by=tess, now=NOW
    )
    found = expected(site)[made.pk]
    ventilation = step_of(made, StepKind.VENTILATION)
    assert found.steps[ventilation.pk][0] == lungs + HOUR + 5 * MINUTE
    assert found.warnings[0].sentence.endswith(f"{room.name} is taken until then.")


def test_a_room_that_stays_broken_leaves_the_visit_without_a_time(site, tess):
    made = department.booked(site)
    room = room_of(step_of(made, StepKind.VENTILATION))
    disruptions.report(site, kind="room_down", resource=room, ends_at=NOW + 30 * HOUR, by=tess, now=NOW)
    found = expected(site)[made.pk]
    assert (found.ends_at, [each.kind for each in found.warnings]) == (None, ["gone"])
    assert found.warnings[0].sentence == (
        f"The ventilation is not possible today: {room.name} does not come back in time."
    )


def test_usual_durations_of_the_department_count_where_enough_are_measured(site, monkeypatch):
    made = department.booked(site)
    protocol = made.procedure.protocol_id
    usual = {
        (protocol, "ventilation", None): Measured(12, 0, 22, 30),
        (protocol, "xray", None): Measured(3, 0, 60, 70),
    }
    monkeypatch.setitem(durations._kept, site.pk, (int(NOW.timestamp()) // 86400, usual))
    found = expected(site)[made.pk]
    ventilation, xray = step_of(made, StepKind.VENTILATION), step_of(made, StepKind.XRAY)
    assert found.steps[ventilation.pk][1] == ventilation.planned_start_at + 22 * MINUTE
    assert found.steps[xray.pk][1] == xray.planned_end_at


def test_an_xray_of_today_with_its_scan_tomorrow_keeps_tomorrows_plan(site):
    made = department.booked(site)
    lungs = [step_of(made, kind) for kind in (StepKind.VENTILATION, StepKind.PERFUSION)]
    for step in lungs:
        step.planned_start_at += 20 * HOUR
        step.planned_end_at += 20 * HOUR
        step.save(update_fields=["planned_start_at", "planned_end_at"])
    found = expected(site)[made.pk]
    assert [found.steps[step.pk][0] for step in lungs] == [step.planned_start_at for step in lungs]
    assert found.warnings == ()


def test_cancelled_missed_and_finished_visits_are_not_expected(site):
    sam = department.scheduler(site)
    booking.cancel(department.booked(site, by=sam), reason="Ill.", by=sam, now=NOW)
    department.performed(site)
    assert expected(site, NOW + 10 * HOUR) == {}


def test_another_site_is_not_read(site):
    department.booked(department.site("hillside"))
    assert expected(site) == {}


class TestTheFrontDesk:
    def lines(self, site, now=NOW):
        return projections.waiting(site, TODAY, now)

    def test_says_initials_and_three_digits_and_about_when(self, site):
        made = department.booked(site)
        person = made.procedure.order.patient
        [line] = self.lines(site)
        assert line.initials == f"{person.given_name[0]}. {person.family_name[0]}."
        assert (line.digits, line.when, line.is_here) == (person.mrn[-3:], "later", False)
        assert made.starts_at <= line.about < made.starts_at + 5 * MINUTE

    def test_who_is_examined_is_now(self, site, tess):
        step = running(department.booked(site), tess)
        assert [line.when for line in self.lines(site, step.planned_start_at)] == ["now"]

    def test_who_is_here_and_soon_called_in_is_next(self, site, tess):
        _, at = department.ready(department.booked(site), by=tess)
        assert [line.when for line in self.lines(site, at - 25 * MINUTE)] == ["next"]

    def test_who_has_no_time_today_is_to_ask(self, site, tess):
        made = department.booked(site)
        _, at = department.ready(made, by=tess)
        room = room_of(step_of(made, StepKind.VENTILATION))
        disruptions.report(site, kind="room_down", resource=room, ends_at=at + 30 * HOUR, by=tess, now=at)
        assert [(line.when, line.about) for line in self.lines(site, at)] == [("ask", None)]

    def test_who_is_here_for_the_xray_alone_and_scanned_tomorrow_is_not_shown(self, site, tess):
        made, at = department.ready(department.booked(site), by=tess)
        for step in made.steps.exclude(kind=StepKind.XRAY):
            step.planned_start_at += 20 * HOUR
            step.planned_end_at += 20 * HOUR
            step.save(update_fields=["planned_start_at", "planned_end_at"])
            step.reservations.all().delete()
        assert self.lines(site, at) == []

    def test_who_is_due_in_the_far_future_and_not_here_is_not_shown(self, site):
        department.booked(site)
        assert self.lines(site, NOW - 6 * HOUR) == []

    @pytest.mark.parametrize("count", [1, 3])
    def test_takes_two_queries(self, site, count, django_assert_num_queries):
        for _ in range(count):
            department.booked(site)
        self.lines(site)
        with django_assert_num_queries(2):
            assert len(self.lines(site)) == count


@pytest.mark.parametrize(
    ("family_name", "given_name", "shown"),
    [
        ("Okafor", "Chidi", "C. O."),
        ("o'neill", "", "O."),
        ("Παπαδόπουλος", "Ξένια", "Ξ. Π."),
        ("赵", "伟", ""),
        ("Unknown 7", "", "U."),
    ],
)
def test_initials_never_show_a_whole_name(family_name, given_name, shown):
    assert initials(family_name, given_name) == shown


def test_times_are_rounded_up_to_five_minutes():
    at = NOW.astimezone(ZoneInfo("America/New_York"))
    assert [rounded_up(at + n * MINUTE) - at for n in (0, 1, 5, 9)] == [
        0 * MINUTE,
        5 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
    ]


def test_a_reported_overrun_and_a_reported_late_xray_are_expected(site, tess):
    late, long = department.booked(site), department.booked(site)
    xray_ends = late.xray_ends_at + 40 * MINUTE
    disruptions.report(site, kind="xray_late", appointment=late, ends_at=xray_ends, by=tess, now=NOW)
    xray = step_of(late, StepKind.XRAY)
    assert expected(site)[late.pk].steps[xray.pk][1] == xray_ends
    step = running(long, tess)
    ends, now = step.planned_end_at + 50 * MINUTE, step.planned_start_at + 5 * MINUTE
    disruptions.report(site, kind="scan_overruns", appointment=long, ends_at=ends, by=tess, now=now)
    assert expected(site, now)[long.pk].steps[step.pk][1] == ends
