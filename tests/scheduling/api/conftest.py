import pytest

from tests import department
from tests.callers import Caller, Clock
from vqflow.models import Role


@pytest.fixture(autouse=True)
def _password_only(settings):
    settings.REQUIRE_MFA_ROLES = []


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """It stands at department.NOW: Monday 8 March 2027, 07:00 in New York."""
    return Clock(monkeypatch)


@pytest.fixture
def site(db):
    return department.site()


@pytest.fixture
def elsewhere(db):
    return department.site("hillside")


@pytest.fixture
def scheduler(site):
    return Caller(department.scheduler(site, username="sam", first_name="Sam", last_name="Reed"))


@pytest.fixture
def technologist(site):
    return Caller(department.technologist(site, username="tess", first_name="Tess", last_name="Cole"))


@pytest.fixture
def attending(site):
    return Caller(department.attending(site, username="ada", first_name="Ada", last_name="Lund"))


@pytest.fixture
def lead(site):
    return Caller(department.lead(site, username="lee"))


@pytest.fixture
def integration(site):
    return Caller(department.user(Role.INTEGRATION, site, username="his"))


@pytest.fixture
def referrer(site):
    return department.referrer(site)


@pytest.fixture
def vetted(site):
    """An order that is vetted and waits to be booked."""
    return department.order(site)
