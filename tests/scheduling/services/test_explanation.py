"""Why not at this time, on a real department: who occupies what, in words, and what could be done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.engine.relaxation import Kind
from scheduling.models import Closure, Resource, Shift, StepKind
from scheduling.services import availability, booking, explanation, holds, occupations
from tests import department
from vqflow.errors import Conflict, Invalid

pytestmark = pytest.mark.django_db

TEN = datetime(2027, 3, 8, 15, 0, tzinfo=UTC)  # Monday 10:00 in New York


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def by(site):
    return department.scheduler(site, first_name="Kim", last_name="Park")


@pytest.fixture
def order(site, by):
    return department.order(site, by=by)


def asked(order, by, at=TEN, kind="ventilation", **known):
    return explanation.why_not(order, starts={kind: at}, by=by, now=department.NOW, **known)


def close(site, name, starts_at, ends_at, reason="Repair"):
    return Closure.objects.create(
        site=site, resource=Resource.objects.get(name=name), span=(starts_at, ends_at), reason=reason
    )


def sentences(found, kind):
    step = next(each for each in found.steps if each.kind == kind)
    return step.sentences, tuple(reason.sentence for reason in step.reasons)


def test_a_free_time_has_no_reasons_and_can_be_booked(order, by):
    found = asked(order, by)
    assert (found.steps, found.changes) == ((), ())
    made = booking.book(order, starts=found.proposal.starts, by=by, now=department.NOW)
    assert made.lungs_start_at == TEN


def test_closed_rooms_are_named_with_their_reason_and_opening_one_would_do(site, order, by):
    for name in ("Camera 1", "Camera 2"):
        close(site, name, TEN - timedelta(hours=1), TEN + timedelta(hours=1))
    found = asked(order, by)
    assert found.proposal is None
    assert sentences(found, "perfusion") == (
        ("No perfusion can start 5 min to 20 min after the ventilation.",),
        ("Camera 1 is closed until 11:00 (Repair).", "Camera 2 is closed until 11:00 (Repair)."),
    )
    changes = [each.sentence for each in found.changes]
    assert changes == ["Open Camera 1 from 10:15 to 10:45.", "Open Camera 2 from 10:15 to 10:45."]
    assert found.before is None  # the X-ray of the day cannot be over in time
    assert found.after.lungs_start_at == TEN + timedelta(minutes=30)


def test_a_busy_room_says_until_when_it_is_busy_and_cleared_and_not_by_whom(site, order, by):
    close(site, "Ventilation 2", TEN - timedelta(hours=3), TEN + timedelta(hours=8))
    other = department.order(site, by=by)
    booking.book(other, starts=asked(other, by).proposal.starts, by=by, now=department.NOW)
    what, why = sentences(asked(order, by, TEN + timedelta(minutes=10)), "ventilation")
    assert what == ("No ventilation room is free for the ventilation at this time.",)
    assert why == (
        "Ventilation 1 is busy until 10:15 and is being cleared until 10:25.",
        "Ventilation 2 is closed until 18:00 (Repair).",
    )


def test_a_hold_names_its_holder_and_when_it_ends(site, order, by):
    close(site, "Ventilation 2", TEN - timedelta(hours=3), TEN + timedelta(hours=8))
    other = department.order(site, by=by)
    holds.hold(other, starts=asked(other, by).proposal.starts, by=by, now=department.NOW)
    found = asked(order, by)
    assert "Ventilation 1 is held by Kim Park until 07:05." in sentences(found, "ventilation")[1]
    kinds = {each.kind: each.sentence for each in found.changes}
    assert kinds["hold"] == "Ventilation 1 is held by Kim Park until 07:05: ask for it, or try again then."
    assert asked(other, by).proposal is not None  # one's own hold is in nobody's way


def test_off_hours_name_the_next_opening_and_who_is_not_on_shift(order, by):
    found = asked(order, by, datetime(2027, 3, 9, 1, 0, tzinfo=UTC))
    what, why = sentences(found, "ventilation")
    assert "Ventilation 1 is closed (opens 07:00 on Tue 9 Mar 2027)." in why
    assert "Ben Okafor is not on shift (begins 07:00 on Tue 9 Mar 2027)." in why
    assert "No nuclear medicine technologist is free for the ventilation at this time." in what


def test_a_time_too_soon_for_the_xray_says_when_it_would_have_to_end(order, by):
    found = asked(order, by, department.NOW + timedelta(minutes=40))
    what, _ = sentences(found, "ventilation")
    assert what == ("The X-ray would have to end by 06:30; 07:01 is the first minute that is left.",)
    assert {each.kind for each in found.changes} >= {"xray_elsewhere", "override"}


def test_the_patients_other_appointment_is_in_the_way(site, order, by):
    again = department.order(site, by=by, of=order.patient)
    booking.book(again, starts=asked(again, by).proposal.starts, by=by, now=department.NOW)
    _, why = sentences(asked(order, by), "ventilation")
    assert why == ("The patient has another appointment until 10:40.",)


def test_one_step_alone_can_start_at_another_time_and_that_books(site, order, by):
    starts = asked(order, by).proposal.starts
    close(site, "X-ray 1", starts["xray"], starts["xray"] + timedelta(minutes=10))
    close(site, "X-ray 2", starts["xray"], starts["xray"] + timedelta(minutes=10))
    found = explanation.why_not(order, starts=starts, by=by, now=department.NOW)
    change = next(each for each in found.changes if each.kind == "other_start")
    assert change.sentence == "Start the X-ray 10 min earlier, at 08:30, in X-ray 1."
    assert change.proposal.starts == {**starts, "xray": starts["xray"] - timedelta(minutes=10)}
    booking.book(order, starts=change.proposal.starts, by=by, now=department.NOW)


def test_one_more_technologist_would_do(site, order, by):
    Shift.objects.filter(resource__name__in=["Ben Okafor", "Carl Jensen"]).delete()
    other = department.order(site, by=by)
    booking.book(other, starts=asked(other, by).proposal.starts, by=by, now=department.NOW)
    kinds = {each.kind: each.sentence for each in asked(order, by).changes}
    assert kinds["staff"].startswith("Have one more nuclear medicine technologist from ")


def test_days_without_a_time_say_why_and_when_the_next_one_is(site, order, by):
    Resource.objects.filter(name="Camera 2").update(is_active=False)
    close(site, "Camera 1", department.NOW, department.NOW + timedelta(days=3))
    period = {"first_day": department.TODAY, "days": 2}
    found = explanation.why_not(order, starts={}, **period, by=by, now=department.NOW)
    what, why = sentences(found, "perfusion")
    assert what == ("No gamma camera is free in this period.",)
    assert why == ("Camera 1 is closed, never free for 30 minutes in a row.",)
    assert found.before is None
    assert found.after.lungs_start_at.date().isoformat() == "2027-03-11"


def test_a_public_holiday_is_called_one(order, by):
    memorial_day = datetime(2027, 5, 31, 15, 0, tzinfo=UTC)
    _, why = sentences(asked(order, by, memorial_day), "ventilation")
    assert "Ventilation 1 is closed for a public holiday (opens 07:00 on Tue 1 Jun 2027)." in why


def test_another_time_for_an_appointment_is_explained_without_its_own_time(site, by):
    appointment = department.booked(site, by=by)
    close(site, "Camera 1", TEN, TEN + timedelta(hours=1))
    close(site, "Camera 2", TEN, TEN + timedelta(hours=1))
    ask = {"by": by, "now": department.NOW}
    found = explanation.why_not_move(appointment, starts={"ventilation": TEN}, **ask)
    assert found.proposal is None
    assert found.after is not None
    now_planned = {"ventilation": appointment.lungs_start_at}
    assert explanation.why_not_move(appointment, starts=now_planned, **ask).proposal is not None


@pytest.mark.parametrize(
    ("starts", "sentence"),
    [
        ({"ventilation": department.NOW}, "This time has passed. Choose a later one."),
        (
            {"ventilation": department.NOW + timedelta(days=400)},
            "This is more than a year ahead. Choose an earlier time.",
        ),
        ({"ventilation": TEN + timedelta(seconds=1)}, "Times are whole minutes."),
    ],
)
def test_starts_that_cannot_be_meant_are_refused(order, by, starts, sentence):
    with pytest.raises(Invalid) as refusal:
        explanation.why_not(order, starts=starts, by=by, now=department.NOW)
    assert refusal.value.fields == {"starts": [sentence]}


def test_a_step_that_is_not_to_be_done_has_no_start(site, order, by):
    with pytest.raises(Invalid, match=r"No chest x-ray is to be done\."):
        asked(order, by, kind="xray", xray_ended_at=department.NOW - timedelta(hours=1))


def test_an_order_that_cannot_be_booked_is_not_explained(site, by):
    with pytest.raises(Conflict, match="has to vet"):
        asked(department.order(site, by=by, vetted=False), by)


def test_booking_refuses_with_the_same_reasons(site, order, by):
    starts = asked(order, by).proposal.starts
    for name in ("Camera 1", "Camera 2"):
        close(site, name, TEN - timedelta(hours=1), TEN + timedelta(hours=1))
    with pytest.raises(Conflict) as refusal:
        booking.book(order, starts=starts, by=by, now=department.NOW)
    assert refusal.value.sentence == (
        "No gamma camera is free for the perfusion at this time. "
        "Camera 1 is closed until 11:00 (Repair). Camera 2 is closed until 11:00 (Repair)."
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 14 * 60), st.integers(0, 59))
def test_whatever_booking_refuses_is_explained_and_whatever_it_takes_is_not(full, minutes, odd):
    """The same question: a WhyNot without a proposal has reasons, and everything that is not free has words."""
    order, by = full
    at = department.NOW + timedelta(minutes=minutes + odd)
    found = asked(order, by, at)
    assert (found.proposal is None) == bool(found.steps)
    for step in found.steps:
        assert step.sentences
        assert not any("is not free" in reason.sentence for reason in step.reasons)


@pytest.fixture
def full(site, by):
    """A day with some bookings, a room that is cleared after each, a closure and a hold."""
    room = Resource.objects.get(name="Camera 1").room
    room.clearance_minutes = 7
    room.save(update_fields=["clearance_minutes"])
    for _ in range(4):
        department.booked(site, by=by)
    close(site, "Camera 2", TEN, TEN + timedelta(hours=2))
    held = department.order(site, by=by)
    holds.hold(held, starts=department.proposal(held, by=by).starts, by=by, now=department.NOW)
    return department.order(site, by=by), by


def test_every_minute_that_is_not_free_has_its_words(full):
    order, _ = full
    question = availability.search_for(order, first_day=department.TODAY, days=2, now=department.NOW)
    times = occupations.Times("America/New_York", about=question.earliest)
    around = (question.earliest, question.latest)
    occupied = occupations.occupied(order.site, question, around, times=times, now=department.NOW)
    for resource in question.resources:
        free = {minute for low, high in resource.free for minute in range(low, high)}
        said = {m for each in occupied[resource.id] for m in range(each.start, each.end)}
        assert set(range(*around)) - free <= said, resource.name
        assert all(each.kind != Kind.UNKNOWN for each in occupied[resource.id])


def test_the_first_lung_step_is_the_one_a_wanted_time_is_asked_for(site, order):
    assert explanation.lungs_of(order) == StepKind.VENTILATION
