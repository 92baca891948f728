from datetime import timedelta

import pytest

from reporting import worklist
from reporting.services import drafting, signing
from scheduling.models import Priority
from tests import department
from tests.reporting.conftest import LIKELY, NOW

pytestmark = pytest.mark.django_db


def finish(order, *, by):
    drafting.write(order, draft_version=1, **LIKELY, by=by, now=NOW)
    return signing.sign(drafting.of(order), draft_version=2, by=by, now=NOW)


def counts(**some):
    return {"unread": 0, "mine": 0, "others": 0, "preliminary": 0, **some}


def listed(orders):
    return [row.order for row in worklist.rows(orders, now=NOW)]


def test_what_waits_for_a_report_comes_by_priority_then_the_oldest_first(site, attending):
    younger = department.performed(site, first_day=department.TODAY + timedelta(days=1))
    older = department.performed(site)
    stat = department.performed(site, priority=Priority.STAT, first_day=department.TODAY + timedelta(days=2))
    assert listed(worklist.unread(attending)) == [stat, older, younger]


def test_an_examination_that_is_not_finished_is_not_listed(site, attending):
    department.booked(site)
    department.order(site)
    assert listed(worklist.unread(attending)) == []


def test_another_sites_examination_is_not_listed(elsewhere, attending):
    department.performed(elsewhere)
    assert listed(worklist.unread(attending)) == []
    assert worklist.counts(attending) == counts()


def test_a_report_is_late_after_the_sites_target_for_its_priority(site, order, attending):
    [row] = worklist.rows(worklist.unread(attending), now=NOW)
    ended = order.procedure.appointments.get().steps.last().performed_end_at
    assert (row.performed_end_at, row.due_at) == (ended, ended + timedelta(hours=24))
    due = row.due_at
    [on_time] = worklist.rows(worklist.unread(attending), now=due)
    [late] = worklist.rows(worklist.unread(attending), now=due + timedelta(seconds=1))
    assert (on_time.is_late, late.is_late) == (False, True)


def test_the_row_says_how_far_the_report_is(order, resident, attending):
    def states():
        return [(row.state, row.version and row.version.kind) for row in worklist.rows(mine(), now=NOW)]

    def mine():
        return worklist.unread(attending)

    assert states() == [("none", None)]
    drafting.write(order, draft_version=1, **LIKELY, by=resident, now=NOW)
    assert states() == [("draft", None)]
    signing.sign(drafting.of(order), draft_version=2, by=resident, now=NOW)
    assert states() == [("preliminary", "preliminary")]
    assert listed(worklist.preliminary(attending)) == [order]
    assert worklist.counts(attending) == counts(unread=1, preliminary=1)
    order.refresh_from_db()
    signing.sign(drafting.of(order), draft_version=2, by=attending, now=NOW)
    assert states() == []
    assert worklist.counts(attending) == counts()


def test_final_reports_stay_listed_for_seven_days(order, attending):
    finish(order, by=attending)
    week = timedelta(days=7)
    assert listed(worklist.final(attending, now=NOW + week)) == [order]
    assert listed(worklist.final(attending, now=NOW + week + timedelta(seconds=1))) == []


def test_a_referrer_sees_final_reports_of_own_patients_only(site, attending):
    user = department.user("referrer", site)
    mine = department.performed(site, referrer=department.referrer(site, user=user))
    unsigned = department.performed(site, referrer=mine.referrer)
    others = department.performed(site, referrer=department.referrer(site, name="Dr Olu Bello"))
    for order in (mine, others):
        finish(order, by=attending)
    assert unsigned.referrer == mine.referrer
    assert listed(worklist.own(user)) == [mine]


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_rows_take_two_queries_however_many(site, attending, how_many, django_assert_num_queries):
    for _ in range(how_many):
        order = department.performed(site)
        drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
    with django_assert_num_queries(2):  # the orders with all that belongs to them, and the signed versions
        rows = worklist.rows(worklist.unread(attending), now=NOW)
    assert len(rows) == how_many
