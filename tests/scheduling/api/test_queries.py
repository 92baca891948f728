"""A search through the API asks the database as often as it must: who calls, the site, the order, and the search."""

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from scheduling.serializers.itineraries import ItinerariesOut
from scheduling.services import search
from tests import department
from tests.department import NOW, TODAY
from vqflow.api.plain import plain

QUERIES = 7  # savepoint, token and user, site, order, audit, search, release


@pytest.fixture
def asked(site):
    user = department.scheduler(site)
    token = Token.objects.create(user=user)
    address = f"/api/v1/orders/{department.order(site).pk}/itineraries?first_day={TODAY}&days=28"
    return lambda: Client().get(address, headers={"Authorization": f"Token {token.key}"})


def test_a_search_takes_a_fixed_number_of_queries(asked, django_assert_num_queries):
    asked()
    with django_assert_num_queries(QUERIES):
        answer = asked()
    assert len(answer.json()["proposals"]) == search.LIMIT


def test_proposals_are_answered_as_the_schema_says(site):
    order, by = department.order(site), department.scheduler(site)
    found, blockers = search.proposals(order, first_day=TODAY, days=7, by=by, now=NOW)
    answer = {"proposals": found, "blockers": blockers}
    assert plain(ItinerariesOut, answer) == ItinerariesOut(answer).data
