"""Holding, confirming, changing places, lengthening and overbooking through the API."""

import pytest

from scheduling.models import Appointment, Hold, Reservation, Resource
from tests import department
from tests.callers import Caller

LATER = "2027-03-10"


@pytest.fixture
def rival(site):
    return Caller(department.scheduler(site, username="rob", first_name="Rob", last_name="Vance"))


@pytest.fixture
def best(vetted, scheduler):
    return first_of(scheduler, f"orders/{vetted.pk}/itineraries")


def first_of(caller, address, **period):
    _, found = caller.get(address, **{"first_day": LATER, **period})
    return {name: found["proposals"][0][name] for name in ("starts", "resource_ids")}


@pytest.fixture
def held(vetted, scheduler, best):
    status, hold = scheduler.post(f"orders/{vetted.pk}/holds", best)
    assert status == 201
    return hold


def test_a_time_is_held_and_then_booked_with_the_hold(vetted, scheduler, held, clock):
    assert (held["held_by"], held["outcome"], held["order"]) == ("Sam Reed", "live", vetted.pk)
    assert held["expires_at"] == "2027-03-08T07:05:00-05:00"
    assert scheduler.get(f"holds/{held['id']}") == (200, held)
    clock.pass_by(minutes=3)
    chosen = {name: held[name] for name in ("starts", "resource_ids")}
    status, booked = scheduler.post(f"orders/{vetted.pk}/appointment", {**chosen, "hold": held["id"]})
    assert (status, booked["order"]) == (201, vetted.pk)
    assert Hold.objects.get().outcome == "confirmed"


def test_held_twice_with_one_key_it_is_held_once(vetted, scheduler, best):
    answers = [scheduler.post(f"orders/{vetted.pk}/holds", best, key="twice") for _ in range(2)]
    assert answers[0] == answers[1]
    assert Hold.objects.count() == 1


def test_who_finds_it_held_gets_the_next_five(site, rival, held, best):
    other = department.order(site)
    for address in ("holds", "appointment"):
        status, refused = rival.post(f"orders/{other.pk}/{address}", best)
        assert status == 409
        assert refused["detail"] == "X-ray 1 is held by Sam Reed until 07:05. Choose another time."
        assert len(refused["alternatives"]) == 5
    assert rival.post(f"orders/{other.pk}/holds", chosen(refused["alternatives"][0]))[0] == 201


def chosen(proposal):
    return {name: proposal[name] for name in ("starts", "resource_ids")}


def test_it_is_extended_by_its_holder_until_it_is_over(scheduler, rival, held, clock):
    clock.pass_by(minutes=2)
    status, longer = scheduler.post(f"holds/{held['id']}/extend")
    assert (status, longer["expires_at"]) == (200, "2027-03-08T07:07:00-05:00")
    status, refused = rival.post(f"holds/{held['id']}/extend")
    assert (status, refused["detail"]) == (403, "Sam Reed holds this time. Choose another, or ask for it.")
    clock.pass_by(minutes=5)
    status, refused = scheduler.post(f"holds/{held['id']}/extend")
    assert (status, refused["detail"]) == (
        409,
        "The time was held until 07:07. Confirm it while it is still free, or choose again.",
    )


def test_released_it_is_free(site, scheduler, rival, held, best):
    status, gone = scheduler.post(f"holds/{held['id']}/release")
    assert (status, gone["outcome"]) == (200, "released")
    assert rival.post(f"orders/{department.order(site).pk}/appointment", best)[0] == 201


def test_another_time_is_held_and_taken(site, scheduler):
    appointment = department.booked(site)
    address = f"appointments/{appointment.pk}"
    wanted = first_of(scheduler, f"{address}/itineraries")
    status, held = scheduler.post(f"{address}/holds", wanted)
    assert (status, held["appointment"]) == (201, str(appointment.pk))
    status, moved = scheduler.post(f"{address}/move", {**chosen(held), "hold": held["id"]})
    assert (status, moved["revision"], moved["starts_at"][:10]) == (200, 2, LATER)


def test_one_step_is_moved_alone(site, scheduler):
    appointment = department.booked(site)
    _, before = scheduler.get(f"appointments/{appointment.pk}")
    later = before["steps"][2]["planned_start_at"].replace(":35:00-", ":40:00-")
    status, moved = scheduler.post(f"appointments/{appointment.pk}/move", {"starts": {"perfusion": later}})
    assert (status, moved["steps"][2]["planned_start_at"]) == (200, later)
    assert moved["steps"][:2] == before["steps"][:2]


def test_a_hold_of_another_site_is_not_found(scheduler, elsewhere, held):
    stranger = Caller(department.scheduler(elsewhere))
    for ask in (stranger.get, lambda address: stranger.post(f"{address}/release")):
        assert ask(f"holds/{held['id']}")[0] == 404
    status, refused = stranger.post(
        f"orders/{department.order(elsewhere).pk}/appointment", {**chosen(held), "hold": held["id"]}
    )
    assert (status, sorted(refused["errors"])) == (422, ["hold", "resource_ids"])


@pytest.mark.parametrize("value", ["x", 7, None, "8f1f4c52-65d5-4d65-9b39-8f4ad0a0a0ff"])
def test_a_hold_that_cannot_be_is_refused_at_its_field(vetted, scheduler, best, value):
    status, refused = scheduler.post(f"orders/{vetted.pk}/appointment", {**best, "hold": value})
    assert (status, list(refused["errors"])) == (422, ["hold"])


class TestChanges:
    @pytest.fixture
    def pair(self, site):
        return [department.booked(site) for _ in range(2)]

    def test_two_change_places(self, scheduler, pair):
        one, other = pair
        body = {"other": str(other.pk)}
        status, answer = scheduler.post(f"appointments/{one.pk}/swap", body)
        rows = answer["appointments"]
        assert (status, [row["id"] for row in rows]) == (200, [str(one.pk), str(other.pk)])
        assert [row["revision"] for row in rows] == [2, 2]
        lungs = {each.pk: each.lungs_start_at for each in Appointment.objects.all()}
        assert (lungs[one.pk], lungs[other.pk]) == (other.lungs_start_at, one.lungs_start_at)

    def test_a_swap_that_does_not_fit_comes_with_other_times(self, site, scheduler, pair):
        one, other = pair
        camera = Resource.objects.filter(name__startswith="Camera")
        for each in camera:
            each.closures.create(site=site, span=(other.lungs_start_at, other.ends_at), reason="QC")
        status, refused = scheduler.post(f"appointments/{one.pk}/swap", {"other": str(other.pk)})
        assert (status, len(refused["alternatives"])) == (409, 5)
        assert "does not fit there" in refused["detail"]

    def test_an_acquisition_is_lengthened(self, scheduler, pair):
        step = pair[0].steps.get(kind="perfusion")
        status, row = scheduler.post(f"steps/{step.pk}/lengthen", {"minutes": 25})
        assert status == 200
        planned = row["steps"][2]
        assert planned["planned_start_at"][14:16] == f"{step.planned_start_at:%M}"
        step.refresh_from_db()
        assert (step.planned_end_at - step.planned_start_at).total_seconds() == 25 * 60
        status, refused = scheduler.post(f"steps/{step.pk}/lengthen", {"minutes": 0})
        assert (status, list(refused["errors"])) == (422, ["minutes"])


def test_a_stat_order_is_overbooked_by_the_lead_with_a_reason(site, lead, scheduler):
    for prefix in ("X-ray", "Bay", "Ventilation", "Camera"):
        rooms = Resource.objects.filter(name__startswith=prefix).order_by("pk")
        Resource.objects.filter(pk__in=rooms.values("pk")[1:]).update(is_active=False)
    stat, other = department.order(site, priority="stat"), department.order(site)
    wanted = first_of(scheduler, f"orders/{other.pk}/itineraries")
    assert scheduler.post(f"orders/{other.pk}/appointment", wanted)[0] == 201
    body = {**wanted, "overbook_reason": "Shock, cannot wait"}
    body["resource_ids"] = []
    assert scheduler.post(f"orders/{stat.pk}/appointment", body)[0] == 403
    status, booked = lead.post(f"orders/{stat.pk}/appointment", body)
    assert (status, booked["priority"]) == (201, "stat")
    assert Reservation.objects.filter(status="overbooked").exists()
