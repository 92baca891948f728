"""Mails of rows, composed as the sender does, for the tests of this folder."""

import re
import uuid
from datetime import timedelta

from scheduling import letters
from scheduling.models import Message
from tests.department import NOW

LINK = re.compile(r"http://127\.0\.0\.1:8000/a/(stop/)?[\w-]{43}")


def mail(appointment, kind, *, now=NOW, recipient="patient", offer=None):
    """The mail of this kind about an appointment, or about an offer, as it is at this moment."""
    order = offer.entry.order if offer else appointment.procedure.order
    message = Message.objects.create(
        order=order,
        appointment=appointment,
        offer=offer,
        revision=appointment.revision if appointment else 1,
        kind=kind,
        recipient=recipient,
        dedupe_key=f"test-{uuid.uuid4()}",
        due_at=now,
        not_after=now + timedelta(days=30),
    )
    return letters.compose(message, now=now)


def html_of(composed):
    return composed.alternatives[0].content


def calendars(composed):
    """The text of each calendar file, its long lines put together again."""
    parts = [part for part in composed.attachments if part.get_content_type() == "text/calendar"]
    return [part.get_payload(decode=True).decode().replace("\r\n ", "") for part in parts]


def seen(composed):
    """What somebody may see who looks on: headers, texts, names of files, calendars. Links without what is random."""
    names = [part.get_filename() for part in composed.attachments]
    headers = [f"{key}: {value}" for key, value in composed.message().items()]
    parts = [*headers, composed.subject, composed.body, html_of(composed), composed.from_email, *names]
    return LINK.sub("LINK", "\n".join([*parts, *calendars(composed)]))
