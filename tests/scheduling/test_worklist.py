"""Reads of the list: the next action, the version, and what passes with time."""

from datetime import timedelta

import pytest

from scheduling import worklist
from scheduling.engine.screening import Stage
from scheduling.models import StepKind
from scheduling.services import vetting, visits
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def tess(site):
    return department.technologist(site)


@pytest.fixture
def appointment(site):
    return department.booked(site)


def row_at(appointment, by, now):
    (found,) = worklist.day(appointment.site, TODAY, by=by, now=now)
    return found


def action_at(appointment, by, now):
    found = row_at(appointment, by, now).action
    return found and (found.name, found.refusal)


def test_next_action_walks_through_the_examination(appointment, tess):
    now, seen = NOW, []

    def note():
        seen.append(action_at(appointment, tess, now))

    note()
    arrivals.check_in(appointment, **department.HERE, by=tess, now=now)
    note()
    xrays.record(appointment, ended_at=now - timedelta(hours=2), by=tess, now=now)
    note()
    visits.clear_dose(appointment, by=tess, now=now)
    for kind in (StepKind.VENTILATION, StepKind.PERFUSION):
        step = appointment.steps.get(kind=kind)
        note()
        visits.start(step, by=tess, now=now)
        note()
        visits.end(step, by=tess, now=now)
    note()
    names = ["check-in", "xray", "clear-dose", "start", "end", "start", "end"]
    assert seen == [*((name, None) for name in names), None]


def test_version_is_the_same_until_something_is_recorded(appointment, tess):
    site = appointment.site
    first = worklist.version(site, TODAY)
    assert worklist.version(site, TODAY) == first
    arrivals.check_in(appointment, **department.HERE, by=tess, now=NOW)
    assert worklist.version(site, TODAY) != first


def test_version_of_another_day_does_not_change(appointment, tess):
    tomorrow = TODAY + timedelta(days=1)
    before = worklist.version(appointment.site, tomorrow)
    arrivals.check_in(appointment, **department.HERE, by=tess, now=NOW)
    assert worklist.version(appointment.site, tomorrow) == before


def test_version_changes_when_the_window_opens_closes_in_an_hour_and_ends(appointment, tess):
    arrivals.check_in(appointment, **department.HERE, by=tess, now=NOW)
    xrays.record(appointment, ended_at=NOW, by=tess, now=NOW)
    site, second = appointment.site, timedelta(seconds=1)
    # A day later no planned start passes any more.
    for limit in (NOW + timedelta(hours=23), NOW + timedelta(hours=24)):
        before, after = (worklist.version(site, TODAY, limit + each) for each in (second * 0, second))
        assert before != after
        assert worklist.version(site, TODAY, limit + second) == worklist.version(
            site, TODAY, limit + 2 * second
        )
    opens = NOW + timedelta(hours=1)
    assert worklist.version(site, TODAY, opens) != worklist.version(site, TODAY, opens + second)


def test_version_takes_one_query_and_answers_do_not_multiply_its_rows(appointment, django_assert_num_queries):
    with django_assert_num_queries(1):
        worklist.version(appointment.site, TODAY, NOW)


def test_vetting_and_answers_change_the_version(site, tess):
    order = department.order(site, priority="stat", vetted=False)
    best = department.proposal(order)
    made = department.booking.book(order, starts=best.starts, by=department.scheduler(site), now=NOW)
    order.refresh_from_db()
    before = worklist.version(site, TODAY)
    vetting.vet(
        order, reason="Agreed.", protocol=order.procedure.protocol, by=department.attending(site), now=NOW
    )
    assert worklist.version(site, TODAY) != before
    assert row_at(made, tess, NOW).vetted


def test_blockers_of_a_passed_stage_are_left_out(site, tess):
    answers = {**department.SAFE_ANSWERS, "right_to_left_shunt": "yes"}
    made = department.booked(site, answers=answers)
    assert [effect.rule_id for effect in row_at(made, tess, NOW).blockers] == ["SHUNT-1"]
    vetting.override(
        made.procedure.order, rule="SHUNT-1", reason="Known.", by=department.attending(site), now=NOW
    )
    assert row_at(made, tess, NOW).blockers == ()


def test_stages_ahead_shrink(appointment, tess):
    def ahead():
        found = row_at(appointment, tess, NOW)
        return worklist.stages_ahead(found.appointment, found.steps)

    assert ahead() == [Stage.XRAY, Stage.DOSE, Stage.START]
    department.ready(appointment, by=tess)
    assert ahead() == [Stage.START]


@pytest.mark.parametrize(("hours", "rule"), [(0.5, "CXR-3"), (1, None), (24, None), (24.01, "CXR-2")])
def test_rule_behind_a_refusal_of_the_window(appointment, tess, hours, rule):
    arrivals.check_in(appointment, **department.HERE, by=tess, now=NOW)
    xrays.record(appointment, ended_at=NOW - timedelta(hours=hours), by=tess, now=NOW)
    refusal = (action_at(appointment, tess, NOW) or (None, None))[1]
    assert (worklist.rule_behind(refusal, appointment, NOW) if refusal else None) == rule


def test_refusal_without_a_rule_cannot_be_overridden(appointment):
    assert worklist.rule_behind("Check the patient in first.", appointment, NOW) is None


def test_one_whose_xray_alone_is_today_stands_at_its_xray(site, tess):
    first, second = department.booked(site), department.booked(site)
    type(first).objects.filter(pk=first.pk).update(
        lungs_start_at=first.lungs_start_at + timedelta(hours=20),
        ends_at=first.ends_at + timedelta(hours=20),
        xray_ends_at=first.xray_ends_at + timedelta(hours=1),
    )
    rows = worklist.day(site, TODAY, by=tess, now=NOW)
    assert [row.appointment.pk for row in rows] == [first.pk, second.pk]


def test_what_is_over_is_never_late(appointment, tess):
    type(appointment).objects.filter(pk=appointment.pk).update(state="noshow")
    assert row_at(appointment, tess, NOW + timedelta(hours=9)).late_minutes == 0
