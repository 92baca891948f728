import pytest

from reporting.models import CriticalResult, Told
from reporting.services import critical
from tests import department
from tests.callers import Caller, Clock
from tests.reporting.conftest import NOW
from tests.reporting.critical.conftest import MINUTE, says

pytestmark = pytest.mark.django_db
CALL = {"told_to": "Dr Rita Moss", "method": "phone", "finding": "PE present", "read_back": True}


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    Clock(monkeypatch, NOW + 10 * MINUTE)


@pytest.fixture
def caller(attending):
    return Caller(attending)


def test_the_list_says_until_when_whom_and_what_was_tried(result, empty, order, caller, attending):
    critical.tried(empty, whom="Dr Rita Moss", outcome="busy", by=attending, now=NOW + MINUTE)
    status, body = caller.get("critical", state="open")
    (row,) = body["results"]
    assert (status, row["order"], row["finding"], row["must_be_told"], row["is_overdue"]) == (
        200,
        order.pk,
        "PE present (Ten terms in three groups)",
        "Dr Rita Moss",
        False,
    )
    assert row["due_at"] == "2027-03-08T16:00:00-05:00"
    assert [(each["whom"], each["outcome"]) for each in row["attempts"]] == [("Dr Rita Moss", "busy")]
    assert (row["told"], row["withdrawal"], row["closing"]) == (None, None, None)


def test_a_call_closes_it_and_is_answered_with_the_record(result, order, caller):
    status, (row,) = caller.post(f"orders/{order.pk}/critical/told", CALL)
    assert (status, row["closing"]) == (200, "told")
    assert row["told"] == {
        "finding": "PE present",
        "told_by": "Ada Lund",
        "told_to": "Dr Rita Moss",
        "told_at": "2027-03-08T15:10:00-05:00",
        "method": "phone",
        "read_back": True,
        "note": "",
    }
    assert caller.get("critical", state="open")[1]["results"] == []
    assert len(caller.get("critical", state="closed")[1]["results"]) == 1


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        (
            {"read_back": False},
            "read_back",
            "Have it read back, then say so. Until then the result stays open.",
        ),
        ({"method": "email"}, "method", "An e-mail does not count as telling. Phone, or go there."),
        ({"told_to": ""}, "told_to", "Say who was told: their name."),
        ({"finding": ""}, "finding", "Say what was told."),
        ({"told_at": "2027-03-08T15:11:00-05:00"}, "told_at", "This time is still to come."),
    ],
)
def test_a_call_that_lacks_something_leaves_it_open(result, order, caller, changed, field, sentence):
    status, body = caller.post(f"orders/{order.pk}/critical/told", CALL | changed)
    assert (status, body["errors"]) == (422, {field: [sentence]})
    assert CriticalResult.objects.open().exists()


def test_sent_again_with_its_key_it_is_told_once(result, order, caller):
    for _ in range(2):
        status, _ = caller.post(f"orders/{order.pk}/critical/told", CALL, key="one")
        assert status == 200
    assert Told.objects.count() == 1


def test_an_attempt_is_answered_with_what_is_still_open(result, order, caller):
    status, (row,) = caller.post(
        f"orders/{order.pk}/critical/attempts", {"whom": "4 West", "outcome": "no_answer"}
    )
    assert (status, row["closing"], row["attempts"][0]["method"]) == (201, None, "phone")


def test_a_slip_is_withdrawn_once_the_draft_says_it_no_longer(result, empty, caller):
    address = f"critical/{result.pk}/withdraw"
    status, body = caller.post(address, {"reason": "Wrong button."})
    assert (status, body["detail"]) == (409, "The report still says it. Change the report first, or tell it.")
    says(empty, "normal")
    status, (row,) = caller.post(address, {"reason": "Wrong button."})
    assert (status, row["withdrawal"]["reason"]) == (200, "Wrong button.")


def test_an_order_without_a_report_has_nothing_to_tell(order, caller):
    assert caller.get(f"orders/{order.pk}/critical") == (200, [])
    status, body = caller.post(f"orders/{order.pk}/critical/told", CALL)
    assert (status, body["detail"]) == (409, "Nothing has to be told about this examination.")


def test_another_site_does_not_have_it(result, order, elsewhere):
    stranger = Caller(department.attending(elsewhere))
    assert stranger.get("critical")[1]["results"] == []
    assert stranger.get(f"orders/{order.pk}/critical")[0] == 404
    assert stranger.post(f"critical/{result.pk}/withdraw", {"reason": "x"})[0] == 404


def test_what_became_critical_during_the_call_is_not_closed_with_it(result, order, caller):
    status, body = caller.post(f"orders/{order.pk}/critical/told", CALL | {"results": [result.pk + 1]})
    assert (status, body["detail"]) == (
        409,
        "Something else has become critical meanwhile. Look at it, and tell that too.",
    )
    status, _ = caller.post(f"orders/{order.pk}/critical/told", CALL | {"results": [result.pk]})
    assert status == 200
