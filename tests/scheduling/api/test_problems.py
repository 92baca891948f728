"""Problems through the API: the same service as the pages."""

from datetime import timedelta

import pytest

from tests import department
from tests.department import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def appointment(site):
    return department.booked(site)


def test_report_list_change_close_and_take_back(technologist, scheduler, appointment):
    status, made = technologist.post(f"appointments/{appointment.pk}/problems", {"reason": "no_iv"})
    assert (status, made["owner"]) == (201, "Tess Cole")
    pk = made["id"]
    [listed] = scheduler.get("problems")[1]["results"]
    assert (listed["id"], listed["reason"], listed["closed_at"]) == (pk, "no_iv", None)
    due = (NOW + timedelta(hours=1)).isoformat()
    _, changed = technologist.post(f"problems/{pk}/change", {"owner": scheduler.user.pk, "due_at": due})
    assert changed["owner"] == "Sam Reed"
    _, closed = technologist.post(f"problems/{pk}/close", {"outcome": "Done."})
    assert (closed["outcome"], closed["closed_by"]) == ("Done.", "Tess Cole")
    assert technologist.get("problems")[1]["results"] == []
    assert technologist.post(f"problems/{pk}/close")[0] == 409
    assert technologist.post(f"problems/{pk}/reopen")[1]["closed_at"] is None
    assert technologist.post(f"problems/{pk}/withdraw")[1]["outcome"] == "Reported by mistake."


@pytest.mark.parametrize(
    "sent", [{}, {"reason": "weather"}, {"reason": "other"}, {"reason": "no_iv", "owner": 0}, {"reason": 3}]
)
def test_what_cannot_be_right_is_refused(technologist, appointment, sent):
    assert technologist.post(f"appointments/{appointment.pk}/problems", sent)[0] == 422


def test_other_sites_are_not_seen(technologist, elsewhere):
    there = department.booked(elsewhere)
    assert technologist.post(f"appointments/{there.pk}/problems", {"reason": "no_iv"})[0] == 404
