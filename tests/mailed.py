"""A mailed link for tests: an appointment with its confirmation, and the address that the mail carries."""

from urllib.parse import urlsplit

from scheduling.models import Message, MessageKind, PatientLink, Purpose
from scheduling.services import links
from tests import department

BORN = {"day": "17", "month": "5", "year": "1960"}
"""The date of birth of the department's usual patient."""


def message(appointment, *, kind=MessageKind.CONFIRMATION, now=department.NOW, **fields):
    """The mail of this kind about an appointment, made if the plan of messages has none."""
    found = Message.objects.filter(appointment=appointment, kind=kind, revision=appointment.revision).first()
    return found or Message.objects.create(
        order=appointment.procedure.order,
        appointment=appointment,
        revision=appointment.revision,
        kind=kind,
        recipient=Message.Recipient.PATIENT,
        dedupe_key=f"appointment-{appointment.pk}:{appointment.revision}:{kind}:test",
        due_at=now,
        not_after=appointment.ends_at,
        **fields,
    )


def link(appointment, *, kind=MessageKind.CONFIRMATION, now=department.NOW, name="link"):
    """(path of the link in this mail, its row)."""
    made = links.for_message(message(appointment, kind=kind, now=now), now=now)
    return path_of(made[name])


def path_of(url):
    path = urlsplit(url).path
    return path, PatientLink.objects.get(digest=links.digest(path.rsplit("/", 1)[1]))


def opened(client, appointment, **options):
    """A browser in which the link of this appointment was opened and the date of birth was right; the link's row."""
    path, row = link(appointment, **options)
    client.get(path)
    unlock(client)
    return row


def unlock(client, **date):
    return post(client, "/a/unlock/", **(BORN | date))


def post(client, path, **fields):
    """A form of the page that the browser has open, with the mark that the page put into it."""
    return client.post(path, {"link": mark(client), **fields})


def mark(client):
    page = client.get("/a/")
    found = client.get(page["Location"]) if page.status_code == 302 else page
    return found.content.decode().partition('name="link" value="')[2].partition('"')[0]


__all__ = ["BORN", "Purpose", "link", "mark", "message", "opened", "path_of", "post", "unlock"]
