"""A real SMTP server that can be told to misbehave."""

import contextlib
import time
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller

from vqflow.embedded.place import free_port


class Relay:
    """What it accepted is in `mails`, oldest first; the other attributes say how it misbehaves."""

    def __init__(self):
        self.mails, self.recipients = [], []
        self.refuse_recipient = self.refuse_data = ""  # an answer such as "450 Busy"
        self.drops_after_data = 0  # how many mails are kept, and the connection cut instead of an answer
        self.delay_seconds = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        time.sleep(self.delay_seconds)  # a relay with one lane: everyone waits
        if self.refuse_data:
            return self.refuse_data
        self.mails.append(message_from_bytes(envelope.original_content, policy=default))
        self.recipients.append(envelope.rcpt_tos)
        if self.drops_after_data:
            self.drops_after_data -= 1
            server.transport.abort()
        return "250 Kept"


@contextlib.contextmanager
def running(settings):
    """The relay, listening, with Django's settings pointing at it."""
    relay = Relay()
    controller = Controller(relay, hostname="127.0.0.1", port=free_port())
    controller.start()
    point_at(settings, controller.port)
    try:
        yield relay
    finally:
        controller.stop()


def point_at(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
