"""What a failed attempt means: try this message again later, never again, or leave the carrier in peace."""

import re
import smtplib
from dataclasses import dataclass
from enum import StrEnum

from vqflow.sms import Refused

# Enhanced status codes of an address that is not there (RFC 3463, 3.2); without one these replies mean the same.
NO_SUCH_ADDRESS = re.compile(rb"\A\s*5\.1\.[0-36-9]\b|\A\s*5\.2\.1\b")
ENHANCED = re.compile(rb"\A\s*\d\.\d+\.\d+")
NO_SUCH_REPLIES = (550, 551, 553)


class Verdict(StrEnum):
    LATER = "later"
    NEVER = "never"
    CARRIER = "carrier"  # nothing wrong with this message: later, and others would fail as well


@dataclass(frozen=True, slots=True)
class Failure:
    """`code` is the carrier's number or the name of the error: never its text, which can hold an address.

    `spends_attempt`: it may have arrived, or was refused itself. `is_address`: nothing will ever arrive there.
    """

    verdict: Verdict
    code: str
    spends_attempt: bool = True
    is_address: bool = False

    @property
    def is_answer(self):
        """Whether the carrier works, for it has refused this one message for good: a number, no error's name."""
        return self.verdict == Verdict.NEVER and self.code.isdigit()


def judged(error, *, may_have_arrived=False):
    """The Failure that an exception of an attempt to send means."""
    match error:
        case Refused():
            return _of_gateway(error)
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code, text = max(refused.values(), key=lambda reply: reply[0])
            is_address = code >= 500 and _is_address(code, text)
            return Failure(Verdict.NEVER if code >= 500 else Verdict.LATER, str(code), is_address=is_address)
        case smtplib.SMTPDataError(smtp_code=code) if code != 421:
            return Failure(Verdict.NEVER if code >= 500 else Verdict.LATER, str(code))
        case smtplib.SMTPResponseException(smtp_code=code):
            # Our name, password or sender is refused, or the service is closing (421): so for every mail.
            return Failure(Verdict.CARRIER, str(code), spends_attempt=may_have_arrived)
        case OSError():
            # smtplib.SMTPException is an OSError too: no connection, a time-out, a connection that broke.
            return Failure(Verdict.CARRIER, type(error).__name__, spends_attempt=may_have_arrived)
        case ValueError():
            # An address or header that cannot be written: django.core.mail.BadHeaderError is one.
            return Failure(Verdict.NEVER, type(error).__name__)
        case _:
            return Failure(Verdict.LATER, type(error).__name__)


def _is_address(code, text):
    """Whether a refusal of the recipient says that there is no such address; else we may not write to it."""
    text = text if isinstance(text, bytes) else str(text).encode()
    if ENHANCED.match(text):
        return bool(NO_SUCH_ADDRESS.match(text))
    return code in NO_SUCH_REPLIES


def _of_gateway(error):
    if error.is_number:
        return Failure(Verdict.NEVER, error.code, is_address=True)
    return Failure(Verdict.CARRIER, error.code, spends_attempt=error.may_have_arrived)
