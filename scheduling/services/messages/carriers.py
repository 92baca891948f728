"""How each channel's messages are put into words and handed over: one kept connection per run."""

from scheduling import letters, sms_texts
from scheduling.models import Channel
from scheduling.services import links
from vqflow import mail, sms

MAKES = {Channel.EMAIL: mail.Post, Channel.SMS: sms.Gateway}


def of(channel):
    """The carrier of a channel: `send(words)`, `close()`, and `may_have_arrived` after a failure."""
    return MAKES[Channel(channel)]()


def composed(message, *, now):
    """The message as its carrier takes it."""
    if message.channel == Channel.SMS:
        link = links.for_message(message, now=now).get("link", "")
        return sms_texts.compose(message, link=link, now=now)
    return letters.compose(message, now=now)
