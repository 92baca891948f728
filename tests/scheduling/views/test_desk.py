"""The desk's two lists: what is to be done, and what was sent."""

import pytest

from scheduling.models import Message, MessageState
from tests import department
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
TASKS, MESSAGES = "/tasks/", "/messages/"


def test_tasks_of_the_most_urgent_order_come_first(page_of, site, scheduler):
    department.order(site, by=scheduler, answers={})
    stat = department.order(site, by=scheduler, vetted=False, priority="stat", answers={})
    answer = page_of(scheduler).get(TASKS)
    assert answer.context["page"][0].order_id == stat.pk
    assert f"/orders/{stat.pk}/" in answer.content.decode()
    assert AuditEvent.objects.filter(action="list.viewed").exists()


def test_tasks_are_filtered_by_kind_and_counted(page_of, site, scheduler):
    department.order(site, by=scheduler, answers={**department.SAFE_ANSWERS, "right_to_left_shunt": "yes"})
    answer = page_of(scheduler).get(TASKS, {"kind": "consult"})
    assert {task.kind for task in answer.context["page"]} == {"consult"}
    counts = {tab["label"]: tab["count"] for tab in answer.context["tabs"]}
    assert counts["Decide"] == 1
    assert counts["All"] == counts["Ask"] + 1


@pytest.mark.parametrize("query", [{"kind": "'"}, {"page": "x"}, {"page": "99"}])
def test_unknown_filters_of_tasks_fall_back(page_of, scheduler, query):
    assert page_of(scheduler).get(TASKS, query).status_code == 200


def test_messages_show_failures_first_and_no_address(page_of, site, scheduler):
    sent = department.booked(site, by=scheduler)
    failed = Message.objects.filter(appointment=sent, kind="reminder").first() or Message.objects.first()
    Message.objects.filter(pk=failed.pk).update(state=MessageState.FAILED, last_error="SMTPRecipientsRefused")
    answer = page_of(scheduler).get(MESSAGES)
    page = answer.content.decode()
    assert answer.context["page"][0].pk == failed.pk
    assert "SMTPRecipientsRefused" in page
    assert sent.procedure.order.patient.email not in page
    assert "count--alert" in page
    only = page_of(scheduler).get(MESSAGES, {"state": "failed"}).context["page"]
    assert [message.pk for message in only] == [failed.pk]


def test_another_site_s_lists_stay_there(page_of, scheduler, elsewhere):
    department.booked(elsewhere, answers={})
    assert not page_of(scheduler).get(TASKS).context["page"]
    assert not page_of(scheduler).get(MESSAGES).context["page"]


def test_technologists_see_tasks_and_no_messages(page_of, technologist):
    assert page_of(technologist).get(TASKS).status_code == 200
    assert page_of(technologist).get(MESSAGES).status_code == 403


def test_referrers_see_neither(page_of, site):
    browser = page_of(department.user("referrer", site))
    assert (browser.get(TASKS).status_code, browser.get(MESSAGES).status_code) == (403, 403)


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_ask_no_more_for_three_orders_than_for_one(
    page_of, site, scheduler, count, django_assert_num_queries
):
    for _ in range(count):
        department.booked(site, by=scheduler, answers={})
    browser = page_of(scheduler)
    browser.get(TASKS)
    with django_assert_num_queries(8):
        browser.get(TASKS)
    with django_assert_num_queries(8):
        browser.get(MESSAGES)
