"""Mails to invented patients, as the department looks at its own words."""

from django.conf import settings
from django.template.loader import render_to_string

from scheduling import letter_texts
from scheduling.letters import mails
from scheduling.models import MessageKind
from scheduling.services import links
from scheduling.templatetags import words

INVENTED = "Maria"
TO_REFERRER = (
    MessageKind.RESULT_READY,
    MessageKind.BOOKED,
    MessageKind.NOT_DONE,
    MessageKind.CRITICAL_RESULT,
    MessageKind.RESULT_CHANGED,
    MessageKind.RESULT_WITHDRAWN,
)


def shown(site, kind, own, *, visits, language="en", offer=None, details=()):
    """(subject, text) of a mail to an invented patient with these words of the department's own.

    `details`: letters.details.Sections, for a patient who has agreed to them. `offer` only for an offered time.
    """
    layout = "notice" if kind in TO_REFERRER else "letter"
    link = f"{settings.PUBLIC_URL.rstrip('/')}/a/…"
    with words.in_language("en" if kind in TO_REFERRER else language):
        about = {
            "kind": kind,
            "language": language,
            "direction": words.direction(),
            "site": site,
            "first_name": INVENTED,
            "own": letter_texts.filled(own, site=site, first_name=INVENTED),
            "visits": [] if kind in mails.WITHOUT_VISITS else visits,
            "offer": offer,
            "details": details,
            "public_url": settings.PUBLIC_URL,
            "opening": f"email/{kind}/opening.txt",
            "link": "" if kind == MessageKind.CANCELLED else link,
            "stop": f"{settings.PUBLIC_URL.rstrip('/')}/a/stop/…" if kind in links.STOP_KINDS else "",
        }
        return mails.subject_of(kind, about), render_to_string(f"email/{layout}.txt", about)
