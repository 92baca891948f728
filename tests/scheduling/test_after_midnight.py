"""Who is still here when the day ends: on the list, the board and the screen of the new day until that is over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from scheduling import boards, day_sheets, list_version, worklist
from scheduling.engine.calendars import to_minute
from scheduling.models import Appointment, Order, PatientClass, StepKind
from scheduling.services import projections, release, visits
from scheduling.services.examination import arrivals, xrays
from scheduling.views import list_drawing
from tests import department
from tests.department import TODAY

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Evening in New York, and the next local midnight: an ordinary night, a short one and a long one.
NIGHTS = {
    "ordinary": (datetime(2027, 3, 9, 3, 40, tzinfo=UTC), datetime(2027, 3, 9, 5, tzinfo=UTC)),
    "clocks go forward": (datetime(2027, 3, 14, 3, 40, tzinfo=UTC), datetime(2027, 3, 14, 5, tzinfo=UTC)),
    "clocks go back": (datetime(2027, 11, 7, 2, 40, tzinfo=UTC), datetime(2027, 11, 7, 4, tzinfo=UTC)),
}
LUNGS, MIDNIGHT = NIGHTS["ordinary"]
TOMORROW = TODAY + DAY


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def tess(site):
    return department.technologist(site, username="tess")


def planned_for(appointment, lungs_start_at):
    """The same plan, with the first lung acquisition at this moment."""
    by = lungs_start_at - appointment.lungs_start_at
    fields = ("starts_at", "ends_at", "lungs_start_at", "xray_ends_at")
    Appointment.objects.filter(pk=appointment.pk).update(**{name: F(name) + by for name in fields})
    appointment.steps.update(
        planned_start_at=F("planned_start_at") + by, planned_end_at=F("planned_end_at") + by
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scheduling_reservation SET span = tstzrange(lower(span) + %s, upper(span) + %s) WHERE step_id IN "
            "(SELECT id FROM scheduling_scheduledprocedurestep WHERE appointment_id = %s)",
            [by, by, appointment.pk],
        )
    return Appointment.objects.get(pk=appointment.pk)


def here(site, by, lungs_start_at=LUNGS):
    """Checked in for an evening, X-ray done, the dose cleared."""
    made = planned_for(department.booked(site), lungs_start_at)
    at = lungs_start_at - 20 * MINUTE
    arrivals.check_in(made, **department.HERE, by=by, now=at)
    xrays.record(made, ended_at=lungs_start_at - 2 * HOUR, by=by, now=at)
    return visits.clear_dose(made, by=by, now=at)


def scan(appointment, kind, at, by):
    step = appointment.steps.get(kind=kind)
    visits.start(step, by=by, now=at)
    return step


def running(site, by, lungs_start_at=LUNGS):
    made = here(site, by, lungs_start_at)
    return made, scan(made, StepKind.VENTILATION, lungs_start_at, by)


def finish(appointment, at, by):
    """Both lung steps, of which the first runs."""
    visits.end(appointment.steps.get(kind=StepKind.VENTILATION), by=by, now=at)
    visits.end(scan(appointment, StepKind.PERFUSION, at + 5 * MINUTE, by), by=by, now=at + 25 * MINUTE)


def listed(site, by, on, now):
    return [row.appointment.pk for row in worklist.day(site, on, by=by, now=now)]


@pytest.mark.parametrize("night", NIGHTS)
def test_who_is_on_the_camera_at_midnight_stays_on_the_list_until_that_is_over(site, tess, night):
    lungs, midnight = NIGHTS[night]
    evening = worklist.today(site, lungs)
    morning = worklist.today(site, midnight)
    assert morning == evening + DAY
    made, _ = running(site, tess, lungs)
    second = timedelta(seconds=1)
    assert listed(site, tess, evening, midnight - second) == [made.pk]
    assert listed(site, tess, morning, midnight - second) == []  # the list of tomorrow
    for now in (midnight, midnight + 3 * HOUR):
        assert listed(site, tess, morning, now) == listed(site, tess, evening, now) == [made.pk]
    # Of other days only those are shown that were planned there.
    assert listed(site, tess, morning + DAY, midnight) == listed(site, tess, evening - DAY, midnight) == []
    finish(made, midnight + 10 * MINUTE, tess)
    assert listed(site, tess, morning, midnight + HOUR) == []
    assert listed(site, tess, evening, midnight + HOUR) == [made.pk]


def test_who_was_forgotten_for_days_is_on_todays_list_to_be_closed(site, tess):
    made = here(site, tess)
    for days in (1, 9):
        assert listed(site, tess, TOMORROW + days * DAY, MIDNIGHT + days * DAY) == [made.pk]


def test_who_did_not_come_was_cancelled_or_is_done_is_not_on_the_list_of_the_next_day(site, tess):
    lists = [planned_for(department.booked(site), LUNGS - n * HOUR) for n in range(3)]
    for each, state in zip(lists, ("booked", "cancelled", "noshow"), strict=True):
        Appointment.objects.filter(pk=each.pk).update(state=state, ended_reason="Ill.")
    done, _ = running(site, tess, LUNGS - 4 * HOUR)
    finish(done, LUNGS - 3 * HOUR + 20 * MINUTE, tess)
    assert len(listed(site, tess, TODAY, MIDNIGHT)) == 3
    assert listed(site, tess, TOMORROW, MIDNIGHT) == []


def test_another_sites_patient_of_the_evening_is_not_shown(site, tess):
    other = department.site("hillside")
    running(other, department.technologist(other))
    assert listed(site, tess, TOMORROW, MIDNIGHT) == []


def test_every_press_after_midnight_changes_the_version_of_the_list(site, tess):
    made = here(site, tess)

    def version():
        return list_version.version(site, TOMORROW, MIDNIGHT + 2 * HOUR)

    seen = [version(), version()]
    assert seen.pop() == seen[0]
    scan(made, StepKind.VENTILATION, MIDNIGHT + MINUTE, tess)
    seen.append(version())
    finish(made, MIDNIGHT + 20 * MINUTE, tess)
    seen.append(version())
    assert len(set(seen)) == 3
    # Once it is over, nothing of it changes the list any more.
    Appointment.objects.filter(pk=made.pk).update(revision=7)
    assert version() == seen[-1]


class TestThePages:
    @pytest.fixture(autouse=True)
    def _from_nothing(self, settings):
        settings.REQUIRE_MFA_ROLES = []
        list_drawing.forget()

    @pytest.fixture
    def page(self, client, tess, monkeypatch):
        def at(now, state=""):
            monkeypatch.setattr("django.utils.timezone.now", lambda: now)
            client.force_login(tess)
            return client.get("/worklist/", {"state": state})

        return at

    @staticmethod
    def counts(answer):
        return {tab["label"]: tab["count"] for tab in answer.context["tabs"]}

    def test_each_tab_counts_and_shows_who_is_still_here(self, site, tess, page):
        running(site, tess)
        here(site, tess, LUNGS - HOUR)
        department.booked(site, first_day=TOMORROW)
        found = self.counts(page(MIDNIGHT + 20 * MINUTE))
        assert (found["All"], found["Running"], found["Here"], found["To come"]) == (3, 1, 1, 1)
        assert found["Mine"] == 2  # who has done a step of theirs
        answer = page(MIDNIGHT + 20 * MINUTE, "running")
        [line] = answer.context["lines"]
        assert line.stands == "Mon 22:40"
        assert line.button.label.startswith("End")
        assert "Mon 22:40" in answer.content.decode()

    def test_who_waits_for_a_reader_stays_under_awaiting_release_until_somebody_has_said(
        self, site, tess, page
    ):
        site.releases_patients = True
        site.save()
        made, _ = running(site, tess)
        finish(made, LUNGS + 20 * MINUTE, tess)
        made.refresh_from_db()
        assert made.awaits_release
        assert self.counts(page(MIDNIGHT + 20 * MINUTE))["Awaiting release"] == 1
        release.decide(made, outcome="home", by=department.attending(site), now=MIDNIGHT + 21 * MINUTE)
        assert self.counts(page(MIDNIGHT + 22 * MINUTE))["All"] == 0

    @pytest.mark.parametrize("count", [1, 3])
    def test_takes_as_many_queries_however_many_are_still_here(self, site, tess, page, count):
        for n in range(count):
            here(site, tess, LUNGS - n * HOUR)
        page(MIDNIGHT)
        list_drawing.forget()
        with CaptureQueriesContext(connection) as seen:
            assert len(page(MIDNIGHT + MINUTE).context["lines"]) == count
        of_list = [each for each in seen if "scheduling_" in each["sql"]]
        assert len(of_list) <= 8

    def test_a_list_of_today_that_stays_open_turns_to_the_new_day_at_midnight(self, site, tess, page, client):
        here(site, tess)
        of_today = page(MIDNIGHT - MINUTE).context["rows_url"]
        of_that_day = client.get("/worklist/", {"day": (TODAY - DAY).isoformat()}).context["rows_url"]
        assert "HX-Refresh" not in client.get(of_today).headers
        page(MIDNIGHT)
        assert client.get(of_today).headers["HX-Refresh"] == "true"
        # Who chose a day looks at that day.
        assert "HX-Refresh" not in client.get(of_that_day).headers

    def test_the_api_lists_them_too(self, site, tess, client, monkeypatch):
        made, _ = running(site, tess)
        monkeypatch.setattr("django.utils.timezone.now", lambda: MIDNIGHT + MINUTE)
        client.force_login(tess)
        answer = client.get("/api/v1/worklist", {"day": TOMORROW.isoformat()})
        assert [row["id"] for row in answer.json()["rows"]] == [str(made.pk)]


class TestTheRestOfTheDay:
    def expected(self, site, now):
        return projections.expected(site, TOMORROW, now)

    def test_who_is_still_on_the_camera_is_expected_and_shown_as_being_examined(self, site, tess):
        made, step = running(site, tess)
        now = MIDNIGHT + 5 * MINUTE
        found = self.expected(site, now)[made.pk]
        assert (found.is_running, found.is_here, found.starts_at) == (True, True, LUNGS)
        assert found.steps[step.pk] == (LUNGS, now)
        perfusion = made.steps.get(kind=StepKind.PERFUSION)
        assert found.steps[perfusion.pk][0] >= now + 5 * MINUTE
        assert [line.when for line in projections.waiting(site, TOMORROW, now)] == ["now"]

    def test_who_came_late_in_the_evening_is_here_and_called_in_next(self, site, tess):
        made = here(site, tess, MIDNIGHT - 30 * MINUTE)
        now = MIDNIGHT + 5 * MINUTE
        assert self.expected(site, now)[made.pk].is_here
        assert [line.when for line in projections.waiting(site, TOMORROW, now)] == ["next"]

    def test_a_visit_that_nobody_has_closed_keeps_no_room_of_the_next_day(self, site, tess):
        made = here(site, tess)
        noon = MIDNIGHT + 12 * HOUR
        assert self.expected(site, noon) == {}
        # It runs: that is known to keep one.
        scan(made, StepKind.VENTILATION, LUNGS, tess)
        assert list(self.expected(site, noon)) == [made.pk]

    def test_todays_patients_wait_for_the_room_that_the_evening_still_has(self, site, tess):
        early = planned_for(department.booked(site), MIDNIGHT + 2 * HOUR)
        wanted = early.steps.get(kind=StepKind.VENTILATION)
        made = here(site, tess)
        step = made.steps.get(kind=StepKind.VENTILATION)
        rooms = {each.resource for each in wanted.reservations.filter(resource__name__startswith="Vent")}
        taken = step.reservations.get(resource__name__startswith="Vent")
        taken.resource = rooms.pop()
        taken.save(update_fields=["resource"])
        scan(made, StepKind.VENTILATION, LUNGS, tess)
        now = MIDNIGHT + 2 * HOUR + 10 * MINUTE
        assert self.expected(site, now)[early.pk].steps[wanted.pk][0] >= now + 10 * MINUTE  # clearance


class TestTheBoard:
    def test_shows_who_is_still_on_a_camera_for_as_long_as_that_is_likely(self, site, tess):
        made, step = running(site, tess)
        now = MIDNIGHT + 20 * MINUTE
        board = boards.board(site, TOMORROW, 1, now=now)
        [visit] = board.visits
        assert visit.id == made.pk
        [room] = [row for row in board.rows if row.name.startswith("Vent") and row.blocks]
        [block] = room.blocks
        assert (block.step.id, block.start) == (step.pk, to_minute(MIDNIGHT))
        assert block.scan == (to_minute(MIDNIGHT), to_minute(now))
        assert block.end == to_minute(now) + 10  # clearance
        # Perfusion is still to come, on its camera.
        [later] = [b for row in board.rows if row.name.startswith("Camera") for b in row.blocks]
        assert later.start >= to_minute(now)

    def test_is_drawn_and_changes_with_each_press(self, site, tess, client, settings, monkeypatch):
        settings.REQUIRE_MFA_ROLES = []
        made, _ = running(site, tess)
        now = MIDNIGHT + 20 * MINUTE
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        client.force_login(tess)
        page = client.get("/board/").content.decode()
        assert str(made.pk) in page
        before = boards.version(site, TOMORROW, 1, now=now)
        of_evening = boards.version(site, TODAY, 1, now=now)
        finish(made, now, tess)
        assert boards.version(site, TOMORROW, 1, now=now) != before
        assert boards.version(site, TODAY, 1, now=now) != of_evening
        assert boards.board(site, TOMORROW, 1, now=now + HOUR).visits == ()

    def test_shows_nobody_of_the_day_before_on_other_days(self, site, tess):
        running(site, tess)
        for first_day, days in ((TOMORROW, 7), (TOMORROW + DAY, 1)):
            found = boards.board(site, first_day, days, now=MIDNIGHT + 20 * MINUTE)
            assert found.visits == ()


class TestTheListsOnPaper:
    @staticmethod
    def rows(site, kind, on, now):
        return [row for section in day_sheets.sheet(kind, site, on, now=now).sections for row in section.rows]

    @pytest.mark.parametrize("night", NIGHTS)
    def test_who_is_still_here_stands_first_on_every_list_of_the_new_day_until_that_is_over(
        self, site, tess, night
    ):
        lungs, midnight = NIGHTS[night]
        made, _ = running(site, tess, lungs)
        order = Order.objects.filter(pk=made.procedure.order_id)
        order.update(patient_class=PatientClass.INPATIENT, ward="Ward 4")
        evening, morning = worklist.today(site, lungs), worklist.today(site, midnight)
        now, kinds = midnight + 5 * MINUTE, list(day_sheets.TITLES)
        day = f"{evening:%a}"
        of_day, of_rooms, of_transport = (self.rows(site, kind, morning, now) for kind in kinds)
        assert [row[0].splitlines() for row in of_day] == [[f"{day} {self.comes(made)}", "Still here"]]
        assert "Ventilation, " in of_day[0][4]
        assert ", running" in of_day[0][4]
        # The X-ray is done: its room is free. The rooms of the lungs are not.
        assert all(row[0].startswith(day) for row in of_rooms)
        assert {row[2].removeprefix("Preparation for ").capitalize() for row in of_rooms} == {
            "Ventilation",
            "Ventilation, running",
            "Perfusion",
        }
        assert [row[3] for row in of_transport] == ["Ward 4"]  # one way: back
        assert day_sheets.sheet("day", site, morning, now=now).patients == {made.procedure.order.patient_id}
        # Not on a list of tomorrow that is printed before midnight, nor on that of the day after.
        for on, moment in ((morning, midnight - MINUTE), (morning + DAY, now)):
            assert [self.rows(site, kind, on, moment) for kind in kinds] == [[], [], []]
        finish(made, midnight + 10 * MINUTE, tess)
        assert [self.rows(site, kind, morning, midnight + HOUR) for kind in kinds] == [[], [], []]

    @staticmethod
    def comes(made):
        spans = [row.span for step in made.steps.all() for row in step.reservations.all()]
        return f"{min(each.lower for each in spans).astimezone(department.ZONE):%H:%M}"

    def test_who_waits_for_a_readers_word_is_awaiting_release_there_and_keeps_no_room(self, site, tess):
        site.releases_patients = True
        site.save()
        made, _ = running(site, tess)
        finish(made, LUNGS + 20 * MINUTE, tess)
        [row] = self.rows(site, "day", TOMORROW, MIDNIGHT)
        assert row[0].endswith("Awaiting release")
        assert self.rows(site, "rooms", TOMORROW, MIDNIGHT) == []

    def test_an_acquisition_that_is_planned_over_midnight_takes_its_room_on_both_days(self, site):
        made = planned_for(department.booked(site), MIDNIGHT - 5 * MINUTE)
        for on, now in ((TODAY, MIDNIGHT - HOUR), (TOMORROW, MIDNIGHT - HOUR), (TOMORROW, MIDNIGHT + HOUR)):
            steps = [row[2] for row in self.rows(site, "rooms", on, now)]
            assert "Ventilation" in steps
            assert made.procedure.order.patient_id in day_sheets.sheet("day", site, on, now=now).patients

    @pytest.mark.parametrize("count", [1, 3])
    def test_takes_as_many_queries_however_many_are_still_here(self, site, tess, count):
        for n in range(count):
            here(site, tess, LUNGS - n * HOUR)
        with CaptureQueriesContext(connection) as seen:
            sheets = day_sheets.sheets(site, [TOMORROW], now=MIDNIGHT)
        assert len(sheets[0].sections[0].rows) == count
        assert len(seen) == 3
