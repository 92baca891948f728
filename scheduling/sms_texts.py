"""Text messages: clinic, day, time, phone and the link, in one message of 160 characters (or 70 of UCS-2).

Nobody's name is in them, and no word of what an appointment is for.
"""

from django.utils.translation import gettext

from scheduling import letters
from scheduling.models import MessageKind
from scheduling.templatetags import clock, words
from vqflow import sms


def compose(message, *, link, now):
    """The sms.Text of one Message row. Raises ValueError without a number that can be called."""
    order = message.order
    number = sms.e164(order.patient.sms_number, order.site.country)
    visits = [each for each in letters.visits(message.appointment) if each.ends_at > now]
    if message.kind in (MessageKind.REMINDER, MessageKind.XRAY_REMINDER):
        # A day before the second visit the first may still be to come: each reminder ends with its own.
        visits = [each for each in visits if each.starts_at >= message.not_after] or visits
    text = written(message.kind, order.site, visits, order.patient.language, link=link)
    return sms.Text(key=str(message.pk), to=number, text=text)


def written(kind, site, visits, language, *, link):
    """As much as one message holds; the day and the time always, the link where it fits."""
    with words.in_language(language):
        news = _news(kind, visits[:1], site.time_zone)
    clinic, phone = f"{site.name}:", site.phone
    wanted = [
        (clinic, news, phone, link),
        (clinic, news, link),
        (news, link),
        (clinic, news, phone),
        (news, phone),
    ]
    texts = (" ".join(part for part in parts if part) for parts in wanted)
    return next((each for each in texts if sms.fits(each)), news)


def _news(kind, visits, zone):
    when = ", ".join(_when(each.starts_at, zone) for each in visits)
    if kind == MessageKind.MOVED:
        return gettext("New time: %(when)s.") % {"when": when}
    if kind == MessageKind.CANCELLED:
        return gettext("Cancelled: %(when)s.") % {"when": when}
    return f"{when}."


def _when(moment, zone):
    day = words.short_day(clock.local(moment, zone).date())
    # Narrow spaces and the like are not in the alphabet of text messages.
    return " ".join(f"{day} {words.time_of_day(moment, zone)}".split())
