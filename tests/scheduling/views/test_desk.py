"""The desk's two lists: what is to be done, and what was sent."""

from datetime import timedelta

import pytest

from scheduling.models import Carrier, Message, MessageState, Task
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
    Message.objects.filter(pk=failed.pk).update(state=MessageState.FAILED, last_error="550")
    answer = page_of(scheduler).get(MESSAGES)
    page = answer.content.decode()
    assert answer.context["page"][0].pk == failed.pk
    assert "The server does not know this address (550)." in page
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
    with django_assert_num_queries(9):  # whether mail is leaving is asked as well
        browser.get(MESSAGES)


@pytest.fixture
def call(site, scheduler):
    """An open call: the patient has no e-mail address."""
    silent = department.patient(site, email_consent=False)
    order = department.booked(site, by=scheduler, of=silent).procedure.order
    return order.tasks.get(kind=Task.Kind.PHONE)


def done(task):
    return f"/tasks/{task.pk}/done/"


def test_a_call_is_closed_from_the_list_and_leads_back_to_it(page_of, scheduler, call):
    browser, here = page_of(scheduler), f"{TASKS}?kind=phone"
    page = browser.get(here).content.decode()
    assert f'action="{done(call)}"' in page
    assert f'name="next" value="{here}"' in page
    answer = browser.post(done(call), {"next": here}, follow=True)
    assert answer.redirect_chain == [(here, 302)]
    assert "Noted." in answer.content.decode()
    call.refresh_from_db()
    assert (call.closed_at, call.closed_by) == (department.NOW, scheduler)
    assert done(call) not in answer.content.decode()


def test_a_call_is_closed_from_the_page_of_its_order(page_of, technologist, call):
    browser, order = page_of(technologist), f"/orders/{call.order_id}/"
    assert f'action="{done(call)}"' in browser.get(order).content.decode()
    assert browser.post(done(call))["Location"] == order


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_after_a_call_nobody_is_led_to_another_site(page_of, scheduler, call, elsewhere):
    assert page_of(scheduler).post(done(call), {"next": elsewhere})["Location"] == f"/orders/{call.order_id}/"


def test_a_button_pressed_twice_is_one_call(page_of, scheduler, call):
    answers = [page_of(scheduler).post(done(call), {"request_id": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert AuditEvent.objects.filter(action="task.closed").count() == 1


def test_a_call_that_somebody_else_has_made_says_so(page_of, scheduler, technologist, call):
    page_of(technologist).post(done(call))
    answer = page_of(scheduler).post(done(call))
    assert answer.status_code == 409
    assert "This call is done already." in answer.content.decode()


def test_only_calls_have_the_button(page_of, site, scheduler):
    department.order(site, by=scheduler, answers={})
    assert "/done/" not in page_of(scheduler).get(TASKS).content.decode()
    question = Task.objects.filter(kind="ask").first()
    assert page_of(scheduler).post(done(question)).status_code == 409


def test_another_site_s_call_is_not_found(page_of, elsewhere, call):
    assert page_of(department.scheduler(elsewhere)).post(done(call)).status_code == 404
    call.refresh_from_db()
    assert call.closed_at is None


def test_questions_that_hold_nothing_back_are_one_row_after_the_order_s_others(page_of, site, scheduler):
    stat = department.order(site, by=scheduler, vetted=False, priority="stat", answers={})
    idle = stat.tasks.filter(kind="ask", stage="").count()
    answer = page_of(scheduler).get(TASKS)
    *others, last = answer.context["rows"]
    assert idle > 1
    assert (last.count, last.follows) == (idle, True)
    assert len(others) == stat.tasks.count() - idle
    assert f"{idle} more questions</a>" in answer.content.decode()


# What the desk does about a message


def retry(page_of, who, message):
    return page_of(who).post(f"/messages/{message.pk}/retry/", {"next": "/messages/?state=failed"})


@pytest.fixture
def failed(site, scheduler):
    department.booked(site, by=scheduler, first_day=department.TODAY + timedelta(days=7))
    Message.objects.filter(kind="confirmation").update(state=MessageState.FAILED, last_error="554")
    return Message.objects.get(kind="confirmation")


def test_a_failed_message_is_tried_again_by_a_button(page_of, scheduler, failed):
    assert f"/messages/{failed.pk}/retry/" in page_of(scheduler).get(MESSAGES).content.decode()
    answer = retry(page_of, scheduler, failed)
    assert (answer.status_code, answer["Location"]) == (302, "/messages/?state=failed")
    failed.refresh_from_db()
    assert failed.state == "pending"


def test_what_cannot_be_tried_again_has_no_button_and_says_why(page_of, scheduler, failed):
    failed.order.patient.email_consent_at = failed.order.patient.email_consent_by = None
    failed.order.patient.save(update_fields=["email_consent_at", "email_consent_by"])
    assert "Try again" not in page_of(scheduler).get(MESSAGES).content.decode()
    retry(page_of, scheduler, failed)
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_suppressed_messages_stand_in_the_list_with_their_reason(page_of, site, scheduler):
    department.booked(site, by=scheduler, patient_class="I")
    page = page_of(scheduler).get(MESSAGES, {"state": "suppressed"}).content.decode()
    assert "Inpatients get no messages." in page


def test_mail_that_does_not_leave_is_said_above_the_list(page_of, scheduler):
    Carrier.objects.create(
        channel="email", failures=3, failing_since=department.NOW, last_error="ConnectionRefusedError"
    )
    page = page_of(scheduler).get(MESSAGES).content.decode()
    assert "Mail is not leaving" in page
    assert "The server does not answer." in page


def test_the_order_shows_its_messages_and_asks_the_patient_to_call(page_of, scheduler, failed):
    browser, address = page_of(scheduler), f"/orders/{failed.order_id}/"
    assert "The server refused it (554)." in browser.get(address).content.decode()
    assert browser.post(f"{address}ask-to-call/").status_code == 302
    assert Message.objects.filter(kind="call_us", state="pending").count() == 1
    browser.post(f"{address}ask-to-call/")
    assert Message.objects.filter(kind="call_us").count() == 1
    assert "This mail is on its way already." in browser.get(address).content.decode()


def test_the_contact_page_corrects_the_address_and_the_wishes(page_of, scheduler, failed):
    patient = failed.order.patient
    type(patient).objects.update(bounced_email=patient.email)
    browser, address = page_of(scheduler), f"/patients/{patient.pk}/contact/"
    page = browser.get(address).content.decode()
    assert "Mail to this address came back" in page
    assert "text messages" not in page
    known = {"phone": "", "language": "de", "email_consent": "on", "wants_reminders": "on"}
    answer = browser.post(address, {**known, "email": "new@mail.example"})
    assert (answer.status_code, answer["Location"]) == (302, f"/patients/{patient.pk}/")
    patient.refresh_from_db()
    assert (patient.email, patient.language, patient.has_bounced) == ("new@mail.example", "de", False)


def test_the_contact_page_says_what_does_not_go_together(page_of, scheduler, failed):
    address = f"/patients/{failed.order.patient_id}/contact/"
    answer = page_of(scheduler).post(address, {"language": "en", "detailed_email_consent": "on"})
    assert answer.status_code == 422
    assert "E-mails with details need this consent too." in answer.content.decode()


def test_technologists_correct_no_contact(page_of, technologist, failed):
    assert page_of(technologist).get(f"/patients/{failed.order.patient_id}/contact/").status_code == 403
