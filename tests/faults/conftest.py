"""What all tests of this folder share."""

import logging
from datetime import timedelta

import pytest

from scheduling.models import Message
from tests import department
from tests.relay import running


@pytest.fixture(autouse=True)
def quiet(caplog):
    """One line for each of thousands of mails would hide what went wrong."""
    caplog.set_level(logging.WARNING)


@pytest.fixture
def relay(settings):
    """Takes mail and counts it, without a look into it."""
    with running(settings, reads=False) as listening:
        yield listening


@pytest.fixture
def booked():
    """An appointment in four days, of which no mail is planned."""
    made = department.booked(department.site(), first_day=department.TODAY + timedelta(days=4))
    Message.objects.all().delete()
    return made
