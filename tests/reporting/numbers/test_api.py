"""The numbers by the API: the same figures as on the pages."""

import csv
import io

import pytest
from rest_framework.test import APIClient

from reporting.numbers import panels
from reporting.services import drafting, signing
from reporting.services.facts import keeping
from tests import department
from tests.reporting.conftest import LIKELY, NOW

DAYS = {"period": "own", "first": "2027-03-01", "last": "2027-03-31"}


@pytest.fixture
def api(site):
    client = APIClient()
    client.force_authenticate(department.lead(site))
    return client


@pytest.fixture
def counted(order, site, attending):
    found = drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
    signing.sign(found, draft_version=2, by=attending, now=NOW)
    keeping.renew(site, now=NOW)
    return order


def test_the_list_defines_every_panel(api):
    found = api.get("/api/v1/numbers").json()
    assert [each["key"] for each in found] == [panel.key for panel in panels.ALL]
    assert all(each["definition"] for each in found)


@pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
def test_each_panel_answers_as_json_and_as_csv(panel, api, counted):
    found = api.get(f"/api/v1/numbers/{panel.key}", DAYS).json()
    assert (found["key"], found["first"], found["last"]) == (panel.key, "2027-03-01", "2027-03-31")
    sheet = api.get(f"/api/v1/numbers/{panel.key}/csv", DAYS)
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert (sheet.status_code, rows[0]) == (200, [panel.title])
    assert counted.accession_number not in str(found) + sheet.content.decode()


def test_figures_are_bare_numbers_beside_their_words(api, counted):
    found = api.get("/api/v1/numbers/categories", DAYS).json()
    assert found["count"] == 1
    assert found["figures"][0] == {"label": "Could not tell", "value": None, "text": "0 of 1"}
    assert found["figures"][2] == {"label": "Reports", "value": 1, "text": "1"}
    scheme = found["tables"][0]
    assert (scheme["columns"][0], scheme["rows"][0][:3]) == ("Scheme", ["Ten terms in three groups", 1, 0])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"period": "never"}, "period"),
        ({"period": "own", "first": "2027-03-05", "last": "2027-03-01"}, "first"),
        ({"site": "all", "period": "365"}, "site"),
        ({"patient": "Moreno"}, "patient"),
    ],
)
def test_a_choice_that_cannot_be_right_is_refused_with_its_field(query, field, api):
    answer = api.get("/api/v1/numbers/order-to-scan", query)
    assert answer.status_code == 422
    assert field in str(answer.json())


def test_there_is_no_other_panel(api):
    assert api.get("/api/v1/numbers/none").status_code == 404
    assert api.get("/api/v1/numbers/none/csv").status_code == 404
