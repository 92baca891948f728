"""The HTTP gateway for text messages, and how much one message holds."""

import pytest

from tests.gateway import running
from vqflow import sms

HELLO = sms.Text(key="k-1", to="+12125550142", text="Fri 12 Mar 09:40.")


@pytest.fixture
def gateway(settings):
    with running(settings) as listening:
        yield listening


@pytest.fixture
def carrier(gateway):
    made = sms.Gateway()
    yield made
    made.close()


def test_a_message_is_sent_with_the_token_and_a_key_that_stays_the_same(gateway, carrier):
    for _ in range(2):
        carrier.send(HELLO)
    (headers, body), (again, _) = gateway.requests
    assert body == {"id": "k-1", "to": "+12125550142", "text": "Fri 12 Mar 09:40.", "from": "Riverside"}
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer the-token", "k-1")
    assert again["Idempotency-Key"] == "k-1"


@pytest.mark.parametrize(
    ("status", "is_number"), [(400, True), (404, True), (422, True), (401, False), (429, False), (500, False)]
)
def test_what_the_gateway_refuses_is_the_number_or_ourselves(gateway, carrier, status, is_number):
    gateway.status = status
    with pytest.raises(sms.Refused) as refused:
        carrier.send(HELLO)
    assert (refused.value.code, refused.value.is_number, refused.value.may_have_arrived) == (
        str(status),
        is_number,
        False,
    )


def test_a_gateway_that_takes_too_long_may_have_it(gateway, carrier, settings):
    settings.SMS_TIMEOUT = 0.2
    gateway.delay_seconds = 1
    with pytest.raises(sms.Refused) as refused:
        carrier.send(HELLO)
    assert (refused.value.code, refused.value.may_have_arrived) == ("TimeoutError", True)


def test_a_gateway_that_is_not_there_has_nothing(settings):
    settings.SMS_URL = "http://127.0.0.1:9/"
    with pytest.raises(sms.Refused) as refused:
        sms.Gateway().send(HELLO)
    assert (refused.value.code, refused.value.may_have_arrived) == ("ConnectionRefusedError", False)


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(gateway, carrier):
    carrier.send(HELLO)
    gateway.drops = 1
    carrier.send(HELLO)
    assert len(gateway.requests) == 3
    gateway.closes = True
    carrier.send(HELLO)
    carrier.send(HELLO)
    assert len(gateway.requests) == 5


@pytest.mark.parametrize(
    ("text", "takes", "holds"),
    [
        ("a" * 160, 160, 160),
        ("Grüße à Málaga: ñ", 17, 70),  # á is not in the alphabet
        ("Grüße: ñ à é", 12, 160),
        ("€[]", 6, 160),
        ("你好", 2, 70),
        ("مرحبا", 5, 70),
        ("😀", 2, 70),
    ],
)
def test_the_length_is_counted_as_phones_do(text, takes, holds):
    assert sms.length(text) == (takes, holds)


@pytest.mark.parametrize("number", ["", "12", "not a number"])
def test_what_is_no_number_is_refused(number):
    with pytest.raises(ValueError, match="no phone number"):
        sms.e164(number, "US")


def test_a_local_number_gets_its_country():
    assert sms.e164("(212) 555-0142", "US") == "+12125550142"
