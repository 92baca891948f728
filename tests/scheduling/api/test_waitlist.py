"""The waitlist over the API: join, read, change, leave, accept, decline."""

import pytest

from scheduling.models import Offer
from scheduling.services.waitlist import filling
from tests import department

DAYS = {"first_day": "2027-03-09", "last_day": "2027-03-12"}


@pytest.fixture
def entry(site, scheduler):
    """An order on the waitlist."""
    status, made = scheduler.post("waitlist", {"order": department.order(site).pk, **DAYS})
    assert status == 201
    return made


@pytest.fixture
def offer(entry):
    filling.fill(now=department.NOW)
    return Offer.objects.get()


def test_an_order_is_put_on_the_list_with_its_wishes(site, vetted, scheduler):
    wishes = {**DAYS, "weekdays": [4, 1], "comes_from": "09:00", "comes_until": "12:00", "notice_minutes": 45}
    answer = scheduler.answer("post", "waitlist", {"order": vetted.pk, **wishes})
    made = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/waitlist/{made['id']}"
    assert {name: made[name] for name in wishes} == {**wishes, "weekdays": [1, 4]}
    assert (made["order"], made["appointment"], made["state"], made["offers"]) == (
        vetted.pk,
        None,
        "waiting",
        [],
    )
    assert scheduler.get(f"waitlist/{made['id']}") == (200, made)


def test_the_list_shows_who_waits_the_most_urgent_first(site, scheduler, entry):
    urgent = department.order(site, priority="urgent")
    scheduler.post("waitlist", {"order": urgent.pk, **DAYS})
    status, found = scheduler.get("waitlist")
    assert (status, [each["order"] for each in found["results"]]) == (200, [urgent.pk, entry["order"]])
    assert found["results"][1]["patient"]["family_name"] == "Moreno"


def test_an_offer_is_accepted_and_booked(scheduler, entry, offer):
    _, shown = scheduler.get(f"waitlist/{entry['id']}")
    assert shown["state"] == "offered"
    [open_offer] = shown["offers"]
    assert (open_offer["is_held"], open_offer["answer_by"]) == (True, "2027-03-08T07:30:00-05:00")
    status, appointment = scheduler.post(f"offers/{offer.pk}/accept")
    assert (status, appointment["order"]) == (200, entry["order"])
    assert open_offer["visits"][0]["starts_at"] == appointment["starts_at"]
    status, refused = scheduler.post(f"offers/{offer.pk}/accept")
    assert (status, refused["detail"]) == (409, "This offer was accepted already.")
    assert scheduler.get("waitlist")[1]["results"] == []


def test_an_offer_is_declined_and_the_patient_waits_on(scheduler, entry, offer):
    status, declined = scheduler.post(f"offers/{offer.pk}/decline")
    assert (status, declined["state"], declined["entry"]) == (200, "declined", entry["id"])
    assert scheduler.get(f"waitlist/{entry['id']}")[1]["state"] == "waiting"


def test_a_change_leaves_what_it_does_not_name(scheduler, entry):
    status, changed = scheduler.send("patch", f"waitlist/{entry['id']}", {"last_day": "2027-03-10"})
    assert (status, changed["first_day"], changed["last_day"]) == (200, "2027-03-09", "2027-03-10")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last_day": "2027-03-01"}, "last_day"),
        ({"weekdays": [7]}, "weekdays.0"),
        ({"comes_from": "09:00"}, "comes_until"),
        ({"notice_minutes": -5}, "notice_minutes"),
        ({"when": "soon"}, "when"),
    ],
)
def test_wishes_that_cannot_be_are_refused_at_their_field(scheduler, entry, wrong, field):
    status, refused = scheduler.send("patch", f"waitlist/{entry['id']}", wrong)
    assert (status, list(refused["errors"])) == (422, [field])


def test_who_leaves_is_off_the_list_and_cannot_leave_twice(scheduler, entry):
    assert scheduler.post(f"waitlist/{entry['id']}/leave")[1]["state"] == "left"
    assert scheduler.post(f"waitlist/{entry['id']}/leave")[0] == 409
    assert scheduler.send("patch", f"waitlist/{entry['id']}", {"last_day": "2027-03-10"})[0] == 409


def test_technologists_read_the_list_and_do_not_change_it(technologist, entry, offer):
    assert technologist.get("waitlist")[0] == 200
    for address in (f"waitlist/{entry['id']}/leave", f"offers/{offer.pk}/accept"):
        assert technologist.post(address)[0] == 403


def test_another_sites_orders_and_offers_are_not_found(elsewhere, scheduler, entry):
    other = department.order(elsewhere)
    assert scheduler.post("waitlist", {"order": other.pk, **DAYS})[0] == 422
    assert scheduler.post("offers/999999/accept")[0] == 404
