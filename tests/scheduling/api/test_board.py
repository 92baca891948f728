"""The board through the API: its days, drops, and gaps."""

from datetime import timedelta

import pytest

from scheduling.models import Resource, StepKind
from scheduling.services.waitlist import entries
from tests import department
from tests.department import NOW, TODAY


@pytest.fixture
def appointment(site):
    return department.booked(site)


def step_of(appointment, kind):
    return appointment.steps.get(kind=kind)


def test_a_day_names_rooms_visits_and_what_is_free(scheduler, appointment):
    status, board = scheduler.get("board", day=TODAY.isoformat())
    assert status == 200
    assert (board["first_day"], board["last_day"]) == ("2027-03-08", "2027-03-08")
    [visit] = board["appointments"]
    assert visit["id"] == str(appointment.pk)
    blocks = {block["step"] for row in board["rows"] for block in row["blocks"]}
    assert blocks == {step["id"] for step in visit["steps"]}
    camera = next(row for row in board["rows"] if row["name"] == "Camera 1")
    assert camera["kind"] == "room"
    assert camera["open"] == [
        {"starts_at": "2027-03-08T07:00:00-05:00", "ends_at": "2027-03-08T18:00:00-05:00"}
    ]


def test_a_week_begins_on_its_monday(scheduler, appointment):
    board = scheduler.get("board", day="2027-03-11", view="week")[1]
    assert (board["first_day"], board["last_day"]) == ("2027-03-08", "2027-03-14")


def test_those_without_the_board_are_told(attending):
    assert attending.get("board")[0] == 403


def test_a_step_is_dropped_and_taken_back(scheduler, appointment):
    step = step_of(appointment, StepKind.PERFUSION)
    at = step.planned_start_at + timedelta(minutes=5)
    status, answer = scheduler.post(f"steps/{step.pk}/drop", {"starts_at": at.isoformat()})
    assert status == 200
    assert step_of(appointment, StepKind.PERFUSION).planned_start_at == at
    assert answer["former"]["revision"] == 2
    status, _ = scheduler.post(f"appointments/{appointment.pk}/take-back", answer["former"])
    assert status == 200
    assert step_of(appointment, StepKind.PERFUSION).planned_start_at == step.planned_start_at
    assert scheduler.post(f"appointments/{appointment.pk}/take-back", answer["former"])[0] == 409


def test_a_refusal_comes_with_other_times(scheduler, appointment):
    step = step_of(appointment, StepKind.VENTILATION)
    at = step.planned_start_at + timedelta(minutes=60)
    status, problem = scheduler.post(f"steps/{step.pk}/drop", {"starts_at": at.isoformat()})
    assert status == 409
    assert problem["alternatives"]
    status, _ = scheduler.post(f"steps/{step.pk}/drop", {"starts_at": at.isoformat(), "whole": True})
    assert status == 200


def test_a_step_is_given_to_another_room(scheduler, appointment):
    step = step_of(appointment, StepKind.PERFUSION)
    room = Resource.objects.filter(name__startswith="Camera").exclude(reservations__step=step).get()
    wanted = {"starts_at": step.planned_start_at.isoformat(), "resource": room.pk}
    answer = scheduler.post(f"steps/{step.pk}/drop", wanted)[1]
    [perfusion] = [each for each in answer["appointment"]["steps"] if each["kind"] == "perfusion"]
    assert perfusion["room"]["name"] == room.name


class TestAGap:
    @pytest.fixture
    def entry(self, site):
        by = department.scheduler(site)
        wishes = entries.Wishes(TODAY, TODAY, notice_minutes=0)
        return entries.join(department.order(site, by=by), wishes=wishes, by=by, now=NOW)

    def fits(self, caller):
        room = Resource.objects.get(name="Camera 2").pk
        span = {
            "starts_at": (NOW + timedelta(hours=2)).isoformat(),
            "ends_at": (NOW + timedelta(hours=6)).isoformat(),
        }
        status, answer = caller.get("board/gap", room=room, **span)
        assert status == 200, answer
        return answer["fits"]

    @pytest.mark.parametrize(("deed", "state"), [("offer", "offered"), ("book", "taken")])
    def test_is_filled_by_one_who_fits(self, scheduler, entry, deed, state):
        [fit] = self.fits(scheduler)
        assert fit["entry"]["id"] == entry.pk
        chosen = {name: fit["proposal"][name] for name in ("starts", "resource_ids")}
        assert scheduler.post(f"waitlist/{entry.pk}/{deed}", chosen)[0] == 200
        entry.refresh_from_db()
        assert entry.state == state

    @pytest.mark.parametrize("asked", [{}, {"room": "x"}, {"starts_at": "2027-03-08T10:00:00Z"}])
    def test_what_cannot_be_read_is_refused(self, scheduler, site, asked):
        assert scheduler.get("board/gap", **asked)[0] == 422
