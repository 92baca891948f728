"""What a link may change by itself: it is unlocked, it ends, and it stops reminders."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import ngettext

from scheduling.models import MessageState, Patient, PatientLink, Purpose
from scheduling.services.links.worth import Standing, of, patient_of, sentence_of, site_of, why_not
from vqflow import audit
from vqflow.errors import Conflict, Invalid

# A patient is mailed several links; who guesses has five tries a day over all of them.
TRIES_WITHIN = timedelta(days=1)
NOT_UNLOCKED = "link.not_unlocked"


def revoke_of(appointment, *, now):
    """After a move or a cancellation: links about the time that was are dead."""
    links = PatientLink.objects.filter(appointment=appointment, purpose=Purpose.VISIT, revoked_at=None)
    links.update(revoked_at=now)


def revoke_mailed(patient, *, now):
    """After another address: what was mailed to the one before opens nothing more, for it may be a stranger's."""
    mailed = PatientLink.objects.filter(patient=patient, message__state=MessageState.SENT, revoked_at=None)
    mailed.update(revoked_at=now)


def unchanged(appointment):
    """After a raised revision that changes nothing for the patient: links that were mailed go on."""
    links = PatientLink.objects.filter(appointment=appointment, purpose=Purpose.VISIT, revoked_at=None)
    links.update(revision=appointment.revision)


def unlock(link, born_on, *, now):
    """Open the details to who knows the date of birth; returns the link.

    Raises Conflict when the link is not live, or closed after five wrong tries in all, or in a day over all links of
    the patient (counted under a lock, so that tries sent at the same moment count), and Invalid, with the tries that
    are left, for a wrong date.
    """
    with transaction.atomic():
        # The tables that it is joined with are read, not locked.
        Patient.objects.select_for_update(no_key=True).get(pk=patient_of(link).pk)
        PatientLink.objects.select_for_update(no_key=True).get(pk=link.pk)
        link = of(link.pk)
        if refusal := why_not(link, now=now) or _why_no_more_tries(link):
            raise Conflict(refusal)
        right = born_on is not None and born_on == patient_of(link).born_on
        _count(link, right, now)
    if right:
        return link
    left = min(PatientLink.WRONG_TRIES - link.wrong_tries, _left_today(link))
    if left <= 0:
        raise Conflict(sentence_of(Standing.BLOCKED))
    sentence = ngettext(
        "This is not the date of birth that we have. You can try %(left)s more time.",
        "This is not the date of birth that we have. You can try %(left)s more times.",
        left,
    )
    raise Invalid(sentence % {"left": left})


def _why_no_more_tries(link):
    return sentence_of(Standing.BLOCKED) if _left_today(link) <= 0 else None


def _left_today(link):
    mailed = PatientLink.objects.filter(patient=patient_of(link))
    return PatientLink.WRONG_TRIES - audit.lately(NOT_UNLOCKED, mailed, within=TRIES_WITHIN)


def _count(link, right, now):
    if right and link.unlocked_at is None:
        link.unlocked_at = now
        link.save(update_fields=["unlocked_at"])
    if not right:
        link.wrong_tries += 1
        link.save(update_fields=["wrong_tries"])
    audit.record(
        "link.unlocked" if right else NOT_UNLOCKED,
        link,
        by=None,
        site=site_of(link).code,
        patients=[patient_of(link).pk],
        outcome="success" if right else "failure",
    )


def stop_reminders(link, *, now):
    """No more reminders to this patient; the appointment stands. True when it was not so already."""
    return _reminders(link, stopped_at=now, action="reminders.stopped")


def resume_reminders(link, *, now):
    """The patient wants reminders after all. True when they had been stopped."""
    return _reminders(link, stopped_at=None, action="reminders.resumed")


@transaction.atomic
def _reminders(link, *, stopped_at, action):
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_of(link).pk)
    if (patient.reminders_stopped_at is None) == (stopped_at is None):
        return False
    patient.reminders_stopped_at = stopped_at
    patient.save(update_fields=["reminders_stopped_at"])
    audit.record(action, link, by=None, site=site_of(link).code, patients=[patient.pk])
    return True
