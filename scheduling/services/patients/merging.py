"""Two records of one person become one (HL7 ADT^A40): what the other has moves, and its number stays findable."""

import hashlib
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from scheduling.engine.states import UNFINISHED_ORDER
from scheduling.models import (
    Appointment,
    BodyMeasurement,
    FormerNumber,
    Order,
    Patient,
    PatientLink,
    Reservation,
    Resource,
)
from scheduling.services import reservations, screening
from scheduling.services.messages import again
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

# What is chosen as one: a given name of one record never stands beside a surname of the other.
GROUPS = {
    "name": ("family_name", "given_name", "middle_name", "name_prefix", "name_suffix"),
    "born_on": ("born_on",),
    "sex": ("sex",),
    "phone": ("phone", "sms_consent_at", "sms_consent_by_id"),
    "email": (
        "email",
        "email_consent_at",
        "email_consent_by_id",
        "detailed_email_consent",
        "bounced_email",
    ),
    "language": ("language", "interpreter_needed"),
    "guardian": ("guardian_name", "guardian_email", "guardian_phone"),
}
BUSY = "Somebody is booking for one of these patients at this moment. Try again in a few seconds."
MERGED_ALREADY = "One of these records was merged already. Search for the patient again."
SINCE_CHANGED = "Somebody has changed one of the records since you compared them. Compare them again."


def why_not_merge(keep, other):
    """A sentence why `other` cannot be merged into `keep`, or None; what both have booked is asked by `clash`."""
    if keep.pk == other.pk:
        return "This is the same record. Choose another one."
    if keep.merged_into_id or other.merged_into_id:
        return MERGED_ALREADY
    if keep.is_temporary and not other.is_temporary:
        return "Keep the record with the real number: the temporary one is merged into it."
    return None


def fingerprint(keep, other):
    """Changes whenever a value that somebody chooses between does, or the choice of the record that stays."""
    names = [name for group in GROUPS.values() for name in group]
    values = [(each.pk, each.mrn, *(str(getattr(each, name)) for name in names)) for each in (keep, other)]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def clash(keep, other):
    """A sentence when both records take time at the same moment, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_CLASH, [keep.resource_id, other.resource_id])
        found = cursor.fetchone()
    if found is None:
        return None
    at = found[0].astimezone(ZoneInfo(keep.site.time_zone))
    return (
        f"Both records have an appointment at the same time: {at.day} {at:%b %Y}, {at:%H:%M}. "
        "Move or cancel one of them first."
    )


_CLASH = """SELECT greatest(lower(one.span), lower(other.span))
    FROM scheduling_reservation one JOIN scheduling_reservation other ON one.span && other.span
    WHERE one.resource_id = %s AND other.resource_id = %s AND one.status <> 'released' AND other.status <> 'released'
    ORDER BY 1 LIMIT 1"""


@transaction.atomic
def merge(keep, other, *, take=(), seen="", by, now):
    """Make `other` a part of `keep`, which is returned: its orders with all that belongs to them, its time and
    measurements move, its number becomes a former one.

    `take` names the GROUPS of values that come from `other`; all else stays as `keep` has it. `seen` is the
    fingerprint of what was compared. Raises Conflict where both are booked at the same time, where a record was
    merged or changed meanwhile, and where a temporary record would be kept instead of a real one.
    """
    policy.permit(by, "patient.merge")
    if unknown := set(take) - GROUPS.keys():
        raise Invalid("Some values cannot be chosen.", fields={name: ["Unknown."] for name in unknown})
    keep, other = _locked(keep, other, now=now)
    for refusal in (why_not_merge(keep, other), clash(keep, other)):
        if refusal:
            raise Conflict(refusal)
    if seen and seen != fingerprint(keep, other):
        raise Conflict(SINCE_CHANGED)
    orders = _move(keep, other)
    _take(keep, other, take)
    _end(keep, other, by=by, now=now)
    audit.record(
        "patient.merged",
        keep,
        by=by,
        patients=[keep.pk, other.pk],
        record=other.pk,
        values=sorted(take),
        orders=orders,
    )
    ask_again(keep, by=by, now=now)
    # The address and what was agreed to may be another's now, for the messages of both.
    again.hold_back(keep, now=now)
    again.resume(keep, now=now)
    return keep


def _locked(keep, other, *, now):
    """Both as they are now, with nobody booking, ordering or measuring for them until the transaction ends.

    Bookings come first, as everybody takes them; then the records, FOR UPDATE: whoever is about to write a row
    that points to one waits, and then meets its trigger.
    """
    people = [keep.pk, other.pk]
    with reservations.refused(BUSY):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
        list(_keys(Appointment.objects.filter(procedure__order__patient__in=people), no_key=True))
        lock_orders(people)
        list(_keys(Patient.objects.filter(pk__in=people)))
        list(_keys(Resource.objects.filter(patient__in=people)))
    read = Patient.objects.select_related("site").in_bulk(people)
    keep, other = read[keep.pk], read[other.pk]
    if keep.site_id != other.site_id:
        raise Conflict("These records belong to two sites.")
    times = [each.resource_id for each in (keep, other) if each.resource_id]
    reservations.free(now=now, resources=times, around=[(0, 2**40)])
    return keep, other


def lock_orders(people):
    """Before their patients', as everybody does, or a merge and an identification wait for each other."""
    list(_keys(Order.objects.filter(patient__in=people), no_key=True))


def _keys(rows, **lock):
    return rows.order_by("pk").select_for_update(of=("self",), **lock).values_list("pk", flat=True)


def _move(keep, other):
    """Give everything of the other record to the one that stays; the ids of the orders."""
    theirs = Order.objects.filter(patient=other)
    orders = sorted(theirs.values_list("pk", flat=True))
    theirs.update(patient=keep)
    BodyMeasurement.objects.filter(patient=other).update(patient=keep)
    FormerNumber.objects.filter(patient=other).update(patient=keep)
    PatientLink.objects.filter(patient=other).update(patient=keep)
    Patient.objects.filter(merged_into=other).update(merged_into=keep)
    with reservations.refused(reservations.TAKEN):
        Reservation.objects.filter(resource=other.resource_id).update(resource=keep.resource_id)
    return orders


def _take(keep, other, groups):
    names = [name for group in sorted(groups) for name in GROUPS[group]]
    for name in names:
        setattr(keep, name, getattr(other, name))
    if keep.born_on is None and not keep.is_temporary:
        raise Invalid(
            "A patient with a real number has a date of birth. Keep the one that is known.",
            fields={"born_on": ["Keep the date that is known."]},
        )
    if other.reminders_stopped_at and not keep.reminders_stopped_at:
        # Whoever wanted no reminders gets none, whichever record stays.
        keep.reminders_stopped_at = other.reminders_stopped_at
        names.append("reminders_stopped_at")
    if names:
        keep.save(update_fields=names)


def _end(keep, other, *, by, now):
    FormerNumber.objects.create(
        patient=keep, mrn=other.mrn, mrn_issuer=other.mrn_issuer, ended_at=now, ended_by=by
    )
    time = other.resource_id
    Patient.objects.filter(pk=other.pk).update(resource=None, merged_into=keep, merged_at=now, merged_by=by)
    # Gone, not only unused: a booking that still has it in hand is refused by its foreign key.
    Resource.objects.filter(pk=time).delete()


def ask_again(patient, *, by, now):
    """Open and close the tasks of unfinished orders: another age or sex asks other questions."""
    for order in Order.objects.filter(patient=patient, state__in=UNFINISHED_ORDER).with_people():
        screening.sync_tasks(order, by=by, now=now)
