"""A department with people who sign in, and its clock for a whole request."""

import pytest
from django.utils import timezone

from tests import department


@pytest.fixture(autouse=True)
def _password_only(settings):
    settings.REQUIRE_MFA_ROLES = []


@pytest.fixture
def department_clock(monkeypatch):
    """The pages ask `timezone.now`; here it is Monday 07:00 in New York."""
    monkeypatch.setattr(timezone, "now", lambda: department.NOW)


@pytest.fixture
def at(monkeypatch):
    """The clock of the pages, which can be set."""

    def stands(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    stands(department.NOW)
    return stands


@pytest.fixture
def site(db):
    return department.site()


@pytest.fixture
def elsewhere(db):
    return department.site("hillside")


@pytest.fixture
def scheduler(site):
    return department.scheduler(site, username="sam")


@pytest.fixture
def technologist(site):
    return department.technologist(site, username="tess")


@pytest.fixture
def attending(site):
    return department.attending(site, username="ada", first_name="Ada", last_name="Lund")


@pytest.fixture
def lead(site):
    return department.lead(site, username="lou")


@pytest.fixture
def page_of(client):
    """A browser in which this user is signed in."""

    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in
