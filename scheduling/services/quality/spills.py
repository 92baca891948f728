"""Gas escaped into a room: nobody goes in until its air is clear, and the day is planned anew around it."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from scheduling.engine.clearance import LARGEST_VIAL_MBQ, spill_minutes
from scheduling.models import DisruptionKind, Incident, Resource, ResourceKind, Room, Spill
from scheduling.services import disruptions, incidents
from scheduling.templatetags import clock
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

MOST_MINUTES = 24 * 60
MOST_MBQ = 10_000
ANOTHER = "Gas escaped again"


def posted_minutes(resource, *, activity_mbq=LARGEST_VIAL_MBQ):
    """Minutes until the air of a room is clear by the site's limit, at least 1; None where they are not known."""
    room = Room.objects.filter(pk=resource.pk).first()
    if room is None or not room.volume_m3 or not room.exhaust_m3_per_h:
        return None
    minutes = spill_minutes(
        volume_m3=float(room.volume_m3),
        exhaust_m3_per_h=float(room.exhaust_m3_per_h),
        activity_mbq=float(activity_mbq),
        limit_bq_per_m3=resource.site.xenon_limit_bq_per_m3,
    )
    return max(1, minutes)


@transaction.atomic
def report(room, *, by, now, activity_mbq=None, happened_at=None, what="", clear_minutes=None, step=None):
    """Evacuate a room; returns the Spill, with its incident and the disruption that plans the day anew.

    `activity_mbq`: by default the largest vial. `clear_minutes`: as posted, where the room's air is not recorded.
    A spill before it that has not cleared goes into this one. Raises Invalid.
    """
    policy.permit(by, "spill.report")
    room = (
        Resource.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=room.pk)
    )
    activity_mbq = Decimal(LARGEST_VIAL_MBQ if activity_mbq is None else activity_mbq)
    happened_at = happened_at or now
    _check(room, activity_mbq, happened_at, now)
    in_room, clears_at = _clearing(room, activity_mbq, happened_at, clear_minutes)
    _end_before(room, by=by, now=now)
    incident = incidents.record(
        room.site,
        kind=Incident.Kind.SPILL,
        severity=Incident.Severity.MODERATE,
        what=what.strip() or f"Gas escaped in {room.name}.",
        happened_at=happened_at,
        room=room,
        step=step,
        by=by,
        now=now,
    )
    spill = Spill.objects.create(
        site=room.site,
        room=room,
        incident=incident,
        disruption=_evacuate(room, happened_at, clears_at, by=by, now=now),
        activity_mbq=activity_mbq,
        in_room_mbq=in_room if in_room > activity_mbq else None,
        happened_at=happened_at,
        clears_at=clears_at,
    )
    facts = {"room": room.name, "activity_mbq": str(activity_mbq), "clears_at": clears_at.isoformat()}
    audit.record("spill.reported", spill, by=by, **facts)
    return spill


def _check(room, activity_mbq, happened_at, now):
    faults = {}
    if room.kind != ResourceKind.ROOM:
        faults["room"] = ["Choose the room."]
    if not 0 < activity_mbq <= MOST_MBQ:
        faults["activity_mbq"] = [f"More than 0 and at most {MOST_MBQ:,} MBq."]
    if not now - timedelta(days=1) <= happened_at <= now:
        faults["happened_at"] = ["Enter a time of the last 24 hours."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)


def _clearing(room, activity_mbq, happened_at, clear_minutes):
    """(MBq in the room, when it is clear). Gas of the spills before that have not cleared is still there: all
    together, and never before the last of them would clear."""
    there = list(Spill.objects.filter(room=room, ended_at=None, clears_at__gt=happened_at))
    # Each holds what was there before it. What the exhaust has taken since is left out: later is safe.
    in_room = activity_mbq + sum(each.in_room_mbq or each.activity_mbq for each in there)
    clears_at = happened_at + timedelta(minutes=_minutes(room, in_room, clear_minutes))
    return in_room, max([clears_at, *(each.clears_at for each in there)])


def _minutes(room, activity_mbq, clear_minutes):
    known = posted_minutes(room, activity_mbq=activity_mbq)
    minutes = known if known is not None else clear_minutes
    if minutes is None or not 0 < minutes <= MOST_MINUTES:
        sentence = (
            "Volume and exhaust of this room are not recorded. Enter the minutes that are posted at its door."
        )
        raise Invalid(sentence, fields={"clear_minutes": [sentence]})
    return minutes


def _evacuate(room, happened_at, clears_at, *, by, now):
    """The room is closed and the day planned anew; None where it is clear again already."""
    if clears_at <= now:
        return None
    return disruptions.report(
        room.site,
        kind=DisruptionKind.ROOM_DOWN,
        resource=room,
        starts_at=happened_at,
        ends_at=clears_at,
        reason=f"Evacuated: gas escaped. Clears {clock.time_at(clears_at, room.site.time_zone)}",
        by=by,
        now=now,
    )


def _end_before(room, *, by, now):
    """At most one spill of a room is open: one that cleared by its time is over since then."""
    for spill in Spill.objects.select_for_update().filter(room=room, ended_at=None):
        _close(
            spill,
            ended_at=min(now, spill.clears_at),
            note=ANOTHER if spill.clears_at > now else "",
            by=by,
            now=now,
        )


@transaction.atomic
def end(spill, *, note, by, now):
    """The air was measured and is clear before its time: the room opens now. `note`: what was measured."""
    policy.permit(by, "spill.report")
    spill = (
        Spill.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site", "room")
        .get(pk=spill.pk)
    )
    if spill.ended_at or spill.clears_at <= now:
        raise Conflict(f"{spill.room.name} is clear already.")
    if not note.strip():
        sentence = "Say what was measured, and with which instrument."
        raise Invalid(sentence, fields={"note": [sentence]})
    _close(spill, ended_at=now, note=note.strip()[:200], by=by, now=now)
    audit.record("spill.ended", spill, by=by, room=spill.room.name, note=spill.end_note)
    return spill


def _close(spill, *, ended_at, note, by, now):
    spill.ended_at, spill.ended_by, spill.end_note = ended_at, by, note
    spill.save(update_fields=["ended_at", "ended_by", "end_note"])
    if spill.disruption_id and spill.disruption.closed_at is None:
        disruptions.close(spill.disruption, by=by, now=now)
