"""Patients and orders come in."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from scheduling import patient_duplicates
from scheduling.engine import wells
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
    Transport,
)
from scheduling.models.patients import MERGED
from scheduling.services import messages, numbers, referrers, screening, transitions
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

UNKNOWN_NAME = "Unknown"
SAME_PERSON = (
    "This may be somebody who has a record already. Choose the patient, or say that it is a different person."
)


class PossibleDuplicates(Conflict):
    """Nobody is registered before somebody has looked at these patients; `extra["candidates"]` are their ids."""

    def __init__(self, sentence, *, candidates):
        super().__init__(sentence, candidates=[each.pk for each in candidates])


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
    wells_criteria: tuple = ()
    d_dimer_ng_per_ml: int | None = None
    d_dimer_units: str = ""
    ward: str = ""
    transport: str = Transport.WALKING
    # None leaves the patient's as they are.
    language: str | None = None
    interpreter_needed: bool | None = None
    ordered_at: datetime | None = None
    answers: dict = field(default_factory=dict)


@transaction.atomic
def register_patient(
    *,
    site,
    by,
    now,
    weight_kg=None,
    height_cm=None,
    email_consent=False,
    sms_consent=False,
    confirmed_different=(),
    **fields,
):
    """Make a patient record; `fields` are those of the model.

    Raises PossibleDuplicates when somebody like this has a record, unless all of them are among the ids that are
    `confirmed_different`; Invalid at `mrn` when the issuer has given this number to somebody already.
    """
    policy.permit(by, "patient.create")
    one_registration_at_a_time(site)
    alike = refuse_duplicates(fields, site, confirmed_different)
    consents = {"email_consent": email_consent, "sms_consent": sms_consent}
    patient = _new_patient(site, fields, consents, by=by, now=now)
    if weight_kg or height_cm:
        BodyMeasurement.objects.create(
            patient=patient,
            measured_on=now.astimezone(ZoneInfo(site.time_zone)).date(),
            weight_kg=weight_kg,
            height_cm=height_cm,
            recorded_by=by,
        )
    about = {"different_from": alike} if alike else {}
    audit.record("patient.registered", patient, by=by, patients=[patient.pk], **about)
    return patient


def one_registration_at_a_time(site):
    """Wait for whoever is registering at this site: of two clerks with one patient the second sees the first's."""
    with connection.cursor() as cursor:
        key = f"patient.register {site.pk}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def refuse_duplicates(fields, site, confirmed_different, *, besides=()):
    """The ids of those like this who were confirmed to be somebody else; PossibleDuplicates when others are left."""
    known = {name: fields[name] for name in patient_duplicates.KNOWN if fields.get(name)}
    found = patient_duplicates.candidates(patient_duplicates.Person(**known), site=site, besides=besides)
    alike = [each.patient for each in found]
    if left := [each for each in alike if each.pk not in confirmed_different]:
        raise PossibleDuplicates(SAME_PERSON, candidates=left)
    return sorted(each.pk for each in alike)


def _new_patient(site, fields, consents, *, by, now):
    resource = Resource.objects.create(site=site, kind=ResourceKind.PATIENT, capabilities=["patient"])
    given = {}
    for name in [name for name, is_given in consents.items() if is_given]:
        given |= {f"{name}_at": now, f"{name}_by": by}
    with number_given_once(fields["mrn_issuer"]):
        return Patient.objects.create(site=site, resource=resource, **fields, **given)


@contextmanager
def number_given_once(issuer):
    """Invalid at `mrn` where another site was faster to write down the same number of the same issuer."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != "patient_mrn_once_per_issuer":
            raise
        sentence = f"{issuer} has given this number to another patient. Search for it instead."
        raise Invalid(sentence, fields={"mrn": [sentence]}) from error


@transaction.atomic
def place_order(patient, request, *, by, now):
    """Take an order with its screening answers; unknown answers become tasks.

    Raises Invalid when the patient or the referrer belongs to another site.
    """
    policy.permit(by, "order.create_stat" if request.priority == Priority.STAT else "order.create")
    if patient.merged_into_id:
        raise Conflict(WAS_MERGED)
    if request.referrer.site_id != patient.site_id:
        raise Invalid(
            "This referrer is not in the directory.", fields={"referrer": ["Choose from the list."]}
        )
    order = _new_order(patient, request, by=by, now=now)
    RequestedProcedure.objects.create(
        order=order,
        requested_procedure_id=numbers.procedure_id(),
        study_instance_uid=numbers.study_uid(),
        protocol=standard_protocol(patient.site),
    )
    audit.record("order.placed", order, by=by, patients=[patient.pk], priority=order.priority)
    _note_language(patient, request, by=by)
    screening.answer(order, request.answers, by=by, now=now)
    return order


WAS_MERGED = "This record was merged into another one. Search for the patient again, and order for that one."
COPIED = (
    "referrer",
    "priority",
    "patient_class",
    "clinical_question",
    "indication_code",
    "indication_text",
    "d_dimer_ng_per_ml",
    "d_dimer_units",
    "ward",
    "transport",
)


def _new_order(patient, request, *, by, now):
    values = {name: getattr(request, name) for name in COPIED}
    if request.d_dimer_ng_per_ml is None:
        values["d_dimer_units"] = ""
    numbered = {"accession_number": numbers.accession_number(), "ordered_at": request.ordered_at or now}
    try:
        with transaction.atomic():
            return Order.objects.create(
                site=patient.site, patient=patient, ordered_by=by, **numbered, **values, **_wells(request)
            )
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != MERGED:
            raise
        raise Conflict(WAS_MERGED) from error


def _wells(request):
    """The score with the criteria that it was added up from; a score of its own has none."""
    criteria, typed = sorted(set(request.wells_criteria)), request.wells_score
    if not criteria:
        return {"wells_score": typed}
    if not set(criteria) <= wells.POINTS.keys():
        raise Invalid("Some criteria cannot be right.", fields={"wells_criteria": ["Choose from the list."]})
    points = wells.score(criteria)
    if typed is not None and typed != points:
        sentence = f"The criteria add up to {points:g}. Clear them to enter another score."
        raise Invalid("The Wells score does not fit its criteria.", fields={"wells_score": [sentence]})
    return {"wells_score": points, "wells_criteria": criteria}


def _note_language(patient, request, *, by):
    told = {
        name: value
        for name in ("language", "interpreter_needed")
        if (value := getattr(request, name)) is not None and value != getattr(patient, name)
    }
    if told:
        for name, value in told.items():
            setattr(patient, name, value)
        patient.save(update_fields=list(told))
        audit.record("patient.language_changed", patient, by=by, patients=[patient.pk], **told)


@transaction.atomic
def register_and_order(*, site, request, by, now, **registration):
    """A new patient and the first order in one go, or neither; see `register_patient` and `place_order`."""
    patient = register_patient(site=site, by=by, now=now, **registration)
    return place_order(patient, request, by=by, now=now)


@transaction.atomic
def place_stat_order(*, site, name, sex, clinical_question, referrer, ward, by, now):
    """Five fields and no waiting: an unidentified patient gets a temporary number, everything else is asked later.

    A `referrer` who is not saved yet, with name and phone, is added to the directory.
    """
    policy.permit(by, "order.create_stat")
    if referrer.pk is None:
        referrer = referrers.note(site=site, name=referrer.name, phone=referrer.phone, by=by)
    family, _, given = (name or UNKNOWN_NAME).partition(",")
    fields = {
        "mrn": numbers.temporary_mrn(),
        "mrn_issuer": f"{site.code}-temporary",
        "is_temporary": True,
        "family_name": family.strip() or UNKNOWN_NAME,
        "given_name": given.strip(),
        "sex": sex or Sex.UNKNOWN,
    }
    patient = _new_patient(site, fields, {}, by=by, now=now)
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
    messages.order_cancelled(order, now=now)
    return order
