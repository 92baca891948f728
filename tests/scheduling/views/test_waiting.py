"""The desk's list of open orders: what waits for whom, what is late, what holds it back, and the one next action."""

import time
from datetime import timedelta

import pytest

from scheduling.models import Order, Task
from scheduling.services import enquiries
from tests import department
from tests.department import NOW, SAFE_ANSWERS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
ORDERS = "/orders/"
PREGNANT = SAFE_ANSWERS | {"pregnancy": "yes"}


@pytest.fixture
def order(site, scheduler):
    def placed(**fields):
        return department.order(site, by=scheduler, **{"vetted": False, **fields})

    return placed


def rows(browser, **query):
    return browser.get(ORDERS, query).context["rows"]


def shown(browser, tab):
    return {row.order.pk for row in rows(browser, tab=tab)}


def test_the_lists_hold_what_waits_for_whom(page_of, site, scheduler, attending, order):
    waiting, ready, stat = order(), order(vetted=True), order(priority="stat")
    unasked, asked, consult = order(answers={}), order(), order(answers=PREGNANT, vetted=True)
    enquiries.ask(asked, text="D-dimer?", to="desk", by=attending, now=NOW)
    booked = department.booked(site, by=scheduler).procedure.order
    browser = page_of(scheduler)
    everything = {waiting.pk, ready.pk, stat.pk, unasked.pk, asked.pk, consult.pk, booked.pk}
    assert {tab: shown(browser, tab) for tab in ("unbooked", "screen", "asked", "vet")} == {
        "unbooked": everything - {booked.pk},
        "screen": {unasked.pk},
        "asked": {asked.pk},
        "vet": {waiting.pk, stat.pk, unasked.pk},
    }
    assert {tab: shown(browser, tab) for tab in ("consult", "book", "booked", "all")} == {
        "consult": {consult.pk},
        "book": {ready.pk, stat.pk, consult.pk},
        "booked": {booked.pk},
        "all": everything,
    }
    counts = {tab["label"]: tab["count"] for tab in browser.get(ORDERS).context["tabs"]}
    assert counts == {
        "Not booked": 6,
        "To ask": 1,
        "Asked back": 1,
        "To vet": 3,
        "Physician decides": 1,
        "Find a time": 3,
        "Booked": 1,
        "All open": 7,
    }


def test_stat_comes_first_then_what_is_late_then_priority_and_age(page_of, scheduler, order):
    ago = {name: NOW - timedelta(hours=hours) for name, hours in [("week", 169), ("day", 30), ("hour", 1)]}
    routine_late = order(ordered_at=ago["week"])
    urgent_late = order(priority="urgent", ordered_at=ago["day"])
    routine, urgent = order(ordered_at=ago["day"]), order(priority="urgent", ordered_at=ago["hour"])
    stat = order(priority="stat", ordered_at=ago["hour"])
    wanted = [stat, urgent_late, routine_late, urgent, routine]
    assert [row.order.pk for row in rows(page_of(scheduler))] == [each.pk for each in wanted]


@pytest.mark.parametrize(
    ("priority", "target"),
    [("stat", timedelta(hours=2)), ("urgent", timedelta(hours=24)), ("routine", timedelta(days=7))],
)
def test_each_priority_has_the_site_s_target(page_of, site, scheduler, order, priority, target):
    order(priority=priority, ordered_at=NOW - target - timedelta(minutes=25))
    (row,) = rows(page_of(scheduler))
    assert (row.is_late, row.spare_words) == (True, "25 min late")
    setattr(site, f"{priority}_start_target", target * 2)
    site.save(update_fields=[f"{priority}_start_target"])
    (row,) = rows(page_of(scheduler))
    assert row.is_late is False


def test_what_is_late_is_shown_in_words_and_can_be_filtered(page_of, scheduler, order):
    late = order(vetted=True, priority="urgent", ordered_at=NOW - timedelta(hours=27))
    order(vetted=True, priority="urgent")
    answer = page_of(scheduler).get(ORDERS, {"tab": "book", "late": "yes", "priority": "urgent"})
    assert [row.order.pk for row in answer.context["rows"]] == [late.pk]
    assert '<span class="table__sub is-late">3 h late</span>' in answer.content.decode()
    assert {tab["url"] for tab in answer.context["tabs"]} >= {"/orders/?tab=vet&priority=urgent&late=yes"}


@pytest.mark.parametrize(
    "query", [{"tab": "x", "priority": "y", "late": "z", "page": "-1"}, {"page": "10000"}]
)
def test_unknown_filters_fall_back(page_of, scheduler, query):
    assert page_of(scheduler).get(ORDERS, query).context["tab"] == "unbooked"


NEXT = [
    # what the order is like; then the next action of a scheduler, a technologist, a physician, the lead
    ({}, "order", "order", "vet", "order"),
    ({"vetted": True}, "search", "order", "order", "search"),
    ({"answers": {}}, "screen", "screen", "vet", "order"),
    ({"answers": PREGNANT, "vetted": True}, "search", "order", "consult", "search"),
    ({"priority": "stat"}, "search", "order", "vet", "search"),
]


@pytest.mark.parametrize(("fields", "sam", "tess", "ada", "lou"), NEXT)
def test_the_next_action_is_one_that_this_person_may_do(
    page_of, scheduler, technologist, attending, lead, order, fields, sam, tess, ada, lou
):
    order(**fields)
    people = (scheduler, technologist, attending, lead)
    assert [rows(page_of(who), tab="all")[0].action for who in people] == [sam, tess, ada, lou]


def test_a_question_of_the_physician_is_the_desk_s_next_action(page_of, scheduler, attending, order):
    asked = order()
    enquiries.ask(asked, text="Is the D-dimer known?", to="referrer", by=attending, now=NOW)
    browser = page_of(scheduler)
    (row,) = rows(browser)
    assert (row.action, row.blocks[0].sentence) == (
        "question",
        "Ada Lund asks the referrer: Is the D-dimer known?",
    )
    assert f"/orders/{asked.pk}/#questions" in browser.get(ORDERS).content.decode()


def test_a_patient_to_phone_is_the_next_action(page_of, scheduler, order):
    called = order()
    Task.objects.create(
        order=called, kind=Task.Kind.PHONE, about="x", sentence="Phone the patient: no mail.", opened_at=NOW
    )
    (row,) = rows(page_of(scheduler))
    assert (row.action, "Phone the patient: no mail." in {each.sentence for each in row.blocks}) == (
        "phone",
        True,
    )


def test_what_holds_an_order_back_is_said_in_words(page_of, scheduler, order):
    order(answers=SAFE_ANSWERS | {"albumin_allergy": "yes", "right_to_left_shunt": "unknown"})
    (row,) = rows(page_of(scheduler))
    assert [each.sentence for each in row.blocks] == [
        "A nuclear physician has to vet it.",
        "Reaction to human albumin: the perfusion tracer needs an authorised user's decision.",
        "Find out about a right-to-left shunt before the dose is prepared.",
    ]
    assert row.also == "albumin allergy, right to left shunt"


def test_the_button_leads_to_the_first_open_question(page_of, scheduler, order):
    asked = order(answers=SAFE_ANSWERS | {"albumin_allergy": "unknown"})
    browser = page_of(scheduler)
    assert f"/orders/{asked.pk}/#question-albumin_allergy" in browser.get(ORDERS).content.decode()
    page = browser.get(f"/orders/{asked.pk}/").content.decode()
    assert '<details class="disclosure" id="answers" open>' in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_no_more_for_three_orders_than_for_one(
    page_of, scheduler, attending, order, count, django_assert_num_queries
):
    for _ in range(count):
        each = order(answers={})
        enquiries.ask(each, text="D-dimer?", to="desk", by=attending, now=NOW)
    browser = page_of(scheduler)
    browser.get(ORDERS)
    with django_assert_num_queries(12):
        assert len(rows(browser)) == count


def test_five_hundred_open_orders_are_listed_quickly(page_of, site, scheduler, order):
    first = order()
    fields = {
        field.attname: getattr(first, field.attname)
        for field in Order._meta.concrete_fields
        if not field.primary_key
    }
    copies = [Order(**fields | {"accession_number": f"B{number:06d}"}) for number in range(499)]
    made = Order.objects.bulk_create(copies)
    procedure = first.procedure
    type(procedure).objects.bulk_create(
        type(procedure)(
            order=each,
            requested_procedure_id=f"RB{each.pk}",
            study_instance_uid=f"2.25.{each.pk}",
            protocol=procedure.protocol,
        )
        for each in made
    )
    browser = page_of(scheduler)
    browser.get(ORDERS)
    began = time.perf_counter()
    answer = browser.get(ORDERS)
    assert answer.context["tabs"][0]["count"] == 500
    assert len(answer.context["rows"]) == 40
    assert time.perf_counter() - began < 2  # on a busy machine; about a tenth of that alone
