"""The physician's list and page: what stands on it, one order after the other, refusals at the field, who may."""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling.models import Decision, Order, OrderQuestion, Outcome
from scheduling.services import enquiries, screening, vetting, visits
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
LIST = "/vetting/"
SHUNT = SAFE_ANSWERS | {"right_to_left_shunt": "yes"}


def to(name, row):
    return reverse(f"scheduling:{name}", args=[row.pk])


@pytest.fixture
def order(site, scheduler):
    def placed(**fields):
        return department.order(site, by=scheduler, **{"vetted": False, **fields})

    return placed


@pytest.fixture
def browser(page_of, attending):
    return page_of(attending)


def on_vetting_page(of, **values):
    return {"page": "vetting", "next": to("vetting-next", of), **values}


def test_the_list_shows_answers_priors_suggestion_and_age_against_the_target(browser, site, scheduler, order):
    earlier = department.performed(site)
    Outcome.objects.create(order=earlier, term="Normal", meaning="PE unlikely", reported_at=NOW)
    order(
        of=earlier.patient,
        answers=SAFE_ANSWERS | {"oxygen": "yes", "albumin_allergy": "unknown"},
        ordered_at=NOW - timedelta(days=8),
    )
    answer = browser.get(LIST)
    (row,) = answer.context["rows"]
    assert [str(each) for each in row.answers] == ["Oxygen", "Albumin allergy not known"]
    assert (row.scan.term, row.film.name, row.age) == ("Normal", "Chest X-ray", 66)
    assert row.suggested.protocol.key == "V_THEN_Q"
    page = answer.content.decode()
    assert "1 d late" in page
    assert "V/Q 8 Mar 2027" in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_no_more_for_three_orders_than_for_one(
    browser, order, count, django_assert_num_queries
):
    for _ in range(count):
        order(answers={})
    browser.get(LIST)
    with django_assert_num_queries(16):
        assert len(browser.get(LIST).context["rows"]) == count


def test_the_tabs_count_what_waits_for_this_physician(browser, site, attending, technologist, order):
    order(), order(answers=SHUNT, vetted=True)
    asked, stat = order(), order(priority="stat")
    enquiries.ask(asked, text="D-dimer?", to="desk", by=attending, now=NOW)
    vetting.vet(stat, protocol=stat.procedure.protocol, by=technologist, physician=attending, now=NOW)
    other = department.attending(site)
    vetting.override(stat, rule="CXR-3", reason="STAT", by=technologist, physician=other, now=NOW)
    counts = {tab["label"]: tab["count"] for tab in browser.get(LIST).context["tabs"]}
    assert counts == {"To vet": 1, "Asked back": 1, "To decide": 1, "To countersign": 1}


def test_what_was_written_down_by_phone_is_countersigned_from_the_list(
    browser, attending, technologist, order
):
    stat = order(priority="stat")
    decision = vetting.vet(
        stat, protocol=stat.procedure.protocol, by=technologist, physician=attending, now=NOW
    )
    page = browser.get(LIST, {"tab": "countersign"}).content.decode()
    assert "Vetted: Ventilation then perfusion" in page
    sent = {"next": "/vetting/?tab=countersign"}
    assert browser.post(to("countersign", decision), sent)["Location"] == sent["next"]
    assert browser.get(LIST, {"tab": "countersign"}).context["decisions"].paginator.count == 0


@pytest.mark.parametrize("query", [{"tab": "x"}, {"page": "-3"}, {"tab": "countersign", "page": "99999"}])
def test_unknown_filters_fall_back(browser, query):
    assert browser.get(LIST, query).status_code == 200


def test_the_page_shows_request_priors_suggestion_with_why_and_the_comparison(browser, site, order):
    earlier = department.performed(site)
    visits.mark_reported(
        order=earlier, by=department.attending(site), now=NOW, term="High probability", meaning="PE likely"
    )
    isolated = order(
        of=earlier.patient, answers=SAFE_ANSWERS | {"respiratory_isolation": "yes", "renal_failure": "yes"}
    )
    answer = browser.get(to("vetting-case", isolated))
    page = answer.content.decode()
    for words in (
        "High probability",
        "PE likely",
        "Respiratory isolation: perfusion only",
        "SNMMI statements 2020 to 2023",
        "Impaired kidney function changes nothing",
        "V/Q scan or CTPA",
        "Iodine contrast is given",
    ):
        assert words in page
    assert answer.context["vet_form"]["protocol"].value() == site.protocols.get(key="Q_ONLY").pk
    assert AuditEvent.objects.filter(action="vetting.list", patient_ids=[isolated.patient_id]).exists()


def test_one_order_after_the_other_the_decided_one_is_left_behind(browser, order):
    first, second, third = order(priority="stat"), order(priority="urgent"), order()
    sent = on_vetting_page(second, protocol=second.procedure.protocol_id)
    answer = browser.post(to("vet", second), sent)
    assert answer["Location"] == to("vetting-next", second)
    assert browser.get(answer["Location"])["Location"] == f"{to('vetting-case', third)}?after={second.pk}"
    assert browser.get(to("vetting-next", third))["Location"].startswith(to("vetting-case", first))


def test_after_the_last_order_comes_the_list(browser, order):
    only = order()
    assert browser.get(to("vetting-next", only))["Location"] == LIST
    sent = on_vetting_page(only, protocol=only.procedure.protocol_id)
    browser.post(to("vet", only), sent)
    assert browser.get(to("vetting-next", only))["Location"] == LIST
    assert b"Nothing waits to be vetted" in browser.get(LIST).content


def test_a_refused_choice_stays_on_the_vetting_page_with_what_was_typed(browser, site, order):
    waiting = order()
    other = site.protocols.get(key="Q_ONLY")
    sent = on_vetting_page(waiting, protocol=other.pk, note="Half dose")
    answer = browser.post(to("vet", waiting), sent)
    assert (answer.status_code, answer.templates[0].name) == (422, "scheduling/vetting_case.html")
    form = answer.context["vet_form"]
    assert form.errors["reason"] == [
        "“Ventilation then perfusion” is suggested. Say why another protocol is chosen."
    ]
    assert form["note"].value() == "Half dose"
    assert waiting.decisions.count() == 0


def test_a_protocol_that_cannot_be_booked_is_not_on_the_list(browser, site, order):
    waiting, unready = order(), site.protocols.get(key="V_ONLY")
    unready.is_bookable = False
    unready.save(update_fields=["is_bookable"])
    answer = browser.post(to("vet", waiting), on_vetting_page(waiting, protocol=unready.pk, reason="x"))
    assert answer.status_code == 422
    assert answer.context["vet_form"].errors["protocol"] == ["Choose from the list."]


def test_an_answer_that_changed_meanwhile_is_a_conflict_on_the_vetting_page(browser, order, scheduler):
    waiting = order()
    seen = browser.get(to("vetting-case", waiting)).context["vet_form"]["read_at"].value()
    later = NOW + timedelta(minutes=1)
    screening.answer(waiting, {"pulmonary_hypertension": "severe"}, by=scheduler, now=later)
    sent = on_vetting_page(waiting, protocol=waiting.procedure.protocol_id, read_at=seen)
    answer = browser.post(to("vet", waiting), sent)
    assert (answer.status_code, answer.templates[0].name) == (409, "scheduling/vetting_case.html")
    assert "sam has just answered" in answer.content.decode()


def test_approving_twice_with_one_request_is_one_decision(browser, order):
    waiting = order()
    sent = on_vetting_page(waiting, protocol=waiting.procedure.protocol_id, request_id="once")
    first, second = (browser.post(to("vet", waiting), sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Decision.objects.count() == 1


def test_asking_back_and_answering_brings_the_order_back(page_of, attending, scheduler, order):
    waiting = order()
    sent = on_vetting_page(waiting, text="Is she on warfarin?", to="referrer")
    page_of(attending).post(to("ask-back", waiting), sent)
    question = OrderQuestion.objects.get()
    desk = page_of(scheduler)
    shown = desk.get(to("order", waiting)).content.decode()
    assert "Is she on warfarin?" in shown
    assert "Dr Rita Moss, +1 212 555 0177" in shown
    assert b"Answer<span" in desk.get("/tasks/", {"kind": "question"}).content
    empty = desk.post(to("answer-question", question), {"answer": " "})
    assert (empty.status_code, empty.context["answer_form"].errors["answer"]) == (422, ["Write the answer."])
    assert desk.post(to("answer-question", question), {"answer": "No"}).status_code == 302
    again = desk.post(to("answer-question", question), {"answer": "Yes"})
    assert (again.status_code, b"sam has answered this question." in again.content) == (409, True)
    page = page_of(attending).get(to("vetting-case", waiting)).content.decode()
    assert "No <span" in page


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"text": "", "to": "desk"}, "text", "Write the question."),
        ({"text": "x" * 281, "to": "desk"}, "text", "Use at most 280."),
        ({"text": "x", "to": "patient"}, "to", "Choose from the list"),
    ],
)
def test_a_faulty_question_is_refused_at_its_field(browser, order, sent, field, sentence):
    waiting = order()
    answer = browser.post(to("ask-back", waiting), on_vetting_page(waiting, **sent))
    assert answer.status_code == 422
    assert sentence in answer.context["ask_form"].errors[field][0]
    assert OrderQuestion.objects.count() == 0


def test_a_consult_is_answered_on_the_page_and_stays_on_it(browser, order):
    waiting = order(answers=SHUNT)
    sent = {"page": "vetting", "next": to("vetting-case", waiting), "rule": "SHUNT-1"}
    held = browser.post(to("consult", waiting), {**sent, "text": "Echo first", "decision": "not_yet"})
    assert held["Location"] == to("vetting-case", waiting)
    page = browser.get(held["Location"]).content.decode()
    assert "Echo first" in page
    assert "Not yet" in page
    browser.post(to("consult", waiting), {**sent, "text": "Small shunt", "decision": "go_on"})
    assert "A physician has decided" in browser.get(held["Location"]).content.decode()
    kept = waiting.decisions.order_by("pk").values_list("kind", "reason")
    assert list(kept) == [("hold", "Echo first"), ("override", "Small shunt")]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"text": "", "decision": "go_on"}, "text"),
        ({"text": "x"}, "decision"),
        ({"text": "x", "decision": "maybe"}, "decision"),
    ],
)
def test_a_faulty_answer_to_a_consult_is_refused_at_its_field(browser, order, sent, field):
    waiting = order(answers=SHUNT)
    answer = browser.post(to("consult", waiting), {"rule": "SHUNT-1", **sent})
    assert answer.status_code == 422
    assert answer.context["faulty"].errors.keys() == {field}
    assert waiting.decisions.count() == 0


def test_only_who_may_decide_sees_the_form_and_others_see_who_may(
    page_of, site, scheduler, technologist, attending, order
):
    blocked = order(answers=SAFE_ANSWERS | {"albumin_allergy": "yes"})
    resident = department.resident(site)
    seen = {
        who.username: page_of(who).get(to("order", blocked)).content.decode()
        for who in (scheduler, technologist, attending, resident)
    }
    action = f'action="{to("override", blocked)}"'
    who_may = "An authorised user decides this on the order"
    assert {name: (action in page, who_may in page) for name, page in seen.items()} == {
        scheduler.username: (False, True),
        technologist.username: (False, False),
        attending.username: (True, False),
        resident.username: (True, True),
    }
    assert "Record a decision by phone" in seen[technologist.username]


def test_a_consult_is_written_down_by_phone(page_of, technologist, attending, order):
    waiting = order(answers=SHUNT)
    sent = {"rule": "SHUNT-1", "text": "Go on", "decision": "go_on", "physician": attending.pk}
    answer = page_of(technologist).post(to("consult-by-phone", waiting), sent)
    assert answer.status_code == 302
    assert waiting.decisions.get().by_phone is True


def test_schedulers_do_not_see_the_physician_s_list(page_of, scheduler, lead, order):
    waiting = order()
    for who in (scheduler, lead):
        assert page_of(who).get(LIST).status_code == 403
        assert page_of(who).get(to("vetting-case", waiting)).status_code == 403
        assert page_of(who).post(to("ask-back", waiting), {"text": "x", "to": "desk"}).status_code == 403


def test_another_site_s_order_and_question_are_not_there(page_of, attending, scheduler, elsewhere):
    stranger = department.order(elsewhere, vetted=False)
    asked = enquiries.ask(stranger, text="x", to="desk", by=department.attending(elsewhere), now=NOW)
    assert page_of(attending).get(to("vetting-case", stranger)).status_code == 404
    assert page_of(attending).get(to("vetting-next", stranger)).status_code == 404
    assert page_of(scheduler).post(to("answer-question", asked), {"answer": "x"}).status_code == 404


def test_the_comparison_is_a_page_for_all_who_see_orders_and_for_referrers(page_of, site):
    doctor = department.user("referrer", site)
    page = page_of(doctor).get("/vq-or-ctpa/").content.decode()
    assert "For information" in page
    assert "Niemann 2010" in page


def test_vetting_stays_possible_for_an_order_whose_protocol_is_booked(browser, site, scheduler, order):
    stat = order(priority="stat")
    Order.objects.filter(pk=stat.pk).update(state="scheduled")
    answer = browser.get(to("vetting-case", stat))
    assert answer.context["vet_form"]["protocol"].value() == stat.procedure.protocol_id
