"""What a failed attempt means: try this mail again later, never again, or leave the relay in peace."""

import smtplib
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    LATER = "later"
    NEVER = "never"
    RELAY = "relay"  # nothing wrong with this mail: later, and others would fail as well


@dataclass(frozen=True, slots=True)
class Failure:
    """`code` is the relay's number or the name of the error: never its text, which can hold an address."""

    verdict: Verdict
    code: str


def judged(error):
    """The Failure that an exception of an attempt to send means."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code = max(reply[0] for reply in refused.values())
            return Failure(Verdict.NEVER if code >= 500 else Verdict.LATER, str(code))
        case smtplib.SMTPDataError(smtp_code=code) if code != 421:
            return Failure(Verdict.NEVER if code >= 500 else Verdict.LATER, str(code))
        case smtplib.SMTPResponseException(smtp_code=code):
            # Our name, password or sender is refused, or the service is closing (421): so for every mail.
            return Failure(Verdict.RELAY, str(code))
        case OSError():
            # smtplib.SMTPException is an OSError too: no connection, a time-out, a connection that broke.
            return Failure(Verdict.RELAY, type(error).__name__)
        case ValueError():
            # An address or header that cannot be written: django.core.mail.BadHeaderError is one.
            return Failure(Verdict.NEVER, type(error).__name__)
        case _:
            return Failure(Verdict.LATER, type(error).__name__)
