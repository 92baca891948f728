"""Incidents: recorded where they happen, reviewed once by the lead, taken back only before that."""

from datetime import timedelta

import pytest

from scheduling.models import Incident
from scheduling.services import incidents
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


def record(site, by, **values):
    known = {"kind": "reaction", "severity": "mild", "what": "Flushed for five minutes.", "now": NOW}
    return incidents.record(site, by=by, **known | values)


def test_a_reaction_is_recorded_against_its_step_and_patient(site, technologist, appointment):
    step = appointment.steps.get(kind="perfusion")
    made = record(site, technologist, step=step, done="Watched for an hour.")
    assert (made.appointment, made.step, made.done) == (appointment, step, "Watched for an hour.")
    event = AuditEvent.objects.get(action="incident.recorded")
    assert event.patient_ids == [appointment.procedure.order.patient_id]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"what": " "}, "what"), ({"happened_at": NOW + timedelta(hours=1)}, "happened_at")],
)
def test_what_cannot_be_right_is_refused_at_its_field(site, technologist, values, field):
    with pytest.raises(Invalid) as refusal:
        record(site, technologist, **values)
    assert list(refusal.value.fields) == [field]
    assert not Incident.objects.exists()


def test_the_lead_reviews_it_once(site, technologist):
    made, lead = record(site, technologist), department.lead(site)
    incidents.review(made, note="Talked through.", by=lead, now=NOW)
    made.refresh_from_db()
    assert (made.reviewed_by, made.review_note) == (lead, "Talked through.")
    with pytest.raises(Conflict, match="reviewed this already"):
        incidents.review(made, note="Again.", by=lead, now=NOW)


def test_a_review_says_what_follows(site, technologist):
    with pytest.raises(Invalid, match="what follows"):
        incidents.review(record(site, technologist), note="", by=department.lead(site), now=NOW)


def test_the_technologist_reviews_nothing(site, technologist):
    with pytest.raises(NotAllowed):
        incidents.review(record(site, technologist), note="Fine.", by=technologist, now=NOW)


def test_a_mistake_is_taken_back_with_a_reason_and_stays_in_the_history(site, technologist):
    made = record(site, technologist)
    with pytest.raises(Invalid, match="why"):
        incidents.take_back(made, reason="", by=technologist, now=NOW)
    incidents.take_back(made, reason="Another patient.", by=technologist, now=NOW)
    assert not Incident.objects.standing().exists()
    assert Incident.objects.get().void_reason == "Another patient."
    with pytest.raises(Conflict, match="already"):
        incidents.take_back(made, reason="Again.", by=technologist, now=NOW)


def test_what_was_reviewed_is_not_taken_back(site, technologist):
    made = record(site, technologist)
    incidents.review(made, note="Talked through.", by=department.lead(site), now=NOW)
    with pytest.raises(Conflict, match="reviewed already"):
        incidents.take_back(made, reason="Mistake.", by=technologist, now=NOW)


def test_a_scheduler_records_none(site):
    with pytest.raises(NotAllowed):
        record(site, department.scheduler(site))
