"""Patients and orders come in."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from scheduling.engine.states import OrderState
from scheduling.models import (
    BodyMeasurement,
    Order,
    Patient,
    PatientClass,
    Priority,
    Protocol,
    Referrer,
    RequestedProcedure,
    Resource,
    ResourceKind,
    Sex,
)
from scheduling.services import numbers, screening, transitions
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

UNKNOWN_NAME = "Unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What the referrer asks for. `answers` maps screening questions to answers; missing ones are unknown."""

    referrer: Referrer
    priority: str
    patient_class: str
    clinical_question: str
    indication_code: str = ""
    indication_text: str = ""
    wells_score: float | None = None
    d_dimer_ng_per_ml: int | None = None
    ward: str = ""
    ordered_at: datetime | None = None
    answers: dict = field(default_factory=dict)


@transaction.atomic
def register_patient(*, site, by, now, weight_kg=None, height_cm=None, email_consent=False, **fields):
    """Make a patient record; `fields` are those of the model.

    Raises Invalid at `mrn` when the issuer has given this number to somebody already.
    """
    policy.permit(by, "patient.create")
    patient = _new_patient(site, fields, email_consent=email_consent, by=by, now=now)
    if weight_kg or height_cm:
        BodyMeasurement.objects.create(
            patient=patient,
            measured_on=now.astimezone(ZoneInfo(site.time_zone)).date(),
            weight_kg=weight_kg,
            height_cm=height_cm,
            recorded_by=by,
        )
    audit.record("patient.registered", patient, by=by, patients=[patient.pk])
    return patient


def _new_patient(site, fields, *, email_consent, by, now):
    resource = Resource.objects.create(site=site, kind=ResourceKind.PATIENT, capabilities=["patient"])
    consent = {"email_consent_at": now, "email_consent_by": by} if email_consent else {}
    try:
        with transaction.atomic():
            return Patient.objects.create(site=site, resource=resource, **fields, **consent)
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != "patient_mrn_once_per_issuer":
            raise
        sentence = f"{fields['mrn_issuer']} has given this number to another patient. Search for it instead."
        raise Invalid(sentence, fields={"mrn": [sentence]}) from error


@transaction.atomic
def place_order(patient, request, *, by, now):
    """Take an order with its screening answers; unknown answers become tasks.

    Raises Invalid when the patient or the referrer belongs to another site.
    """
    policy.permit(by, "order.create_stat" if request.priority == Priority.STAT else "order.create")
    if request.referrer.site_id != patient.site_id:
        raise Invalid(
            "This referrer is not in the directory.", fields={"referrer": ["Choose from the list."]}
        )
    order = Order.objects.create(
        site=patient.site,
        patient=patient,
        accession_number=numbers.accession_number(),
        ordered_at=request.ordered_at or now,
        ordered_by=by,
        **{name: getattr(request, name) for name in COPIED},
    )
    RequestedProcedure.objects.create(
        order=order,
        requested_procedure_id=numbers.procedure_id(),
        study_instance_uid=numbers.study_uid(),
        protocol=standard_protocol(patient.site),
    )
    audit.record("order.placed", order, by=by, patients=[patient.pk], priority=order.priority)
    screening.answer(order, request.answers, by=by, now=now)
    return order


COPIED = (
    "referrer",
    "priority",
    "patient_class",
    "clinical_question",
    "indication_code",
    "indication_text",
    "wells_score",
    "d_dimer_ng_per_ml",
    "ward",
)


@transaction.atomic
def place_stat_order(*, site, name, sex, clinical_question, referrer, ward, by, now):
    """Five fields and no waiting: an unidentified patient gets a temporary number, everything else is asked later."""
    policy.permit(by, "order.create_stat")
    family, _, given = (name or UNKNOWN_NAME).partition(",")
    fields = {
        "mrn": numbers.temporary_mrn(),
        "mrn_issuer": f"{site.code}-temporary",
        "is_temporary": True,
        "family_name": family.strip() or UNKNOWN_NAME,
        "given_name": given.strip(),
        "sex": sex or Sex.UNKNOWN,
    }
    patient = _new_patient(site, fields, email_consent=False, by=by, now=now)
    audit.record("patient.registered", patient, by=by, patients=[patient.pk], temporary=True)
    request = Request(
        referrer=referrer,
        priority=Priority.STAT,
        patient_class=PatientClass.EMERGENCY,
        clinical_question=clinical_question,
        ward=ward,
    )
    return place_order(patient, request, by=by, now=now)


def standard_protocol(site):
    """The protocol an order starts with, until a physician chooses: the site's first ventilation then perfusion."""
    bookable = Protocol.objects.filter(site=site, is_active=True, is_bookable=True)
    found = bookable.filter(key="V_THEN_Q").order_by("pk").first() or bookable.order_by("pk").first()
    if found is None:
        raise Conflict("This site has no bookable protocol. The lead must install the protocols first.")
    return found


def why_not_cancel(order):
    """A sentence why this order cannot be cancelled now, or None."""
    if order.state == OrderState.SCHEDULED:
        return "This order has an appointment. Cancel the appointment first."
    return None


@transaction.atomic
def cancel_order(order, *, reason, by, now):
    """End an order that has no appointment."""
    policy.permit(by, "order.cancel")
    if refusal := why_not_cancel(order):
        raise Conflict(refusal)
    if not reason.strip():
        raise Invalid(
            "Say why the order is cancelled.", fields={"reason": ["Say why the order is cancelled."]}
        )
    transitions.move(order, OrderState.CANCELLED, closed_reason=reason.strip())
    screening.close_tasks(order, by=by, now=now, kind__in=screening.MOOT_WITHOUT_ORDER)
    audit.record("order.cancelled", order, by=by, patients=[order.patient_id], reason=reason.strip())
    return order
