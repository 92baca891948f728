"""Text messages by an HTTP gateway: `POST SMS_URL` with a JSON body and a token, one message at a time.

The body is {"id", "to", "text", "from"}; the answer is any 2xx. The id is the same for every attempt and is sent as
Idempotency-Key as well, so that a gateway which honours it sends once. Off until SMS_URL is set.
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings

# GSM 03.38: what one text message of 160 characters can hold, and what counts twice in it.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = set("^{}\\[~]|€\f")
LONGEST_GSM, LONGEST_UCS2 = 160, 70
# What the gateway says of the number, not of us: no retry helps.
ABOUT_THE_NUMBER = (400, 404, 410, 422)


class Refused(Exception):
    """The gateway did not take a message. `code` is its status or the error's name: never its words."""

    def __init__(self, code, *, is_number=False, may_have_arrived=False):
        super().__init__(code)
        self.code, self.is_number, self.may_have_arrived = code, is_number, may_have_arrived


@dataclass(frozen=True, slots=True)
class Text:
    """One text message; `key` is the same for every attempt, `to` a number in E.164."""

    key: str
    to: str
    text: str


def length(text):
    """(characters that it takes, how many one message holds): septets of GSM 03.38, or else units of UCS-2."""
    if set(text) <= GSM | GSM_TWICE:
        return sum(2 if each in GSM_TWICE else 1 for each in text), LONGEST_GSM
    return len(text.encode("utf-16-be")) // 2, LONGEST_UCS2


def fits(text):
    """Whether it is one message: of several parts some come late or never."""
    takes, holds = length(text)
    return takes <= holds


def e164(number, country):
    """The number with its country's code, as gateways take it; ValueError where it cannot be one."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError("This is no phone number.") from error
    if not phonenumbers.is_possible_number(parsed):
        raise ValueError("This is no phone number.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Gateway:
    """A kept connection to the gateway of the settings. `send` raises Refused."""

    def __init__(self):
        self.may_have_arrived = False
        self._url = urlsplit(settings.SMS_URL)
        self._connection = None

    def send(self, text):
        """Hand over one Text."""
        self.may_have_arrived = False
        body = {"id": text.key, "to": text.to, "text": text.text, "from": settings.SMS_SENDER}
        status = self._status(json.dumps(body), {**_headers(), "Idempotency-Key": text.key})
        if not 200 <= status < 300:
            raise Refused(str(status), is_number=status in ABOUT_THE_NUMBER)

    def _status(self, body, headers):
        is_new = self._connection is None
        try:
            return self._ask(body, headers)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            # A kept connection that the gateway has closed meanwhile answers nothing at all.
            if not is_new and isinstance(error, http.client.RemoteDisconnected | BrokenPipeError):
                return self._status(body, headers)
            raise Refused(type(error).__name__, may_have_arrived=self.may_have_arrived) from error

    def _ask(self, body, headers):
        if self._connection is None:
            self._connection = _opened(self._url)
        self._connection.request("POST", self._url.path or "/", body=body.encode(), headers=headers)
        self.may_have_arrived = True
        answer = self._connection.getresponse()
        answer.read(65536)
        self.may_have_arrived = False
        if answer.will_close:
            self.close()
        return answer.status

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _opened(url):
    seconds = settings.SMS_TIMEOUT
    if url.scheme == "https":
        context = ssl.create_default_context()
        made = http.client.HTTPSConnection(url.hostname, url.port, timeout=seconds, context=context)
    else:
        made = http.client.HTTPConnection(url.hostname, url.port, timeout=seconds)
    made.connect()
    return made


def _headers():
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {settings.SMS_TOKEN}",
    }
