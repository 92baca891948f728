"""The day's list and tomorrow's preparation as programs read them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import kept_examinations
from scheduling.services import problems
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db
TOMORROW = (TODAY + timedelta(days=1)).isoformat()


def test_row_names_its_open_problems_and_when_it_is_likely_to_go_on(technologist, site):
    appointment = department.booked(site)
    problems.report(appointment, reason="no_iv", by=technologist.user, now=NOW)
    status, answer = technologist.get("worklist")
    [row] = answer["rows"]
    assert status == 200
    assert [(each["reason"], each["owner"]) for each in row["problems"]] == [("no_iv", "Tess Cole")]
    assert row["likely_at"] is not None
    assert row["action"]["name"] == "check-in"


def test_preparation_says_what_is_missing(technologist, site):
    silent = department.patient(site, email_consent=False)
    department.booked(site, first_day=TODAY + timedelta(days=1), of=silent)
    _, answer = technologist.get("worklist/preparation")
    [row] = answer["rows"]
    assert answer["day"] == TOMORROW
    assert [each["what"] for each in row["lacks"]] == ["call"]
    assert row["appointment"]["patient"]["mrn"] == silent.mrn


@pytest.mark.parametrize("address", ["worklist?day=2027-03-08", f"worklist/preparation?day={TOMORROW}"])
@pytest.mark.parametrize(("is_kept", "queries"), [(True, 8), (False, 10)])
@pytest.mark.parametrize("count", [1, 3])
def test_same_number_of_queries_however_many_rows(technologist, site, address, count, is_kept, queries):
    for _ in range(count):
        department.booked(site)
        department.booked(site, first_day=TODAY + timedelta(days=1))
    technologist.get(address)
    if not is_kept:
        kept_examinations.forget()
    with CaptureQueriesContext(connection) as seen:
        _, answer = technologist.get(address)
    assert len(answer["rows"]) == count
    assert len(seen) == queries
