"""Patients and orders come in: one test per exit."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scheduling.engine.states import OrderState
from scheduling.models import BodyMeasurement, Order, Patient, Protocol, Resource, Task
from scheduling.services import booking, intake, visits
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


def request_of(site, **fields):
    values = {
        "referrer": department.referrer(site),
        "priority": "routine",
        "patient_class": "O",
        "clinical_question": "Acute pulmonary embolism?",
    }
    return intake.Request(**values | fields)


def stat_order(site, *, by, **fields):
    values = {
        "name": "Moreno, Pat",
        "sex": "female",
        "clinical_question": "Sudden chest pain",
        "referrer": department.referrer(site),
        "ward": "Emergency 3",
    }
    return intake.place_stat_order(site=site, by=by, now=NOW, **values | fields)


def test_a_patient_is_registered_with_a_resource_and_one_audit_row(site, scheduler):
    patient = department.patient(site, by=scheduler)
    event = AuditEvent.objects.get()
    assert (patient.resource.kind, patient.resource.capabilities) == ("patient", ["patient"])
    assert (event.action, event.patient_ids, event.agent_id) == (
        "patient.registered",
        [patient.pk],
        str(scheduler.pk),
    )


def test_consent_to_mail_is_kept_with_its_time_and_person(site, scheduler):
    patient = department.patient(site, by=scheduler)
    refused = department.patient(site, by=scheduler, email_consent=False)
    assert (patient.email_consent_at, patient.email_consent_by) == (NOW, scheduler)
    assert (refused.email_consent_at, refused.email_consent_by, refused.mail_address) == (None, None, "")


def test_weight_and_height_are_dated_by_the_sites_calendar(site, scheduler):
    late_evening = datetime(2027, 3, 9, 3, 30, tzinfo=UTC)  # still 8 March in New York
    department.patient(site, by=scheduler, now=late_evening, weight_kg=Decimal("72.5"))
    measured = BodyMeasurement.objects.get()
    assert (measured.weight_kg, measured.height_cm, measured.measured_on) == (
        Decimal("72.5"),
        None,
        date(2027, 3, 8),
    )


def test_an_issuer_gives_a_number_once(site, scheduler):
    department.patient(site, by=scheduler, mrn="M1", mrn_issuer="Riverside")
    sentence = "Riverside has given this number to another patient. Search for it instead."
    resources = Resource.objects.count()
    with pytest.raises(Invalid) as refusal:
        department.patient(site, by=scheduler, mrn="M1", mrn_issuer="Riverside")
    assert (refusal.value.sentence, refusal.value.fields) == (sentence, {"mrn": [sentence]})
    assert (Patient.objects.count(), Resource.objects.count()) == (1, resources)


def test_two_issuers_may_give_the_same_number(site, scheduler):
    department.patient(site, by=scheduler, mrn="M1", mrn_issuer="Riverside")
    department.patient(site, by=scheduler, mrn="M1", mrn_issuer="Eastside")
    assert Patient.objects.filter(mrn="M1").count() == 2


def test_a_technologist_registers_nobody(site):
    with pytest.raises(NotAllowed) as refusal:
        department.patient(site, by=department.technologist(site))
    assert refusal.value.sentence == "Your role (technologist) may not do this."


def test_an_order_has_its_numbers_the_standard_protocol_and_an_audit_row(site, scheduler):
    patient = department.patient(site, by=scheduler)
    order = intake.place_order(patient, request_of(site), by=scheduler, now=NOW)
    event = AuditEvent.objects.get(action="order.placed")
    assert (order.state, order.ordered_at, order.ordered_by) == (OrderState.REQUESTED, NOW, scheduler)
    assert (order.accession_number[:2], len(order.accession_number)) == ("VQ", 10)
    assert order.procedure.study_instance_uid.startswith("2.25.")
    assert order.procedure.protocol.key == "V_THEN_Q"
    assert (event.patient_ids, event.data) == ([patient.pk], {"priority": "routine"})


def test_every_order_gets_numbers_of_its_own(site, scheduler):
    orders = [department.order(site, by=scheduler, vetted=False) for _ in range(3)]
    assert len({order.accession_number for order in orders}) == 3
    assert len({order.procedure.study_instance_uid for order in orders}) == 3


def test_the_time_on_the_request_is_kept(site, scheduler):
    written_at = datetime(2027, 3, 7, 9, tzinfo=UTC)
    order = intake.place_order(
        department.patient(site), request_of(site, ordered_at=written_at), by=scheduler, now=NOW
    )
    assert order.ordered_at == written_at


def test_a_referrer_of_another_site_is_refused(site, scheduler):
    stranger = department.referrer(department.site("hillside", equipped=False))
    with pytest.raises(Invalid) as refusal:
        intake.place_order(
            department.patient(site), request_of(site, referrer=stranger), by=scheduler, now=NOW
        )
    assert refusal.value.sentence == "This referrer is not in the directory."
    assert refusal.value.fields == {"referrer": ["Choose from the list."]}
    assert Order.objects.count() == 0


def test_an_answer_that_is_none_of_the_choices_leaves_no_half_order(site, scheduler):
    with pytest.raises(Invalid) as refusal:
        department.order(site, by=scheduler, answers={"smoker": "perhaps", "shoe_size": "44"})
    assert (refusal.value.sentence, refusal.value.fields) == (
        "Some answers cannot be right.",
        {"smoker": ["Choose one of the answers."], "shoe_size": ["There is no such question."]},
    )
    assert Order.objects.count() == 0


def test_a_reader_places_only_stat_orders(site):
    reader, patient = department.attending(site), department.patient(site)
    with pytest.raises(NotAllowed):
        intake.place_order(patient, request_of(site), by=reader, now=NOW)
    order = intake.place_order(patient, request_of(site, priority="stat"), by=reader, now=NOW)
    assert order.is_stat


def test_a_site_without_protocols_takes_no_orders(site, scheduler):
    Protocol.objects.update(is_bookable=False)
    with pytest.raises(Conflict) as refusal:
        intake.place_order(department.patient(site), request_of(site), by=scheduler, now=NOW)
    assert refusal.value.sentence == (
        "This site has no bookable protocol. The lead must install the protocols first."
    )


def test_a_stat_order_takes_five_fields(site, scheduler):
    order = stat_order(site, by=scheduler)
    patient = order.patient
    assert (patient.family_name, patient.given_name, patient.sex) == ("Moreno", "Pat", "female")
    assert (patient.is_temporary, patient.mrn_issuer, patient.mrn[:4]) == (
        True,
        "riverside-temporary",
        "TEMP",
    )
    assert (order.priority, order.patient_class, order.ward) == ("stat", "E", "Emergency 3")
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["patient.registered", "order.placed"]


def test_an_unidentified_patient_can_be_ordered_for_and_everything_is_asked_later(site, scheduler):
    order = stat_order(site, by=scheduler, name="", sex="")
    assert (order.patient.name, order.patient.sex, order.patient.born_on) == ("Unknown", "unknown", None)
    asked = set(order.tasks.values_list("kind", "about"))
    assert {(Task.Kind.ASK, "pregnancy"), (Task.Kind.ASK, "albumin_allergy")} <= asked


def test_two_unidentified_patients_are_two(site, scheduler):
    first, second = stat_order(site, by=scheduler, name=""), stat_order(site, by=scheduler, name="")
    assert first.patient.mrn != second.patient.mrn


def test_a_refused_stat_order_leaves_no_patient(site, scheduler):
    stranger = department.referrer(department.site("hillside", equipped=False))
    with pytest.raises(Invalid):
        stat_order(site, by=scheduler, referrer=stranger)
    assert Patient.objects.count() == 0


def test_a_cancelled_order_keeps_its_reason_and_closes_its_tasks(site, scheduler):
    order = department.order(site, by=scheduler, answers={})
    assert order.tasks.filter(closed_at=None).exists()
    intake.cancel_order(order, reason=" Sent to CT ", by=scheduler, now=NOW)
    order.refresh_from_db()
    event = AuditEvent.objects.get(action="order.cancelled")
    assert (order.state, order.closed_reason) == (OrderState.CANCELLED, "Sent to CT")
    assert set(order.tasks.values_list("closed_at", "closed_by")) == {(NOW, scheduler.pk)}
    assert (event.patient_ids, event.data) == ([order.patient_id], {"reason": "Sent to CT"})


def test_a_cancelled_order_needs_a_reason(site, scheduler):
    order = department.order(site, by=scheduler)
    with pytest.raises(Invalid) as refusal:
        intake.cancel_order(order, reason=" ", by=scheduler, now=NOW)
    assert refusal.value.fields == {"reason": ["Say why the order is cancelled."]}
    order.refresh_from_db()
    assert order.state == OrderState.VETTED


def test_an_order_with_an_appointment_is_not_cancelled(site, scheduler):
    order = department.booked(site, by=scheduler).procedure.order
    with pytest.raises(Conflict) as refusal:
        intake.cancel_order(order, reason="Sent to CT", by=scheduler, now=NOW)
    assert refusal.value.sentence == "This order has an appointment. Cancel the appointment first."
    booking.cancel(order.procedure.appointments.get(), reason="Sent to CT", by=scheduler, now=NOW)
    order.refresh_from_db()
    assert intake.cancel_order(order, reason="Sent to CT", by=scheduler, now=NOW).state == "cancelled"


def test_an_examination_under_way_is_not_cancelled(site, scheduler):
    appointment, at = department.ready(department.booked(site, by=scheduler))
    by = department.technologist(site)
    visits.start(appointment.steps.get(kind="ventilation"), by=by, now=at)
    order = Order.objects.get()
    with pytest.raises(Conflict) as refusal:
        intake.cancel_order(order, reason="Sent to CT", by=scheduler, now=at)
    assert refusal.value.sentence == "This order is in progress; it cannot become cancelled."


def test_a_technologist_cancels_no_order(site):
    order = department.order(site)
    with pytest.raises(NotAllowed):
        intake.cancel_order(order, reason="Sent to CT", by=department.technologist(site), now=NOW)
