"""The mail of one Message row."""

from email.mime.application import MIMEApplication

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from scheduling import letter_texts, paper
from scheduling.letters import details
from scheduling.letters.calendars import calendar_files
from scheduling.letters.senders import host, sender
from scheduling.letters.visits import offered_visits, visits
from scheduling.models import Language, LetterKind, Message, MessageKind
from scheduling.paper import aftercare, letter
from scheduling.services import links
from scheduling.templatetags import words

# These tell of no time that the patient is to come at.
WITHOUT_CALENDAR = (MessageKind.OFFER, MessageKind.AFTERCARE, MessageKind.CALL_US)
WITHOUT_VISITS = (MessageKind.AFTERCARE, MessageKind.CALL_US)

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def compose(message, *, now):
    """The mail of one Message row, addressed and ready to send; its links are written with it.

    Raises ValueError when there is no address now. Django refuses a line break in a header as it sends.
    """
    address = address_of(message)
    if not address:
        raise ValueError("There is no address for this message.")
    with words.in_language(language_of(message)):
        about = _about(message, now)
        mail = _mail(message, about, address)
        for part in _attachments(message, about["visits"], address, now):
            mail.attach(part)
    return mail


def _mail(message, about, address):
    layout = "letter" if _is_to_patient(message) else "notice"
    mail = EmailMultiAlternatives(
        subject=subject_of(message.kind, about),
        body=render_to_string(f"email/{layout}.txt", about),
        from_email=sender(message.order.site),
        to=[address],
        headers={
            # The same for every attempt: a mail program that gets it twice can show it once.
            "Message-ID": f"<{message.pk}@{host()}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": about["language"],
            **_stopping(about),
        },
    )
    mail.attach_alternative(_inliner.inline(render_to_string(f"email/{layout}.html", about)), "text/html")
    return mail


def _stopping(about):
    """RFC 8058: mail programs show a button that stops reminders with one press. The relay's DKIM signs both."""
    if not about.get("stop"):
        return {}
    return {"List-Unsubscribe": f"<{about['stop']}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _attachments(message, upcoming, address, now):
    if message.appointment_id and _is_to_patient(message) and message.kind not in WITHOUT_CALENDAR:
        yield from calendar_files(message, upcoming, address, now=now)
    if message.kind == MessageKind.LETTER_COPY:
        yield _pdf(_letter(message, now), "appointment.pdf")
    if message.kind == MessageKind.AFTERCARE and may_tell(message):
        sheet = aftercare.data(message.appointment, now=now)
        yield _pdf(paper.pdf(aftercare.AFTERCARE, sheet), "afterwards.pdf")


def _pdf(content, name):
    part = MIMEApplication(content, "pdf")
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _letter(message, now):
    """The letter on paper, neutral unless the patient has agreed to more."""
    appointment = message.appointment
    data = letter.data(appointment, visits(appointment), now=now, detailed=may_tell(message))
    return paper.pdf(letter.LETTER, data)


def may_tell(message):
    """Whether the patient has agreed to mail that says what is examined."""
    return message.order.patient.detailed_email_consent


def address_of(message):
    """Where this message may go now; empty when nowhere."""
    if message.recipient == Message.Recipient.REFERRER:
        return message.order.referrer.email
    return message.order.patient.mail_address


def language_of(message):
    """The patient's language; to referrers it is English."""
    return message.order.patient.language if _is_to_patient(message) else Language.EN.value


def subject_of(kind, about):
    """One line: the department's own words, or the usual."""
    return " ".join((about["own"].subject or render_to_string(f"email/{kind}/subject.txt", about)).split())


def _is_to_patient(message):
    return message.recipient == Message.Recipient.PATIENT


def _about(message, now):
    order = message.order
    about = {
        "kind": message.kind,
        "language": language_of(message),
        "direction": words.direction(),
        "site": order.site,
        "own": letter_texts.Own(),
        "public_url": settings.PUBLIC_URL,
        "opening": f"email/{message.kind}/opening.txt",
        "visits": [],
    }
    return about | _for_patient(message, now) if _is_to_patient(message) else about


def _for_patient(message, now):
    order, tells = message.order, may_tell(message) and message.kind in details.KINDS
    planned = [] if message.kind in WITHOUT_VISITS else _planned(message)
    return {
        "first_name": order.patient.given_name,
        "to_guardian": bool(order.patient.guardian_email),
        "visits": [visit for visit in planned if visit.ends_at > now],
        "offer": message.offer,
        "own": _own(message),
        "details": details.sections(message.appointment, now=now) if tells else [],
        **links.for_message(message, now=now),
    }


def _planned(message):
    return offered_visits(message.offer) if message.offer_id else visits(message.appointment)


def _own(message):
    """The department's own words in the patient's language, where it has any for this kind of mail."""
    order = message.order
    if message.kind not in LetterKind.values:
        return letter_texts.Own()
    own = letter_texts.own(order.site, message.kind, order.patient.language)
    return letter_texts.filled(own, site=order.site, first_name=order.patient.given_name)
