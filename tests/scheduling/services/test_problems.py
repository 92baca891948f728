"""What keeps a patient waiting: reported, given to somebody, closed, taken back."""

from datetime import timedelta

import pytest

from scheduling.engine import gates
from scheduling.engine.problems import HOLDS_EVERYTHING, HOLDS_LUNGS, OUTCOMES, WORDS
from scheduling.examinations import examination
from scheduling.models import Problem, StepKind
from scheduling.services import problems, visits
from scheduling.services.examination import arrivals
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def tess(site):
    return department.technologist(site, username="tess", first_name="Tess", last_name="Cole")


@pytest.fixture
def appointment(site):
    return department.booked(site)


def report(appointment, tess, reason="no_iv", **more):
    return problems.report(appointment, reason=reason, by=tess, now=NOW, **more)


def test_report_names_the_reason_the_owner_and_the_time(appointment, tess):
    made = report(appointment, tess)
    found = Problem.objects.get()
    assert (found.pk, found.reason, found.owner, found.opened_by) == (made.pk, "no_iv", tess, tess)
    assert (found.opened_at, found.due_at) == (NOW, NOW + timedelta(minutes=15))
    event = AuditEvent.objects.filter(action="problem.reported").get()
    assert event.patient_ids == [appointment.procedure.order.patient_id]


def test_owner_and_time_can_be_chosen(appointment, tess, site):
    other, due = department.technologist(site), NOW + timedelta(hours=1)
    made = report(appointment, tess, owner=other, due_at=due)
    assert (made.owner, made.due_at) == (other, due)


def test_every_reason_has_words_and_a_way_to_end():
    assert set(WORDS) == set(OUTCOMES) == set(Problem.Reason.values)


def test_same_reason_twice_is_refused_while_the_first_is_open(appointment, tess):
    first = report(appointment, tess)
    with pytest.raises(Conflict, match="No IV access is reported already"):
        report(appointment, tess)
    problems.close(first, by=tess, now=NOW)
    assert report(appointment, tess).pk != first.pk


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": "weather"}, "reason"),
        ({"reason": "other", "note": "  "}, "note"),
        ({"due_at": NOW - timedelta(hours=1)}, "due_at"),
        ({"due_at": NOW + timedelta(days=2)}, "due_at"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(appointment, tess, values, field):
    with pytest.raises(Invalid) as refused:
        report(appointment, tess, **values)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.ADMINISTRATOR])
def test_owner_works_with_patients(appointment, tess, site, role):
    with pytest.raises(Invalid, match="works with patients"):
        report(appointment, tess, owner=department.user(role, site))
    with pytest.raises(Invalid, match="of this site"):
        report(appointment, tess, owner=department.technologist(department.site("hillside")))


def test_roles_without_patients_may_not_report(appointment, site):
    with pytest.raises(NotAllowed):
        report(appointment, department.user(Role.ADMINISTRATOR, site))


def test_cancelled_visit_takes_no_problem(appointment, tess):
    type(appointment).objects.filter(pk=appointment.pk).update(state="cancelled", ended_reason="Ill.")
    with pytest.raises(Conflict, match="This examination is over"):
        report(appointment, tess)


def test_closing_says_how_and_who(appointment, tess):
    made = report(appointment, tess)
    problems.close(made, outcome=" Anaesthesia came. ", by=tess, now=NOW + timedelta(minutes=9))
    made.refresh_from_db()
    assert (made.closed_at, made.closed_by, made.outcome) == (
        NOW + timedelta(minutes=9),
        tess,
        "Anaesthesia came.",
    )
    with pytest.raises(Conflict, match="Tess Cole has closed this problem already"):
        problems.close(made, by=tess, now=NOW)


def test_closing_is_taken_back_and_so_is_a_report(appointment, tess):
    made = report(appointment, tess)
    problems.close(made, by=tess, now=NOW)
    problems.reopen(made, by=tess, now=NOW)
    made.refresh_from_db()
    assert (made.closed_at, made.closed_by, made.outcome) == (None, None, "")
    with pytest.raises(Conflict, match="is open"):
        problems.reopen(made, by=tess, now=NOW)
    problems.withdraw(made, by=tess, now=NOW)
    made.refresh_from_db()
    assert made.outcome == problems.BY_MISTAKE


def test_reopening_what_was_reported_anew_is_refused(appointment, tess):
    first = report(appointment, tess)
    problems.close(first, by=tess, now=NOW)
    report(appointment, tess)
    with pytest.raises(Conflict, match="reported again since"):
        problems.reopen(first, by=tess, now=NOW)


def test_it_is_given_to_somebody_else(appointment, tess, site):
    made, other = report(appointment, tess), department.scheduler(site)
    problems.change(
        made, owner=other, due_at=NOW + timedelta(minutes=40), note="Call the ward", by=tess, now=NOW
    )
    made.refresh_from_db()
    assert (made.owner, made.due_at, made.note) == (other, NOW + timedelta(minutes=40), "Call the ward")


def test_what_settles_itself_is_closed(appointment, tess):
    late, iv = report(appointment, tess, "late"), report(appointment, tess)
    problems.settle(appointment, ["late"], by=tess, now=NOW, outcome="The patient is here.")
    late.refresh_from_db()
    iv.refresh_from_db()
    assert (late.outcome, iv.closed_at) == ("The patient is here.", None)


def test_who_was_late_is_late_no_more_once_checked_in(appointment, tess):
    late, iv = report(appointment, tess, "late"), report(appointment, tess)
    arrivals.check_in(appointment, **department.HERE, by=tess, now=NOW)
    late.refresh_from_db()
    iv.refresh_from_db()
    assert (late.outcome, late.closed_by, iv.closed_at) == ("The patient is here.", tess, None)


def facts(reason):
    return gates.Examination(
        vetted=True,
        checked_in=True,
        steps=(("xray", "completed"), ("ventilation", "scheduled"), ("perfusion", "scheduled")),
        dose_cleared=True,
        pending=(reason,),
    )


@pytest.mark.parametrize("reason", sorted(HOLDS_LUNGS))
def test_lungs_wait_for_what_holds_them(reason):
    sentence = f"Pending, because {WORDS[reason]}. Close the problem first."
    assert gates.why_not_start(facts(reason), "ventilation") == sentence


@pytest.mark.parametrize("reason", sorted(set(WORDS) - HOLDS_LUNGS))
def test_late_and_more_views_hold_nothing(reason):
    assert gates.why_not_start(facts(reason), "ventilation") is None


@pytest.mark.parametrize("reason", sorted(WORDS))
def test_dose_is_cleared_and_xray_begun_unless_the_patient_is_the_problem(reason):
    held = reason in HOLDS_EVERYTHING
    known = facts(reason)
    uncleared = gates.Examination(
        vetted=True, checked_in=True, steps=(("xray", "scheduled"), *known.steps[1:]), pending=(reason,)
    )
    assert (gates.why_not_clear_dose(uncleared) is not None) == held
    assert (gates.why_not_start_xray(uncleared) is not None) == held


def test_acquisition_that_runs_can_always_be_ended(appointment, tess):
    ready, at = department.ready(appointment, by=tess)
    step = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(step, by=tess, now=at)
    problems.report(ready, reason="unwell", by=tess, now=at)
    assert examination(ready, at).pending == ("unwell",)
    visits.end(step, by=tess, now=at + timedelta(minutes=15))
    perfusion = ready.steps.get(kind=StepKind.PERFUSION)
    with pytest.raises(Conflict, match="Pending, because the patient is unwell"):
        visits.start(perfusion, by=tess, now=at + timedelta(minutes=20))
    visits.leave_out(perfusion, reason="The patient went home.", by=tess, now=at + timedelta(minutes=21))
