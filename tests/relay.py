"""A real SMTP server that can be told to misbehave."""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller

from vqflow.embedded.place import free_port

# It notes every command of every conversation.
logging.getLogger("mail.log").setLevel(logging.ERROR)
MESSAGE_ID = re.compile(rb"^Message-ID: *<([^@>]+)", re.IGNORECASE | re.MULTILINE)


class Relay:
    """What it accepted is in `mails`, oldest first; the other attributes say how it misbehaves.

    `ids`: how often each Message-ID (its part before the @) was accepted. `arrived`: when, in seconds of
    time.monotonic(). `newest`: the bytes of the last. With `reads` off mails are counted and not kept: a tenth of
    the work.
    """

    def __init__(self, *, reads=True):
        self.mails, self.recipients, self.arrived, self.reads = [], [], [], reads
        self.ids, self.newest = Counter(), b""
        self.refuse_recipient = self.refuse_data = ""  # an answer such as "450 Busy"
        self.refuses = {}  # the answer to single recipients
        self.drops_after_data = 0  # how many mails are kept, and the connection cut instead of an answer
        self.drops_before_data = 0  # the same, and the mail is lost
        self.hangs_after_data = 0  # how many mails are kept, and nothing is answered
        self.hangs_at = ""  # "EHLO", "RCPT" or "DATA": it answers nothing from there on
        self.delay_seconds = 0
        self.hangs_up_after = 0  # so many mails over one connection; the next is answered 421

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.mails = getattr(session, "mails", 0) + 1
        if self.hangs_up_after and session.mails > self.hangs_up_after:
            return "421 Too many messages on this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        await self._hang("EHLO")
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self._hang("RCPT")
        if refusal := self.refuses.get(address, self.refuse_recipient):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        time.sleep(self.delay_seconds)  # a relay with one lane: everyone waits
        await self._hang("DATA")
        if self.refuse_data:
            return self.refuse_data
        if self.drops_before_data:
            self.drops_before_data -= 1
            server.transport.abort()
            return "554 Not taken"
        self._keep(envelope)
        if self.drops_after_data:
            self.drops_after_data -= 1
            server.transport.abort()
        if self.hangs_after_data:
            self.hangs_after_data -= 1
            await self._for_ever()
        return "250 Kept"

    def twice(self):
        """How many mails came more than once."""
        return sum(times > 1 for times in self.ids.values())

    def _keep(self, envelope):
        self.arrived.append(time.monotonic())
        self.newest = envelope.original_content
        self.ids[MESSAGE_ID.search(envelope.original_content).group(1).decode()] += 1
        if self.reads:
            self.mails.append(message_from_bytes(envelope.original_content, policy=default))
            self.recipients.append(envelope.rcpt_tos)

    async def _hang(self, at):
        if self.hangs_at == at:
            await self._for_ever()

    async def _for_ever(self):
        await asyncio.Event().wait()


@contextlib.contextmanager
def running(settings, *, reads=True):
    """The relay, listening, with Django's settings pointing at it."""
    relay = Relay(reads=reads)
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
