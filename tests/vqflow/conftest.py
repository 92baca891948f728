"""People of one site, and a browser in which one of them is signed in."""

import pytest

from tests import department
from vqflow.models import Role


@pytest.fixture
def site(db):
    return department.site(equipped=False)


@pytest.fixture
def tess(site):
    """A technologist, who may work without a second factor."""
    made = department.technologist(site, username="tess")
    made.set_password("a long enough secret")
    made.save(update_fields=["password"])
    return made


@pytest.fixture
def privacy_officer(site):
    return department.user(Role.PRIVACY_OFFICER, site, username="pia")


@pytest.fixture
def administrator(site):
    return department.user(Role.ADMINISTRATOR, site, username="adam")


@pytest.fixture
def without_second_factor(settings):
    settings.REQUIRE_MFA_ROLES = []


@pytest.fixture
def page_of(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in
