"""A result that cannot wait, as those see it who plan the day and take the call that comes back."""

from datetime import timedelta

import pytest

from scheduling import boards
from scheduling.models import UntoldResult
from scheduling.services import untold
from tests import department
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
NOW = department.NOW
SAID = "cannot wait and has not been told yet"


@pytest.fixture(autouse=True)
def _clock(monkeypatch, settings):
    settings.REQUIRE_MFA_ROLES = []
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(minutes=70))


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def order(site):
    made = department.order(site)
    untold.stands(made, since=NOW, due_at=NOW + timedelta(hours=1))
    return made


def page(client, user, path):
    client.force_login(user)
    return client.get(path).content.decode()


@pytest.mark.parametrize("role", ["scheduler", "technologist", "lead"])
def test_the_board_says_whose_result_nobody_was_told(client, site, order, role):
    text = page(client, getattr(department, role)(site), "/board/")
    assert SAID in text
    assert order.patient.given_name in text
    assert "10 min late" in text
    assert order.patient_id in AuditEvent.objects.get(action="list.viewed").patient_ids


def test_an_open_board_hears_of_it_within_one_poll(site, order):
    def version():
        return boards.version(site, department.TODAY, 1, now=NOW)

    before = version()
    untold.ends(order, now=NOW)
    assert version() != before


def test_the_morning_says_it_without_a_name(client, site, order):
    text = page(client, department.lead(site), "/morning/")
    assert SAID in text
    assert order.patient.given_name not in text


def test_the_order_says_what_to_do_when_the_referrer_calls(client, site, order):
    text = page(client, department.scheduler(site), f"/orders/{order.pk}/")
    assert "A physician tells Dr Rita Moss by 08:00" in text
    assert "put them through to the reading physician at once" in text


def test_told_it_is_gone_everywhere(client, site, order):
    untold.ends(order, now=NOW)
    for path in ("/board/", "/morning/", f"/orders/{order.pk}/"):
        text = page(client, department.lead(site), path)
        assert SAID not in text
        assert "The result cannot wait" not in text


def test_another_site_does_not_see_it(client, site, order):
    elsewhere = department.site("hillside")
    assert SAID not in page(client, department.lead(elsewhere), "/board/")


def test_a_new_deadline_takes_the_place_of_the_old_one(order):
    untold.stands(order, since=NOW, due_at=NOW + timedelta(minutes=20))
    assert UntoldResult.objects.get().due_at == NOW + timedelta(minutes=20)
