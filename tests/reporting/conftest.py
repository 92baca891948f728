"""One site with its readers, and an examination that waits for its report."""

from datetime import timedelta

import pytest

from reporting.services import drafting
from tests import department

NOW = department.NOW + timedelta(hours=8)
TEXT = {"findings": "Two mismatched segments.", "impression": "Pulmonary embolism is likely."}
PASSWORD = "seven grey herons"
LIKELY = {"scheme": "TEN_TERMS", "category": "pe_present", **TEXT}


@pytest.fixture(autouse=True)
def _password_only(settings):
    settings.REQUIRE_MFA_ROLES = []


@pytest.fixture
def site(db):
    return department.site()


@pytest.fixture
def elsewhere(db):
    return department.site("hillside")


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def with_password(user):
    """This user, who signs with PASSWORD."""
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def attending(site):
    return with_password(department.attending(site, username="ada", first_name="Ada", last_name="Lund"))


@pytest.fixture
def resident(site):
    return with_password(department.resident(site, username="rob", first_name="Rob", last_name="Vance"))


@pytest.fixture
def technologist(site):
    return department.technologist(site, username="tess")


@pytest.fixture
def order(site):
    return department.performed(site)


@pytest.fixture
def report(order, resident):
    """A complete draft, saved by the resident at NOW."""
    return drafting.write(order, draft_version=1, **LIKELY, by=resident, now=NOW)


@pytest.fixture
def page_of(client):
    """A browser in which this user is signed in."""

    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in
