"""What a row says beside the plan: problems, tracer, transport, who works on it, and the steps around the scan."""

from datetime import timedelta

import pytest

from scheduling import worklist
from scheduling.models import Problem, Site, StepKind, WorkedOn
from scheduling.services import problems, visits
from scheduling.services.doses import measuring
from tests import department, doses
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db
DAY = "/worklist/?day=2027-03-08"


@pytest.fixture
def camera(client, technologist, at):
    client.force_login(technologist)
    return client


def line(client, query=""):
    (found,) = client.get(DAY + query).context["lines"]
    return found


class TestProblems:
    def test_open_one_makes_the_row_pending_with_owner_and_time(self, camera, site, technologist):
        problems.report(department.booked(site), reason="no_iv", by=technologist, now=NOW)
        found = line(camera, "&state=problems")
        assert (found.chip, found.is_problem) == (("pending", "Pending"), True)
        [shown] = found.pending
        assert (shown.label, shown.sentence) == ("No IV access", "tess sees to it by 07:15.")
        page = camera.get(DAY).content.decode()
        assert "IV access is there." in page
        assert 'data-state="pending"' in page

    def test_one_that_nobody_has_seen_to_in_time_is_overdue(self, camera, site, technologist, at):
        made = problems.report(department.booked(site), reason="no_iv", by=technologist, now=NOW)
        at(made.due_at + timedelta(seconds=1))
        assert [each.is_overdue for each in line(camera).pending] == [True]

    def test_closed_one_is_gone(self, camera, site, technologist):
        made = problems.report(department.booked(site), reason="no_iv", by=technologist, now=NOW)
        problems.close(made, by=technologist, now=NOW)
        assert (line(camera).pending, line(camera).chip) == ((), ("booked", "To come"))

    def test_start_waits_for_it_and_says_so(self, camera, site, technologist, at):
        appointment, moment = department.ready(department.booked(site), by=technologist)
        problems.report(appointment, reason="no_iv", by=technologist, now=moment)
        at(moment)
        assert line(camera).button.refusal == (
            "Pending, because there is no IV access. Close the problem first."
        )

    def test_note_of_another_patient_cannot_carry_a_token(self, camera, site, technologist):
        note = "<script>alert(1)</script> <!--0-->"
        problems.report(department.booked(site), reason="other", note=note, by=technologist, now=NOW)
        page = camera.get(DAY).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


class TestTracer:
    @pytest.fixture
    def planned(self, site):
        doses.needed(site, perfusion=148)
        doses.batch(site)
        return department.booked(site, **{"of": department.patient(site)})

    def test_kit_is_named_with_the_time_that_is_left(self, camera, site, planned, at, technologist):
        ready, moment = department.ready(planned, by=technologist)
        ventilation = ready.steps.get(kind=StepKind.VENTILATION)
        visits.start(ventilation, by=technologist, now=moment)
        visits.end(ventilation, by=technologist, now=moment)
        at(NOW + timedelta(hours=9, minutes=40))
        tracer = line(camera).tracer
        assert (tracer.name, tracer.left, tracer.is_urgent) == ("MAA", "20 min left", True)

    def test_dose_is_measured_before_the_acquisition_where_the_site_records_doses(
        self, camera, site, planned, at, technologist
    ):
        Site.objects.update(records_doses=True)
        appointment, moment = department.ready(planned, by=technologist)
        for _ in (StepKind.VENTILATION, StepKind.PERFUSION):
            row = worklist.row(worklist.examinations().get(pk=appointment.pk), moment)
            if row.action.name == "dose-measure":
                break
            visits.start(row.action.step, by=technologist, now=moment)
            visits.end(row.action.step, by=technologist, now=moment)
        assert (row.action.label, row.action.step.kind) == ("Measure dose", "perfusion")
        batch = site.tracer_batches.get()
        measuring.measure(row.action.step, batch=batch, measured_mbq=150, by=technologist, now=moment)
        at(moment)
        assert line(camera).button.label == "Start perfusion"
        assert line(camera).tracer.words == f"150 MBq at {moment.astimezone(department.ZONE):%H:%M}"


class TestAround:
    def test_bed_and_note_of_the_physician_are_shown(self, camera, site):
        made = department.booked(site, transport="bed", ward="5 North")
        type(made.procedure).objects.update(protocol_note="Posterior first")
        found = line(camera)
        assert (found.place, found.transport, found.note) == ("5 North", "Bed", "Posterior first")
        assert "Posterior first" in camera.get(DAY).content.decode()

    def test_whoever_works_on_it_is_named_to_the_others(self, camera, site, technologist):
        appointment, other = department.booked(site), department.technologist(site, first_name="Dinh")
        WorkedOn.objects.create(appointment=appointment, user=other, since=NOW, seen_at=NOW)
        assert line(camera).worked_on == "Dinh since 07:00"
        WorkedOn.objects.update(user=technologist, since=NOW - timedelta(minutes=1))
        assert line(camera).worked_on == ""

    def test_steps_given_to_a_person_are_that_persons(self, camera, site, technologist):
        appointment = department.booked(site)
        held = appointment.steps.get(kind="ventilation").reservations.get(resource__kind="technologist")
        assert camera.get(f"{DAY}&state=mine").context["lines"] == []
        type(held.resource).objects.filter(pk=held.resource_id).update(user=technologist)
        Problem.objects.create(
            appointment=appointment, reason="late", due_at=NOW, opened_at=NOW, opened_by=technologist
        )
        assert line(camera, "&state=mine").row.appointment == appointment

    def test_rows_stand_under_their_rooms(self, camera, site):
        department.booked(site)
        page = camera.get(f"{DAY}&order=room").content.decode()
        assert '<tr class="table__group">' in page
        assert "By time" in page

    def test_hand_over_follows_the_last_acquisition_where_patients_wait(self, camera, site, at):
        Site.objects.update(releases_patients=True)
        done = department.performed(site)
        appointment = worklist.examinations().get(procedure__order=done)
        row = worklist.row(appointment, NOW)
        assert (row.action.name, row.action.label) == ("hand-over", "Hand over")
        found = line(camera)
        assert (found.group, found.chip) == ("release", ("waiting", "Awaiting release"))
        counts = {tab["label"]: tab["count"] for tab in camera.get(DAY).context["tabs"]}
        assert counts["Awaiting release"] == 1


class TestVersion:
    def test_it_changes_with_each_record_that_a_row_shows(self, site, technologist):
        appointment = department.booked(site)
        seen = [worklist.version(site, TODAY, NOW)]

        def note():
            seen.append(worklist.version(site, TODAY, NOW))

        made = problems.report(appointment, reason="no_iv", by=technologist, now=NOW)
        note()
        other = department.technologist(site)
        problems.change(made, owner=other, due_at=made.due_at, by=technologist, now=NOW)
        note()
        problems.close(made, by=technologist, now=NOW)
        note()
        held = WorkedOn.objects.create(appointment=appointment, user=other, since=NOW, seen_at=NOW)
        note()
        held.delete()
        department.ready(appointment, by=technologist)
        note()
        assert len(set(seen)) == len(seen)

    def test_it_changes_when_a_problem_falls_due(self, site, technologist):
        made = problems.report(department.booked(site), reason="no_iv", by=technologist, now=NOW)
        before, after = (
            worklist.version(site, TODAY, made.due_at + timedelta(seconds=each)) for each in (0, 1)
        )
        assert before != after
