"""Check-in: identity at the X-ray and again at the scan, pregnancy in private, on the days of the visit."""

from datetime import timedelta

import pytest

from scheduling.engine.states import AppointmentState
from scheduling.examinations import examination
from scheduling.models import Appointment, Arrival, ChestXray, StepKind
from scheduling.services import booking, visits
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from tests.scheduling.services.examination import HOUR, MINUTE, refused, states, step
from vqflow.errors import Invalid, NotAllowed

pytestmark = pytest.mark.django_db

TWO = {"identifiers": ["name", "wristband"], "pregnancy_asked": True}


def due(appointment, now):
    return examination(Appointment.objects.get(pk=appointment.pk), now).arrival_due


def test_the_patient_is_checked_in_at_the_xray_and_again_at_the_scan(appointment, technologist, lungs_at):
    came, ended_at = appointment.starts_at, appointment.xray_ends_at
    seen = [due(appointment, came)]
    first = arrivals.check_in(appointment, **TWO, by=technologist, now=came)
    seen.append(due(appointment, came))
    xrays.record(appointment, ended_at=ended_at, by=technologist, now=ended_at)
    seen.append(due(appointment, ended_at))
    assert refused(visits.clear_dose, appointment, by=technologist, now=lungs_at) == (
        "Check the patient in at the scan first."
    )
    second = arrivals.check_in(appointment, **TWO, by=technologist, now=lungs_at)
    seen.append(due(appointment, lungs_at))
    assert seen == ["xray", None, "scan", None]
    assert [first.at, second.at] == ["xray", "scan"]
    assert visits.clear_dose(appointment, by=technologist, now=lungs_at).dose_cleared_at == lungs_at


def test_no_lung_acquisition_starts_before_the_arrival_at_the_scan(appointment, technologist, lungs_at):
    arrivals.check_in(appointment, **TWO, by=technologist, now=appointment.starts_at)
    xrays.record(appointment, ended_at=appointment.xray_ends_at, by=technologist, now=lungs_at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    assert sentence == "Check the patient in at the scan first."


def test_who_was_xrayed_elsewhere_comes_once(site, technologist):
    appointment = department.booked(site)
    at = appointment.lungs_start_at
    xrays.record(appointment, ended_at=at - 2 * HOUR, elsewhere="Eastside", by=technologist, now=at)
    assert due(appointment, at) == "scan"
    assert arrivals.check_in(appointment, **TWO, by=technologist, now=at).at == "scan"
    assert due(appointment, at) is None


def test_nobody_comes_to_the_xray_twice(appointment, technologist):
    at = appointment.starts_at
    arrivals.check_in(appointment, **TWO, by=technologist, now=at)
    sentence = refused(arrivals.check_in, appointment, **TWO, at="xray", by=technologist, now=at)
    assert sentence == "The patient is already checked in at the X-ray. The next check-in is at the scan."


def test_the_scan_may_be_reached_before_the_xray_is_confirmed(appointment, technologist):
    at = appointment.starts_at
    arrivals.check_in(appointment, **TWO, by=technologist, now=at)
    assert arrivals.check_in(appointment, **TWO, by=technologist, at="scan", now=at + HOUR).at == "scan"
    again = refused(arrivals.check_in, appointment, **TWO, by=technologist, now=at + HOUR)
    assert again == "The patient is already checked in."


def test_undo_takes_back_the_newest_arrival_only(appointment, technologist):
    came, back = appointment.starts_at, appointment.lungs_start_at
    arrivals.check_in(appointment, **TWO, by=technologist, now=came)
    xrays.record(appointment, ended_at=appointment.xray_ends_at, by=technologist, now=back)
    arrivals.check_in(appointment, **TWO, by=technologist, now=back)
    arrivals.undo_check_in(appointment, by=technologist, now=back)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (stored.state, stored.arrived_at, due(appointment, back)) == ("arrived", came, "scan")
    arrivals.undo_check_in(appointment, by=technologist, now=back)
    stored.refresh_from_db()
    assert (stored.state, stored.arrived_at) == (AppointmentState.BOOKED, None)
    assert Arrival.objects.standing().count() == 0
    assert Arrival.objects.count() == 2


# Another day


def test_a_first_check_in_on_another_day_is_refused_with_the_planned_day(appointment, technologist):
    sentence = refused(
        arrivals.check_in, appointment, **TWO, by=technologist, now=appointment.starts_at + timedelta(days=2)
    )
    assert sentence == (
        "This visit is planned for 8 Mar 2027. Move it to today first, then check the patient in."
    )
    assert states(appointment)[1] == AppointmentState.BOOKED


def test_who_comes_shortly_after_midnight_of_the_planned_day_is_checked_in(appointment, technologist):
    late = appointment.lungs_start_at + 5 * HOUR
    assert arrivals.check_in(appointment, **TWO, by=technologist, now=late).arrived_at == late


def test_who_returns_for_a_later_acquisition_is_checked_in_and_cleared_again(
    appointment, technologist, lungs_at
):
    department.ready(appointment, by=technologist)
    ventilation, perfusion = step(appointment, "ventilation"), step(appointment, "perfusion")
    visits.start(ventilation, by=technologist, now=lungs_at)
    visits.end(ventilation, by=technologist, now=lungs_at + 10 * MINUTE)
    next_day = lungs_at + timedelta(days=1)
    assert due(appointment, next_day) == "scan"
    assert refused(visits.start, perfusion, by=technologist, now=next_day) == "Check the patient in first."
    arrivals.check_in(appointment, **TWO, by=technologist, now=next_day)
    # The X-ray is too old by now; it was judged at the first acquisition and is not judged again.
    later = next_day + 2 * HOUR
    assert refused(visits.start, perfusion, by=technologist, now=later) == "Clear the dose first."
    visits.clear_dose(appointment, by=technologist, now=later)
    assert visits.start(perfusion, by=technologist, now=later).performed_start_at == later


def test_a_check_in_is_not_undone_once_an_acquisition_has_begun(appointment, technologist, lungs_at):
    department.ready(appointment, by=technologist)
    ventilation = step(appointment, "ventilation")
    visits.start(ventilation, by=technologist, now=lungs_at)
    visits.end(ventilation, by=technologist, now=lungs_at + 10 * MINUTE)
    Appointment.objects.filter(pk=appointment.pk).update(dose_cleared_at=None, dose_cleared_by=None)
    sentence = refused(arrivals.undo_check_in, appointment, by=technologist, now=lungs_at + HOUR)
    assert sentence == "An acquisition has begun since the check-in. Undo that first."


# Pregnancy and the other questions


@pytest.fixture
def woman(site):
    return department.booked(
        site, of=department.patient(site, sex="female", born_on=NOW.date().replace(year=1997))
    )


def test_pregnancy_is_asked_at_each_arrival_where_the_rule_asks_for_it(woman, technologist):
    at = woman.starts_at
    asked = {"identifiers": ["name", "mrn"], "by": technologist}
    for now in (at, at + HOUR):
        with pytest.raises(Invalid) as refusal:
            arrivals.check_in(woman, **asked, now=now)
        sentence = "Ask about pregnancy in private, then say here that you have asked."
        assert refusal.value.fields == {"pregnancy_asked": [sentence]}
        assert arrivals.check_in(woman, **asked, pregnancy_asked=True, now=now).pregnancy_asked
        xray = step(woman, "xray")
        if xray.state == "scheduled":
            xrays.record(woman, ended_at=now, by=technologist, now=now)


def test_an_answer_that_has_changed_is_kept_and_gates_the_xray(woman, technologist):
    at = woman.starts_at
    answers = {**SAFE_ANSWERS, "pregnancy": "possible"}
    arrivals.check_in(woman, **TWO, answers=answers, by=technologist, now=at)
    assert woman.procedure.order.answers.get(question="pregnancy").answer == "possible"
    sentence = refused(visits.start, step(woman, "xray"), by=technologist, now=at)
    assert "pregnan" in sentence.lower()


def test_answers_are_not_kept_when_the_check_in_is_refused(woman, technologist):
    with pytest.raises(Invalid):
        arrivals.check_in(
            woman, identifiers=["name"], answers={"oxygen": "yes"}, by=technologist, now=woman.starts_at
        )
    assert not woman.procedure.order.answers.filter(answer="yes").exists()


def test_a_cancelled_visit_has_no_arrival_due(appointment, site):
    booking.cancel(appointment, reason="Ill", by=department.scheduler(site), now=NOW)
    assert due(appointment, appointment.starts_at) is None


# The X-ray


def test_views_and_the_physician_who_saw_them_are_kept(appointment, technologist, physician):
    at = appointment.lungs_start_at
    views = ["pa", "lateral"]
    done = xrays.record(
        appointment, ended_at=at, views=views, seen_by=physician, finding="normal", by=technologist, now=at
    )
    kept = done.chest_xrays.standing().get()
    assert (kept.views, kept.seen_by, kept.finding) == (views, physician, "normal")
    assert xrays.warning(appointment) is None


def test_a_portable_xray_alone_needs_a_reason_and_warns(appointment, technologist):
    at = appointment.lungs_start_at
    known = {"ended_at": at, "views": ["ap_portable"], "by": technologist, "now": at}
    with pytest.raises(Invalid) as refusal:
        xrays.record(appointment, **known)
    assert list(refusal.value.fields) == ["portable_reason"]
    xrays.record(appointment, **known, portable_reason="Cannot stand.")
    assert xrays.warning(Appointment.objects.get(pk=appointment.pk)) == (
        "The chest X-ray is AP portable only: PA and lateral are better where the patient can stand."
    )


def test_a_ct_counts_as_the_xray_and_has_no_views(appointment, technologist):
    at = appointment.lungs_start_at
    done = xrays.record(appointment, ended_at=at, modality="CT", views=["pa"], by=technologist, now=at)
    assert (done.modality, done.state, done.chest_xrays.count()) == ("CT", "completed", 0)


def test_a_second_look_replaces_the_first_and_both_are_kept(appointment, technologist, physician):
    at = appointment.lungs_start_at
    xrays.record(appointment, ended_at=at, views=["pa"], by=technologist, now=at)
    xrays.see(appointment, physician=physician, finding="normal", by=technologist, now=at)
    xrays.see(appointment, physician=physician, finding="abnormal", by=physician, now=at + MINUTE)
    xray = step(appointment, "xray")
    assert (xrays.newest(xray).finding, xrays.newest(xray).views) == ("abnormal", ["pa"])
    assert ChestXray.objects.filter(step=xray).count() == 3


def test_nobody_says_that_another_physician_has_seen_it_in_their_own_name(
    appointment, technologist, physician, site
):
    at = appointment.lungs_start_at
    assert refused(xrays.see, appointment, physician=physician, by=technologist, now=at) == (
        "No chest X-ray is recorded yet. Confirm it first."
    )
    with pytest.raises(Invalid):
        xrays.see(appointment, physician=department.attending(site), by=physician, now=at)
    with pytest.raises(Invalid):
        xrays.see(appointment, physician=technologist, by=technologist, now=at)
    with pytest.raises(NotAllowed):
        xrays.see(appointment, physician=physician, by=department.scheduler(site), now=at)


def test_what_was_seen_goes_when_the_xray_is_undone(appointment, technologist, physician):
    at = appointment.lungs_start_at
    xrays.record(appointment, ended_at=at, views=["pa"], seen_by=physician, by=technologist, now=at)
    visits.undo(step(appointment, "xray"), by=technologist, now=at)
    assert xrays.newest(step(appointment, "xray")) is None
