"""The safety questions at home: who is asked what, once; what the answers change becomes a task."""

from datetime import date, timedelta

import pytest

from scheduling.models import ScreeningAnswer, Task
from scheduling.services import screening, self_service, site_accounts
from scheduling.services.self_service import standing
from tests import department
from tests.department import NOW
from tests.scheduling.self_service.conftest import booked, link_of, opened
from vqflow.errors import Conflict, Invalid
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
FOR_ALL = ["albumin_allergy", "cannot_keep_still", "oxygen"]
ADULT_WOMAN = {"sex": "female", "born_on": date(1990, 5, 17)}


def link_to(site, *, answers=None, **person):
    patient = department.patient(site, **person)
    return link_of(booked(site, of=patient, answers=answers))


def asked(link):
    link.appointment.procedure.order._prefetched_objects_cache = {}
    return [each.key for each in self_service.questions(link, now=LATER)]


def tasks(link, kind):
    rows = Task.objects.filter(order=link.appointment.procedure.order, kind=kind, closed_at=None)
    return {task.about: task.sentence for task in rows}


class TestWhoIsAsked:
    def test_a_man_is_asked_what_concerns_everybody(self, link):
        assert asked(link) == FOR_ALL

    def test_a_grown_woman_is_asked_about_pregnancy_and_breastfeeding_too(self, site):
        assert asked(link_to(site, **ADULT_WOMAN)) == ["pregnancy", "breastfeeding", *FOR_ALL]

    def test_a_minor_is_asked_about_them_in_person(self, site):
        assert asked(link_to(site, sex="female", born_on=date(2010, 3, 9))) == FOR_ALL

    def test_on_the_day_of_the_eighteenth_birthday_she_is_grown_up(self, site):
        assert asked(link_to(site, sex="female", born_on=date(2009, 3, 8)))[0] == "pregnancy"
        assert asked(link_to(site, sex="female", born_on=date(2009, 3, 9))) == FOR_ALL

    def test_where_somebody_else_reads_the_mail_they_are_asked_in_person(self, site):
        link = link_to(site, **ADULT_WOMAN, guardian_name="Ana Diaz", guardian_email="ana@mail.example")
        assert asked(link) == FOR_ALL

    def test_after_55_nobody_is_asked_about_pregnancy(self, site):
        assert asked(link_to(site, sex="female", born_on=date(1960, 1, 1))) == FOR_ALL

    def test_what_the_department_knows_is_not_asked_again(self, site):
        assert asked(link_to(site, answers={"oxygen": "no", "albumin_allergy": "unknown"})) == FOR_ALL[:2]

    def test_a_site_that_does_not_ask_at_home_asks_nothing(self):
        assert asked(link_of(booked(opened(asks_at_home=False)))) == []

    def test_once_the_visit_has_begun_nothing_is_asked(self, link):
        assert self_service.questions(link, now=link.appointment.starts_at) == ()


class TestAnswering:
    def test_answers_are_kept_with_who_gave_them_and_never_asked_again(self, link):
        left = self_service.answer(link, {"oxygen": "no", "cannot_keep_still": "unknown"}, now=LATER)
        assert [each.key for each in left] == asked(link) == ["albumin_allergy"]
        row = ScreeningAnswer.objects.get(question="oxygen")
        assert (row.answer, row.answered_by, row.answered_at) == (
            "no",
            site_accounts.PATIENTS.of(link.appointment.site),
            LATER,
        )
        event = AuditEvent.objects.get(action="screening.answered")
        assert (event.agent_role, event.data["answers"]) == (
            "patient",
            {"oxygen": "no", "cannot_keep_still": "unknown"},
        )

    def test_who_is_not_sure_leaves_the_question_to_the_department(self, link):
        before = tasks(link, "ask")
        self_service.answer(link, dict.fromkeys(FOR_ALL, "unknown"), now=LATER)
        assert asked(link) == []
        assert tasks(link, "ask") == before

    def test_what_is_answered_is_no_task_any_more(self, link):
        assert "albumin_allergy" in tasks(link, "ask")
        self_service.answer(link, {"albumin_allergy": "no"}, now=LATER)
        assert "albumin_allergy" not in tasks(link, "ask")
        assert tasks(link, "phone") == {}

    def test_an_answer_that_changes_the_plan_becomes_a_task(self, link):
        self_service.answer(link, {"cannot_keep_still": "yes", "oxygen": "yes"}, now=LATER)
        assert tasks(link, "phone") == {
            "answer:cannot_keep_still": (
                "Answered by the patient at home. Hard to keep still: plan more time and support. "
                "Planar pictures in short blocks."
            ),
            "answer:oxygen": (
                "Answered by the patient at home. Needs oxygen: plan oxygen and a saturation monitor; prefer "
                "DTPA aerosol or krypton to Technegas."
            ),
        }
        due = Task.objects.filter(about="answer:oxygen").values_list("due_at", flat=True)
        assert list(due) == [link.appointment.starts_at]

    def test_an_answer_that_blocks_the_tracer_becomes_a_task_at_once(self, link):
        self_service.answer(link, {"albumin_allergy": "yes"}, now=LATER)
        assert list(tasks(link, "phone")) == ["answer:albumin_allergy"]

    def test_a_possible_pregnancy_is_a_physicians_decision(self, site):
        link = link_to(site, **ADULT_WOMAN)
        self_service.answer(link, {"pregnancy": "possible"}, now=LATER)
        assert list(tasks(link, "consult")) == ["PREG-1"]
        assert tasks(link, "phone") == {}

    def test_an_answer_given_meanwhile_stays_and_the_desk_phones_about_the_other(self, site, link):
        order = link.appointment.procedure.order
        screening.answer(order, {"oxygen": "no"}, by=department.technologist(site), now=NOW)
        self_service.answer(link, {"oxygen": "yes", "cannot_keep_still": "no"}, now=LATER)
        kept = dict(order.answers.values_list("question", "answer"))
        assert (kept["oxygen"], kept["cannot_keep_still"]) == ("no", "no")
        assert tasks(link, "phone") == {
            "answer:oxygen": "Phone the patient: answered “Yes” at home, and we have “No”: "
            "Does the patient need oxygen?"
        }

    def test_the_same_answer_twice_is_one(self, link):
        for _ in range(2):
            self_service.answer(link, {"oxygen": "yes"}, now=LATER)
        assert AuditEvent.objects.filter(action="screening.answered").count() == 1
        assert Task.objects.filter(kind="phone").count() == 1

    @pytest.mark.parametrize(
        "answers", [{"oxygen": "often"}, {"unstable": "yes"}, {"pregnancy": "no"}, {"": ""}]
    )
    def test_what_is_not_asked_or_no_choice_is_refused(self, link, answers):
        with pytest.raises(Invalid) as refusal:
            self_service.answer(link, {"oxygen": "no", **answers}, now=LATER)
        assert list(refusal.value.fields) == list(answers)
        assert not ScreeningAnswer.objects.filter(answered_by__role="patient").exists()

    def test_after_the_start_nothing_is_answered_here(self, link):
        with pytest.raises(Conflict) as refusal:
            self_service.answer(link, {"oxygen": "no"}, now=link.appointment.starts_at)
        assert refusal.value.sentence == standing.BEGUN


class TestBreastfeeding:
    def test_she_is_told_before_the_visit_how_long_to_pause(self, site):
        link = link_to(site, **ADULT_WOMAN)
        assert self_service.breastfeeding_pause(link, now=NOW) is None
        self_service.answer(link, {"breastfeeding": "yes"}, now=LATER)
        pause = self_service.breastfeeding_pause(link, now=NOW)
        injected_at = link.appointment.steps.get(kind="perfusion").planned_start_at
        assert (pause.hours, pause.until) == (24, injected_at + timedelta(hours=24))

    def test_the_site_may_follow_the_shorter_rule(self, site):
        site.breastfeeding_policy = "icrp106"
        site.save(update_fields=["breastfeeding_policy"])
        link = link_to(site, **ADULT_WOMAN, answers={"breastfeeding": "yes"})
        assert self_service.breastfeeding_pause(link, now=NOW).hours == 12

    def test_who_does_not_is_told_nothing(self, site):
        link = link_to(site, **ADULT_WOMAN, answers={"breastfeeding": "no"})
        assert self_service.breastfeeding_pause(link, now=NOW) is None
