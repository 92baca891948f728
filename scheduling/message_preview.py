"""What goes out about an invented visit, when, and in which words: the plan of messages to look at."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling import letter_texts, letters, sms_texts
from scheduling.engine import reminders
from scheduling.engine.waitlist import Mode
from scheduling.models import Channel, Hold, MessageKind, Offer

AHEAD = timedelta(days=10)
VISIT_AT, VISIT_TAKES = time(9), timedelta(hours=2, minutes=30)
XRAY_AT, XRAY_TAKES = time(15), timedelta(minutes=20)
# What only comes when something changes, or later; in the order in which it could.
LATER = (
    MessageKind.OFFER,
    MessageKind.CALL_US,
    MessageKind.MOVED,
    MessageKind.CANCELLED,
    MessageKind.NOT_DONE,
    MessageKind.AFTERCARE,
    MessageKind.RESULT_READY,
    MessageKind.CRITICAL_RESULT,
    MessageKind.RESULT_CHANGED,
    MessageKind.RESULT_WITHDRAWN,
)
TO_REFERRERS = letters.TO_REFERRER


@dataclass(frozen=True, slots=True)
class Shown:
    """One message; `due_at` is None for what comes only when something happens; what `is_late` is not sent."""

    kind: str
    channel: str
    due_at: datetime | None
    subject: str
    text: str
    to_referrer: bool = False
    is_late: bool = False


def visits(site, today, *, two):
    """The invented visits: one morning, or with an X-ray on the afternoon before."""
    zone, day = ZoneInfo(site.time_zone), today + AHEAD
    begins = datetime.combine(day, VISIT_AT, zone)
    last = letters.Visit(begins, begins + VISIT_TAKES, number=2 if two else 1)
    if not two:
        return [last]
    xray = datetime.combine(day - timedelta(days=1), XRAY_AT, zone)
    return [letters.Visit(xray, xray + XRAY_TAKES, is_first_of_two=True, is_xray_only=True), last]


def shown(site, plan, *, today, two=False, booked_hours=240, language="en"):
    """(what goes out by itself, what comes when something happens) about a visit booked so long before: Shown."""
    planned = visits(site, today, two=two)
    booked_at = planned[0].starts_at - timedelta(hours=booked_hours)
    channels = [Channel.EMAIL, Channel.SMS] if site.sends_sms else [Channel.EMAIL]
    first = [
        _shown(site, kind, channel, booked_at, planned, language)
        for kind in (MessageKind.CONFIRMATION, MessageKind.BOOKED)
        for channel in channels
        if reminders.is_on(plan, kind, channel)
    ]
    timed = [
        _shown(
            site,
            each.line.kind,
            channel,
            each.due_at,
            planned,
            language,
            visit=each.visit,
            is_late=each.is_late,
        )
        for channel in channels
        for each in reminders.reminders(plan, planned, zone=site.time_zone, now=booked_at, channel=channel)
    ]
    later = [
        _shown(site, kind, channel, None, planned, language)
        for kind in LATER
        for channel in channels
        if reminders.is_on(plan, kind, channel)
    ]
    return [*first, *sorted(timed, key=lambda each: each.due_at)], later


def _shown(site, kind, channel, due_at, planned, language, *, visit=None, is_late=False):
    still_to_come = [each for each in planned if due_at is None or each.ends_at > due_at]
    if channel == Channel.SMS:
        still_to_come = [visit] if visit else still_to_come
        subject, text = "", sms_texts.written(kind, site, still_to_come, language, link="https://…/a/…")
    else:
        own = letter_texts.own(site, kind, language)
        subject, text = letters.shown(
            site, kind, own, visits=still_to_come, language=language, offer=_offer(site, planned)
        )
    return Shown(kind, channel, due_at, subject, text, kind in TO_REFERRERS, is_late)


def _offer(site, planned):
    """The invented visit as a time that has become free for somebody on the waitlist."""
    held = None if site.waitlist_mode == Mode.FIRST_COME else Hold()
    return Offer(hold=held, answer_by=planned[0].starts_at - timedelta(days=1))
