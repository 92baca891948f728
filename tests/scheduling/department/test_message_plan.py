"""The plan of messages: its lines, who changes them, and the preview."""

import pytest
from django.test import Client

from scheduling import message_preview
from scheduling.engine import reminders
from scheduling.models import MessageRule, Protocol, Site
from scheduling.services.department import messages as plans
from tests import department
from tests.callers import Caller
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
PLAN = "/department/messages/"


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def line(site, key, protocol=None):
    found = {each.key: (each.is_on, source) for each, source in plans.lines(site, protocol)}
    return found.get(key)


def protocol_of(site):
    return Protocol.objects.get(site=site, key="V_THEN_Q")


def test_a_department_without_lines_of_its_own_has_the_usual_plan(site):
    assert line(site, ("reminder", 72, "email")) == (True, "usual")
    assert line(site, ("reminder", 2, "email")) == (False, "usual")


def test_a_line_is_switched_and_made_usual_again(site, lead):
    key = ("booked", 0, "email")
    plans.set_line(site, kind="booked", is_on=False, by=lead)
    assert line(site, key) == (False, "department")
    plans.set_line(site, kind="booked", is_on=None, by=lead)
    assert line(site, key) == (True, "usual")
    events = AuditEvent.objects.filter(action="department.messages_changed").order_by("pk")
    assert [event.data["is_on"] for event in events] == [False, None]


def test_a_line_of_a_protocol_stands_in_place_of_the_departments(site, lead):
    plans.set_line(site, kind="reminder", hours_before=48, is_on=True, by=lead)
    plans.set_line(site, kind="reminder", hours_before=48, is_on=False, protocol=protocol_of(site), by=lead)
    assert line(site, ("reminder", 48, "email")) == (True, "department")
    assert line(site, ("reminder", 48, "email"), protocol_of(site)) == (False, "protocol")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "moved", "is_on": False}, "is_on"),
        ({"kind": "critical_result", "is_on": False}, "is_on"),
        ({"kind": "result_changed", "is_on": False}, "is_on"),
        ({"kind": "result_withdrawn", "is_on": False}, "is_on"),
        ({"kind": "call_us", "is_on": True}, "kind"),
        ({"kind": "reminder", "is_on": True}, "hours_before"),
        ({"kind": "reminder", "hours_before": 721, "is_on": True}, "hours_before"),
        ({"kind": "booked", "hours_before": 5, "is_on": True}, "hours_before"),
        ({"kind": "booked", "channel": "sms", "is_on": True}, "channel"),
    ],
)
def test_a_line_that_cannot_be_is_refused_at_its_field(site, lead, values, field):
    with pytest.raises(Invalid) as refused:
        plans.set_line(site, by=lead, **values)
    assert list(refused.value.fields) == [field]


def test_what_the_plan_says_already_is_refused(site, lead):
    with pytest.raises(Conflict):
        plans.set_line(site, kind="booked", is_on=None, by=lead)
    plans.set_line(site, kind="booked", is_on=False, by=lead)
    with pytest.raises(Conflict):
        plans.set_line(site, kind="booked", is_on=False, by=lead)


def test_only_who_manages_the_department_changes_the_plan(site):
    with pytest.raises(NotAllowed):
        plans.set_line(site, kind="booked", is_on=False, by=department.scheduler(site))


def test_the_page_switches_a_line_and_tells_who_did(site, lead):
    client = browser(lead)
    data = {"kind": "reminder", "hours_before": "72", "channel": "email", "is_on": "off"}
    answer = client.post(f"{PLAN}switch/", data)
    assert (answer.status_code, answer["Location"]) == (302, PLAN)
    assert MessageRule.objects.get().is_on is False
    page = client.get(PLAN).content.decode()
    assert "Reminder, 3 days before: off." in page
    assert "Lou Bell" in page


def test_the_page_adds_a_reminder_to_one_protocol(site, lead):
    protocol = protocol_of(site)
    data = {"kind": "reminder", "hours_before": "48", "channel": "email", "protocol": protocol.pk}
    answer = browser(lead).post(f"{PLAN}add/", data)
    assert answer["Location"] == f"{PLAN}?protocol={protocol.pk}"
    assert MessageRule.objects.get().protocol == protocol
    assert "this protocol" in browser(lead).get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("where", "data", "words"),
    [
        ("add", {"kind": "reminder", "hours_before": "0", "channel": "email"}, "Enter 1 or more."),
        ("add", {"kind": "reminder", "hours_before": "9999", "channel": "email"}, "Enter 720 or less."),
        ("switch", {"kind": "moved", "hours_before": "0", "channel": "email", "is_on": "off"}, "always sent"),
        ("switch", {"kind": "nothing"}, "not in the plan"),
    ],
)
def test_the_page_refuses_in_words(site, lead, where, data, words):
    answer = browser(lead).post(f"{PLAN}{where}/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not MessageRule.objects.exists()


def test_a_protocol_of_another_site_is_not_there(site, elsewhere, lead):
    other = protocol_of(elsewhere)
    assert browser(lead).get(PLAN, {"protocol": other.pk}).status_code == 404
    assert browser(lead).get(PLAN, {"protocol": "x"}).status_code == 404


def test_the_preview_says_what_goes_out_when_and_in_which_words(site, lead):
    page = browser(lead).get(f"{PLAN}preview/", {"two": "on", "language": "de", "booked": "240"})
    shown = page.context["first"]
    assert [name for _, name in shown] == [
        "Confirmation",
        "Booked",
        "Reminder",
        "Reminder of the first visit",
        "Reminder",
    ]
    days = [(each.due_at.astimezone(department.ZONE).strftime("%d %H:%M")) for each, _ in shown]
    assert days == ["07 15:00", "07 15:00", "14 15:00", "16 15:00", "17 09:00"]
    text = page.content.decode()
    assert "Erinnerung an Ihren Termin" in text
    assert "Cancellation" in text


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("one_by_one", "Wir halten das für Sie frei bis"), ("first_come", "Wer zuerst antwortet")],
)
def test_the_preview_shows_what_comes_only_when_something_happens(site, lead, mode, kept):
    Site.objects.update(waitlist_mode=mode)
    page = browser(lead).get(f"{PLAN}preview/", {"language": "de"})
    shown = {name: each for each, name in page.context["later"]}
    assert list(shown) == [
        "Offer of a time",
        "Please call us",
        "New time",
        "Cancellation",
        "Not done",
        "Aftercare sheet",
        "A result is ready",
        "An urgent result waits",
        "A result was changed",
        "A result was withdrawn",
    ]
    assert kept in shown["Offer of a time"].text
    assert "Bitte rufen Sie uns an" in shown["Please call us"].subject
    assert "/a/" in shown["Aftercare sheet"].text
    assert "Montag" not in shown["Please call us"].text


def test_the_preview_says_what_is_not_sent_to_who_books_late(site, lead):
    page = browser(lead).get(f"{PLAN}preview/", {"booked": "3"})
    assert [each.is_late for each, name in page.context["first"] if name == "Reminder"] == [True, True]
    assert "booked too late for it" in page.content.decode()


def test_the_preview_shows_text_messages_where_the_site_sends_them(site, lead):
    assert "by text message" not in browser(lead).get(f"{PLAN}preview/").content.decode()
    Site.objects.update(sends_sms=True)
    assert "Reminder by text message" in browser(lead).get(f"{PLAN}preview/").content.decode()


def test_in_the_preview_a_text_message_tells_the_visit_that_it_reminds_of(site):
    site.sends_sms = True
    first, _ = message_preview.shown(site, reminders.USUAL, today=department.TODAY, two=True)
    texts = {each.kind: each.text for each in first if each.channel == "sms"}
    assert "15:00" in texts["xray_reminder"]
    assert "09:00" in texts["reminder"]


@pytest.mark.parametrize("query", [{"language": "xx"}, {"booked": "soon"}, {"two": "maybe"}])
def test_unknown_wishes_of_the_preview_fall_back(lead, query):
    assert browser(lead).get(f"{PLAN}preview/", query).status_code == 200


def test_programs_read_and_change_the_plan(site, lead):
    caller = Caller(lead)
    status, rows = caller.get("department/messages")
    booked = {"kind": "booked", "hours_before": 0, "channel": "email", "is_on": True, "source": "usual"}
    assert status == 200
    assert booked in rows
    status, rows = caller.post("department/messages", {"kind": "booked", "is_on": False})
    assert {**booked, "is_on": False, "source": "department"} in rows
    assert caller.post("department/messages", {"kind": "booked", "is_on": False})[0] == 409
    assert caller.post("department/messages", {"kind": "moved", "is_on": False})[0] == 422
    protocol = protocol_of(site).pk
    _, rows = caller.post("department/messages", {"kind": "booked", "is_on": True, "protocol": protocol})
    assert {**booked, "source": "protocol"} in rows
    answer = caller.get("department/messages", protocol=protocol)
    assert answer[0] == 200, answer
    assert {**booked, "source": "protocol"} in answer[1]
