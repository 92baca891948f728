"""One kept connection to the mail relay, which knows whether a mail that failed may have arrived all the same."""

import smtplib

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends import smtp

DJANGOS_OWN = "django.core.mail.backends.smtp.EmailBackend"


class _Watching:
    """Knows from the command DATA until its answer that the relay may have the mail."""

    has_begun_data = False

    def data(self, msg):
        self.has_begun_data = True
        answer = super().data(msg)
        self.has_begun_data = False
        return answer


class _Smtp(_Watching, smtplib.SMTP):
    pass


class _SmtpSsl(_Watching, smtplib.SMTP_SSL):
    pass


class Smtp(smtp.EmailBackend):
    """Django's sender by SMTP, with a connection that is watched."""

    @property
    def connection_class(self):
        return _SmtpSsl if self.use_ssl else _Smtp


class Post:
    """The relay of the settings. `send` raises what smtplib raises; `may_have_arrived` then says how far it got."""

    def __init__(self):
        self.may_have_arrived = False
        name = f"{Smtp.__module__}.{Smtp.__qualname__}"
        self._relay = get_connection(name if settings.EMAIL_BACKEND == DJANGOS_OWN else None)

    def send(self, mail):
        """Send one EmailMessage. Over a connection that the relay has given up meanwhile it is begun anew, once."""
        self.may_have_arrived = False
        is_new = self._relay.open()
        try:
            self._transmit(mail)
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPSenderRefused):
            if is_new or self.may_have_arrived:
                raise
            self.close()
            self._relay.open()
            self._transmit(mail)

    def _transmit(self, mail):
        connection = getattr(self._relay, "connection", None)  # senders to files and consoles have none
        if connection is not None:
            connection.has_begun_data = False
        try:
            self._relay.send_messages([mail])
        except Exception:
            self.may_have_arrived = getattr(connection, "has_begun_data", False)
            raise

    def close(self):
        """Raises OSError where the relay does not answer."""
        self._relay.close()
