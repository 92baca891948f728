"""The lead enrols and takes away the badges of the own site's people."""

import pytest

from scheduling.models import Resource
from tests import department
from vqflow import unlocking


@pytest.fixture
def tess(db):
    return department.technologist(department.site(), username="tess")


@pytest.fixture
def page(client, tess, settings):
    settings.REQUIRE_MFA_ROLES = []
    person = Resource.objects.get(name="Ana Ruiz")
    person.user = tess
    person.save(update_fields=["user"])
    client.force_login(department.lead(person.site))
    return lambda **sent: client.post(f"/department/people/{person.pk}/badge/", sent)


def test_a_badge_is_enrolled_and_taken_away(page, tess):
    assert page(code="0004418223").status_code == 302
    tess.refresh_from_db()
    assert unlocking.opened_by(tess, "0004418223") == "badge"
    assert page(what="remove", code="-").status_code == 302
    tess.refresh_from_db()
    assert tess.badge == ""


def test_a_code_that_is_too_short_is_said_at_its_field(page):
    answer = page(code="12")
    assert answer.status_code == 422
    assert "Scan the badge again." in answer.content.decode()


def test_who_does_not_sign_in_has_nothing_to_unlock(page, tess):
    Resource.objects.filter(user=tess).update(user=None)
    answer = page(code="0004418223")
    assert answer.status_code == 422
    assert "does not sign in" in answer.content.decode()
