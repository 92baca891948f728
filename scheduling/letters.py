"""Mail as text: subject, plain text, HTML and calendar files. Rows and their sending: services/messages.

What a mail gives away is decided here: a first name, clinic, date, time, place and phone, and never what is
examined. Anyone who sees a phone's lock screen or shares an inbox may read it.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.mime.application import MIMEApplication
from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from itertools import groupby
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from icalendar import Calendar, Event, vCalAddress

from scheduling import letter_texts, paper
from scheduling.engine.states import StepState
from scheduling.models import LetterKind, Message, MessageKind, Reservation, ResourceKind, StepKind
from scheduling.paper import letter
from scheduling.templatetags import clock

# What names the examination, its department or its result; a site's own name and place may not either.
TELLING = re.compile(
    r"nuclear|radiolog|lung|pulmon|chest|thora|\bscan|x-?ray|\bv/?q|tracer|radioact|isotope|perfusion|ventilat"
    r"|embol|\bclot|pregnan|breast|examination|imaging|camera|spect\b|diagnos",
    re.IGNORECASE,
)

YEAR = timedelta(days=366)
INVENTED = "Maria"

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def telling_words(text):
    """The words of a text that give away what an appointment is for."""
    return TELLING.findall(text)


@dataclass(frozen=True, slots=True)
class Visit:
    """One coming to the clinic; of several all but the last are `is_first_of_two`."""

    starts_at: datetime
    ends_at: datetime
    is_first_of_two: bool = False
    is_xray_only: bool = field(default=False, compare=False)
    number: int = field(default=1, compare=False)


def visits(appointment, times=None):
    """The visits of the plan, one for each local day: the X-ray may be on the day before, held ventilation on the next.

    An X-ray that was done already, or elsewhere, is not a visit any more, nor is ventilation that was given up.
    `times`: (from, to, kind of step) of the patient's own time, in order, where they are known.
    """
    zone = appointment.site.time_zone
    days = [
        list(each)
        for _, each in groupby(times or _planned_times(appointment), lambda t: clock.local(t[0], zone).date())
    ]
    if not days:
        return [Visit(appointment.starts_at, appointment.ends_at)]
    return [
        Visit(
            starts_at=times[0][0],
            ends_at=max(ends_at for _, ends_at, _ in times),
            is_first_of_two=times is not days[-1],
            is_xray_only=all(kind == StepKind.XRAY for _, _, kind in times),
            number=number,
        )
        for number, times in enumerate(days, 1)
    ]


def _planned_times(appointment):
    """(from, to, kind of step) of the patient's own time in the present plan, in order."""
    done = Q(step__kind=StepKind.XRAY) & (
        Q(step__performed_start_at__isnull=False) | Q(step__performed_end_at__isnull=False)
    )
    given_up = Q(step__state=StepState.CANCELLED) & ~Q(step__discontinued_reason="")
    rows = Reservation.objects.filter(
        step__appointment=appointment, revision=appointment.revision, resource__kind=ResourceKind.PATIENT
    )
    spans = rows.exclude(done).exclude(given_up).order_by("span").values_list("span", "step__kind")
    return [(span.lower, span.upper, kind) for span, kind in spans]


def compose(message, *, now):
    """The mail of one Message row, addressed and ready to send.

    Raises ValueError when there is no address now. Django refuses a line break in a header as it sends.
    """
    address = address_of(message)
    if not address:
        raise ValueError("There is no address for this message.")
    to_patient = message.recipient == Message.Recipient.PATIENT
    planned = _planned(message) if to_patient else []
    about = _about(message, [visit for visit in planned if visit.ends_at > now])
    layout = "letter" if to_patient else "notice"
    mail = EmailMultiAlternatives(
        subject=subject_of(message.kind, about),
        body=render_to_string(f"email/{layout}.txt", about),
        from_email=_sender(message.order.site),
        to=[address],
        headers={
            # The same for every attempt: a mail program that gets it twice can show it once.
            "Message-ID": f"<{message.pk}@{host()}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": about["language"],
        },
    )
    mail.attach_alternative(_inliner.inline(render_to_string(f"email/{layout}.html", about)), "text/html")
    if message.appointment_id:  # what is only offered goes into nobody's calendar
        for file in calendar_files(message, about["visits"], address, now=now):
            mail.attach(file)
    if message.kind == MessageKind.LETTER_COPY:
        part = MIMEApplication(_letter(message, now), "pdf")
        part.add_header("Content-Disposition", "attachment", filename="appointment.pdf")
        mail.attach(part)
    return mail


def _letter(message, now):
    """The letter on paper, neutral unless the patient has agreed to more."""
    appointment = message.appointment
    detailed = message.order.patient.detailed_email_consent
    return paper.pdf(letter.LETTER, letter.data(appointment, visits(appointment), now=now, detailed=detailed))


def subject_of(kind, about):
    """One line: the department's own words, or the usual."""
    return " ".join((about["own"].subject or render_to_string(f"email/{kind}/subject.txt", about)).split())


def shown(site, kind, own, *, visits, language="en"):
    """(subject, text) of a mail to an invented patient with these words of the department's own."""
    about = {
        "kind": kind,
        "language": language,
        "site": site,
        "first_name": INVENTED,
        "own": letter_texts.filled(own, site=site, first_name=INVENTED),
        "visits": visits,
        "public_url": settings.PUBLIC_URL,
        "opening": f"email/{kind}/opening.txt",
    }
    return subject_of(kind, about), render_to_string("email/letter.txt", about)


def _planned(message):
    return offered_visits(message.offer) if message.offer_id else visits(message.appointment)


def offered_visits(offer):
    """The one or two visits of a time that is offered from the waitlist."""
    planned = offer.planned_visits
    return [Visit(**each, is_first_of_two=each is not planned[-1]) for each in planned]


def address_of(message):
    """Where this message may go now; empty when nowhere."""
    if message.recipient == Message.Recipient.REFERRER:
        return message.order.referrer.email
    return message.order.patient.mail_address


def host():
    """The name that message and calendar identifiers end with."""
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _about(message, upcoming):
    order = message.order
    return {
        "kind": message.kind,
        "language": "en",
        "site": order.site,
        "first_name": order.patient.given_name,
        "to_guardian": bool(order.patient.guardian_email),
        "visits": upcoming,
        "offer": message.offer,
        "own": _own(message),
        "public_url": settings.PUBLIC_URL,
        "opening": f"email/{message.kind}/opening.txt",
    }


def _own(message):
    """The department's own words, where it has any for this kind of mail."""
    order = message.order
    if message.recipient != Message.Recipient.PATIENT or message.kind not in LetterKind.values:
        return letter_texts.Own()
    own = letter_texts.own(order.site, message.kind)
    return letter_texts.filled(own, site=order.site, first_name=order.patient.given_name)


def calendar_files(message, planned, address, *, now):
    """One text/calendar part per visit: a request has one UID (RFC 5546, 3.2.2), programs read one event.

    The mail about a move takes back a first visit that an earlier plan had and this one has not.
    """
    appointment = message.appointment
    is_cancelled = message.kind == MessageKind.CANCELLED
    method = "CANCEL" if is_cancelled else "REQUEST"
    parts = [(method, visit) for visit in planned]
    dropped = _dropped_first_visit(message, planned, now)
    if dropped is not None:
        parts.append(("CANCEL", dropped))
    names = (
        ["appointment.ics"] if len(parts) == 1 else [f"appointment-{n + 1}.ics" for n in range(len(parts))]
    )
    sequence = appointment.revision + is_cancelled
    return [
        _part(name, method, _event(appointment, visit, method, sequence, address, now))
        for name, (method, visit) in zip(names, parts, strict=True)
    ]


def _event(appointment, visit, method, sequence, address, now):
    site, event = appointment.site, Event()
    event.add("uid", f"{appointment.pk}{_part_of_plan(visit)}@{host()}")
    event.add("sequence", sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", _calendar_time(visit.starts_at, site.time_zone))
    event.add("dtend", _calendar_time(visit.ends_at, site.time_zone))
    event.add("summary", f"Appointment - {site.name}")
    event.add("location", site.place)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"))
    # Accepted already, no answer wanted: programs then show no buttons whose answer nobody would read.
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params.update({"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", attendee)
    return event


def _part_of_plan(visit):
    """What tells the calendar entries of one plan apart; the last visit is the plan's own entry."""
    if not visit.is_first_of_two:
        return ""
    return "-first" if visit.number == 1 else f"-{visit.number}"


def _calendar_time(value, zone):
    """Local with TZID; in UTC when the clock shows this hour twice, because TZID can only mean the first."""
    moment = clock.local(value, zone)
    return value.astimezone(UTC) if clock.happens_twice(moment) else moment


def _part(name, method, event):
    calendar = Calendar()
    # No product name: it tells more than the sender does.
    calendar.add("prodid", "-//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    day = event.start.date()
    calendar.add_missing_timezones(day - YEAR, day + YEAR)
    part = MIMEText(calendar.to_ical().decode(), "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _dropped_first_visit(message, planned, now):
    """The newest first visit, still to come, of an earlier plan; None when this plan has one of its own."""
    appointment = message.appointment
    if message.kind != MessageKind.MOVED or any(visit.is_first_of_two for visit in planned):
        return None
    for revision in range(appointment.revision - 1, 0, -1):
        xray = _first_span(appointment, revision, Q(step__kind=StepKind.XRAY))
        lungs = _first_span(appointment, revision, ~Q(step__kind=StepKind.XRAY))
        if xray and lungs and not _same_day(xray.lower, lungs.lower, appointment.site.time_zone):
            return Visit(xray.lower, xray.upper, is_first_of_two=True) if xray.lower > now else None
    return None


def _sender(site):
    return formataddr((site.name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def _same_day(one, other, zone):
    return clock.local(one, zone).date() == clock.local(other, zone).date()


def _first_span(appointment, revision, which):
    """The patient's own earliest time for these steps in one revision of the plan, or None."""
    time = Reservation.objects.filter(
        which, step__appointment=appointment, revision=revision, resource__kind=ResourceKind.PATIENT
    )
    return time.order_by("span").values_list("span", flat=True).first()
