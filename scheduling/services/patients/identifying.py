"""Somebody unknown gets a name: a temporary record becomes a real one in place."""

from django.db import transaction

from scheduling.models import FormerNumber, Patient
from scheduling.services import intake
from scheduling.services.patients import merging
from vqflow import audit, policy
from vqflow.errors import Conflict

FIELDS = ("mrn", "mrn_issuer", "family_name", "given_name", "middle_name", "born_on", "sex")


@transaction.atomic
def identify(patient, *, by, now, confirmed_different=(), **identity):
    """Give a temporary record its number, name, date of birth and sex (FIELDS); its old number stays findable.

    Raises Conflict once it has been identified or merged; PossibleDuplicates where the number, or the person,
    has a record of their own: those two are merged instead.
    """
    policy.permit(by, "patient.identify")
    merging.lock_orders([patient.pk])
    patient = (
        Patient.objects.select_related("site").select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    )
    if refusal := why_not_identify(patient):
        raise Conflict(refusal)
    intake.one_registration_at_a_time(patient.site)
    _refuse_number_of_another(patient, identity)
    alike = intake.refuse_duplicates(identity, patient.site, confirmed_different, besides=[patient.pk])
    FormerNumber.objects.create(
        patient=patient, mrn=patient.mrn, mrn_issuer=patient.mrn_issuer, ended_at=now, ended_by=by
    )
    for name in identity:
        setattr(patient, name, identity[name])
    patient.is_temporary = False
    with intake.number_given_once(patient.mrn_issuer):
        patient.save(update_fields=[*identity, "is_temporary"])
    about = {"different_from": alike} if alike else {}
    audit.record("patient.identified", patient, by=by, patients=[patient.pk], **about)
    merging.ask_again(patient, by=by, now=now)
    return patient


def why_not_identify(patient):
    """A sentence why this record cannot be identified, or None."""
    if patient.merged_into_id:
        return merging.MERGED_ALREADY
    if not patient.is_temporary:
        return "This patient has been identified already."
    return None


def _refuse_number_of_another(patient, identity):
    """The one who has the number is this patient: the two records are to be merged, whatever else they say."""
    owner = (
        Patient.objects.filter(mrn=identity["mrn"], mrn_issuer=identity["mrn_issuer"])
        .exclude(pk=patient.pk)
        .select_related("merged_into")
        .first()
    )
    if owner is None:
        return
    same_site = owner.site_id == patient.site_id
    sentence = "This number has a record already. The lead merges the temporary record into it."
    raise intake.PossibleDuplicates(sentence, candidates=[owner.merged_into or owner] if same_site else [])
