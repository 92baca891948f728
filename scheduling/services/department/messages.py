"""The department's plan of messages: which of its lines are on, and what it adds to the usual ones."""

from django.db import transaction

from scheduling.engine import reminders
from scheduling.models import Channel, MessageKind, MessageRule
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

ACTION = "department.manage"
PLANNED_KINDS = tuple(dict.fromkeys(line.kind for line in reminders.USUAL))
TO_REFERRERS = (
    MessageKind.BOOKED,
    MessageKind.NOT_DONE,
    MessageKind.RESULT_READY,
    MessageKind.CRITICAL_RESULT,
    MessageKind.RESULT_CHANGED,
    MessageKind.RESULT_WITHDRAWN,
)
MOST_HOURS = 30 * 24
USUAL, DEPARTMENT, PROTOCOL = "usual", "department", "protocol"


def lines(site, protocol=None):
    """[(reminders.Line, whose it is)] of the plan of a protocol, or of all that have none of their own."""
    own, of_protocol = _lines(site, None), _lines(site, protocol) if protocol else []
    found = {line.key: USUAL for line in reminders.USUAL}
    found |= {line.key: DEPARTMENT for line in own} | {line.key: PROTOCOL for line in of_protocol}
    return [(line, found[line.key]) for line in reminders.merged(own, of_protocol)]


def _lines(site, protocol):
    rows = MessageRule.objects.filter(site=site, protocol=protocol)
    return [reminders.Line(row.kind, row.hours_before, row.channel, row.is_on) for row in rows]


@transaction.atomic
def set_line(site, *, kind, is_on, by, hours_before=0, channel=Channel.EMAIL, protocol=None):
    """The line of this kind, hours and channel is on or off from now on; None: as usual again.

    It holds for what is booked or moved from now on; what is written already stays. Raises Invalid for a line
    that cannot be, and Conflict where nothing would change.
    """
    policy.permit(by, ACTION)
    line = reminders.Line(kind, hours_before, channel, bool(is_on))
    _check(line, is_on)
    about = {
        "site": site,
        "protocol": protocol,
        "kind": kind,
        "hours_before": hours_before,
        "channel": channel,
    }
    row = MessageRule.objects.select_for_update().filter(**about).first()
    if (row.is_on if row else None) == is_on:
        raise Conflict("The plan says so already.")
    if is_on is None:
        row.delete()
    elif row:
        row.is_on = is_on
        row.save(update_fields=["is_on"])
    else:
        MessageRule.objects.create(**about, is_on=is_on)
    audit.record(
        "department.messages_changed",
        site,
        by=by,
        kind=kind,
        hours_before=hours_before,
        channel=channel,
        protocol=protocol.key if protocol else "",
        is_on=is_on,
    )
    return lines(site, protocol)


def _check(line, is_on):
    if line.kind not in PLANNED_KINDS:
        _refuse("kind", "This kind is sent when somebody asks for it, not by a plan.")
    is_timed = line.kind in reminders.TIMED
    if is_timed and not 1 <= line.hours_before <= MOST_HOURS:
        _refuse("hours_before", f"Say how many hours before the visit: 1 to {MOST_HOURS}.")
    if not is_timed and line.hours_before:
        _refuse("hours_before", "This is sent at once. Leave the hours at 0.")
    if line.channel == Channel.SMS and line.kind in TO_REFERRERS:
        _refuse("channel", "Referrers get e-mail only.")
    if is_on is False and line.key in reminders.NEVER_OFF:
        _refuse("is_on", "This is always sent: without it somebody comes at a wrong time, or a result waits.")


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
