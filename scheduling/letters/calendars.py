"""Calendar files (RFC 5545, RFC 5546): one for each visit beside a mail, one of all visits to download."""

from datetime import UTC, date
from email.mime.text import MIMEText
from functools import lru_cache

from django.utils.translation import gettext
from icalendar import Calendar, Event, Timezone, vCalAddress

from scheduling.engine.clocks import happens_twice
from scheduling.letters import senders
from scheduling.letters.visits import dropped_visits
from scheduling.models import MessageKind
from scheduling.templatetags import clock


def calendar_files(message, planned, address, *, now):
    """One text/calendar part per visit: a request has one UID (RFC 5546, 3.2.2), programs read one event.

    The mail about a move takes back the visits that an earlier plan had and this one has not.
    """
    appointment = message.appointment
    is_cancelled = message.kind == MessageKind.CANCELLED
    method = "CANCEL" if is_cancelled else "REQUEST"
    parts = [(method, visit) for visit in planned]
    if message.kind == MessageKind.MOVED:
        parts += [("CANCEL", visit) for visit in dropped_visits(appointment, planned, now=now)]
    names = (
        ["appointment.ics"] if len(parts) == 1 else [f"appointment-{n + 1}.ics" for n in range(len(parts))]
    )
    sequence = appointment.revision + is_cancelled
    return [
        _part(name, method, _invited(_event(appointment, visit, method, sequence, now), address))
        for name, (method, visit) in zip(names, parts, strict=True)
    ]


def download(appointment, planned, *, now):
    """The bytes of one file with every visit, to be added to a calendar by hand (METHOD:PUBLISH).

    Its events have the identifiers of those in the mails: who has both keeps one. Neutral as the mails are, in the
    active language.
    """
    events = [_event(appointment, visit, "PUBLISH", appointment.revision, now) for visit in planned]
    return _calendar("PUBLISH", events).to_ical()


def _event(appointment, visit, method, sequence, now):
    site, event = appointment.site, Event()
    event.add("uid", f"{appointment.pk}{visit.part}@{senders.host()}")
    event.add("sequence", sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", _calendar_time(visit.starts_at, site.time_zone))
    event.add("dtend", _calendar_time(visit.ends_at, site.time_zone))
    event.add("summary", gettext("Appointment - %(clinic)s") % {"clinic": site.name})
    event.add("location", site.place)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{senders.address()}"))
    return event


def _invited(event, address):
    """Accepted already, no answer wanted: programs then show no buttons whose answer nobody would read."""
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params.update({"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", attendee)
    return event


def _calendar_time(value, zone):
    """Local with TZID; in UTC when the clock shows this hour twice, because TZID can only mean the first."""
    moment = clock.local(value, zone)
    return value.astimezone(UTC) if happens_twice(moment) else moment


def _part(name, method, event):
    part = MIMEText(_calendar(method, [event]).to_ical().decode(), "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _calendar(method, events):
    calendar = Calendar()
    # No product name: it tells more than the sender does.
    calendar.add("prodid", "-//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for event in events:
        calendar.add_component(event)
    days = [event.start.date() for event in events]
    zones = [_zone(each, min(days).year, max(days).year) for each in sorted(calendar.get_missing_tzids())]
    calendar.subcomponents[:0] = zones  # before the events that name them
    return calendar


@lru_cache(maxsize=64)
def _zone(name, first_year, last_year):
    """The VTIMEZONE of an IANA zone, from the year before to the year after: computing it takes long."""
    return Timezone.from_tzid(
        name, first_date=date(first_year - 1, 1, 1), last_date=date(last_year + 2, 1, 1)
    )
