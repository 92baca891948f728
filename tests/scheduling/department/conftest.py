"""A department with its lead, at a clock that stands still for pages and the API."""

import pytest
from django.test import Client

from scheduling.models import Resource
from tests import department
from tests.callers import Caller, Clock


@pytest.fixture(autouse=True)
def clock(settings, monkeypatch):
    settings.REQUIRE_MFA_ROLES = []
    return Clock(monkeypatch)


@pytest.fixture
def site(db):
    return department.site()


@pytest.fixture
def elsewhere(db):
    return department.site("hillside")


@pytest.fixture
def lead(site):
    return department.lead(site, username="lou", first_name="Lou", last_name="Bell")


@pytest.fixture
def camera(site):
    return Resource.objects.get(site=site, name="Camera 1")


@pytest.fixture
def ana(site):
    return Resource.objects.get(site=site, name="Ana Ruiz")


@pytest.fixture
def browser(lead):
    """The lead's."""
    client = Client()
    client.force_login(lead)
    return client


@pytest.fixture
def api(lead):
    return Caller(lead)
