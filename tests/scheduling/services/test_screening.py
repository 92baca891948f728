"""Answers to the safety questions: saved, audited, and turned into tasks that close again."""

from datetime import date, timedelta

import pytest

from scheduling.engine.screening import QUESTIONS
from scheduling.models import Task
from scheduling.services import booking, screening, vetting, visits
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.errors import Conflict, Invalid
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
NO_TO_ALL = {
    question.key: next(value for value, _ in question.choices if value not in ("yes", "possible"))
    for question in QUESTIONS
}
ASK_PREGNANCY = (
    "Ask about pregnancy before the chest X-ray and before the dose. Cannot answer counts as possible."
)
DECIDE_PREGNANCY = (
    "Pregnant or possibly pregnant: a physician decides before the X-ray and before any tracer is given."
)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def woman(site):
    return department.patient(site, sex="female", born_on=date(1997, 1, 1))


def open_tasks(order, kind):
    return dict(order.tasks.filter(kind=kind, closed_at=None).values_list("about", "stage"))


def answered(order, by, now=LATER, **answers):
    screening.answer(order, answers, by=by, now=now)


def test_an_answer_is_kept_with_its_time_and_person_and_audited(site, scheduler):
    order = department.order(site, by=scheduler)
    nurse = department.technologist(site)
    answered(order, nurse, smoker="yes")
    row = order.answers.get(question="smoker")
    event = AuditEvent.objects.filter(action="screening.answered").order_by("-pk").first()
    assert (row.answer, row.answered_at, row.answered_by) == ("yes", LATER, nurse)
    assert event.patient_ids == [order.patient_id]
    assert event.data == {"answers": {"smoker": "yes"}, "before": SAFE_ANSWERS}


def test_questions_that_are_not_answered_keep_their_answers(site, scheduler):
    order = department.order(site, by=scheduler)
    answered(order, scheduler, smoker="yes")
    assert dict(order.answers.values_list("question", "answer")) == SAFE_ANSWERS | {"smoker": "yes"}


def test_the_same_answer_again_changes_nothing_not_even_its_time(site, scheduler):
    order = department.order(site, by=scheduler)
    before = AuditEvent.objects.count()
    answered(order, department.technologist(site), pregnancy="no")
    row = order.answers.get(question="pregnancy")
    assert (row.answered_at, row.answered_by, AuditEvent.objects.count()) == (NOW, scheduler, before)


def test_a_wrong_question_or_answer_is_refused_at_its_field_and_nothing_is_saved(site, scheduler):
    order = department.order(site, by=scheduler)
    with pytest.raises(Invalid) as refusal:
        answered(order, scheduler, smoker="yes", oxygen="much", shoe_size="44")
    assert (refusal.value.sentence, refusal.value.fields) == (
        "Some answers cannot be right.",
        {"oxygen": ["Choose one of the answers."], "shoe_size": ["There is no such question."]},
    )
    assert not order.answers.filter(question="smoker").exists()


def test_every_unknown_answer_becomes_one_task_with_the_stage_that_waits(site, scheduler, woman):
    order = department.order(site, by=scheduler, of=woman, answers={})
    assert open_tasks(order, Task.Kind.ASK) == {
        "pregnancy": "xray",
        "breastfeeding": "",
        "pulmonary_hypertension": "dose",
        "right_to_left_shunt": "dose",
        "one_lung_or_transplant": "",
        "albumin_allergy": "dose",
        "cannot_keep_still": "",
        "cannot_raise_arms": "",
        "claustrophobia": "",
        "oxygen": "",
        "recent_tc99m": "",
        "copd_or_asthma": "",
        "respiratory_isolation": "",
        "unstable": "",
    }


def test_a_man_is_not_asked_about_pregnancy(site, scheduler):
    order = department.order(site, by=scheduler, answers={})
    assert not {"pregnancy", "breastfeeding"} & set(open_tasks(order, Task.Kind.ASK))


def test_a_task_is_opened_once_and_closed_by_the_answer(site, scheduler):
    order = department.order(site, by=scheduler, answers={})
    answered(order, scheduler, smoker="no")
    assert order.tasks.filter(about="albumin_allergy").count() == 1
    answered(order, scheduler, albumin_allergy="no")
    task = order.tasks.get(about="albumin_allergy")
    assert (task.closed_at, task.closed_by) == (LATER, scheduler)


def test_an_answer_taken_back_opens_a_new_task(site, scheduler):
    order = department.order(site, by=scheduler)
    answered(order, scheduler, albumin_allergy="unknown")
    assert open_tasks(order, Task.Kind.ASK)["albumin_allergy"] == "dose"
    answered(order, scheduler, albumin_allergy="no")
    answered(order, scheduler, albumin_allergy="unknown")
    assert order.tasks.filter(about="albumin_allergy").count() == 2
    assert order.tasks.filter(about="albumin_allergy", closed_at=None).count() == 1


def test_all_questions_answered_leave_no_task(site, scheduler):
    order = department.order(site, by=scheduler, answers=NO_TO_ALL)
    assert not order.tasks.exists()


def test_a_consult_opens_a_task_for_a_physician_and_closes_with_the_decision(site, scheduler):
    order = department.order(site, by=scheduler, answers=NO_TO_ALL | {"pregnancy": "possible"})
    task = order.tasks.get()
    assert (task.kind, task.about, task.stage, task.sentence, task.opened_at, task.due_at) == (
        Task.Kind.CONSULT,
        "PREG-1",
        "xray",
        DECIDE_PREGNANCY,
        NOW,
        None,
    )
    physician = department.attending(site)
    vetting.override(order, rule="PREG-1", reason="Benefit outweighs", by=physician, now=LATER)
    task.refresh_from_db()
    assert (task.closed_at, task.closed_by) == (LATER, physician)


def test_a_consult_closes_when_the_answer_that_called_for_it_goes(site, scheduler):
    order = department.order(site, by=scheduler, answers=NO_TO_ALL | {"right_to_left_shunt": "yes"})
    answered(order, scheduler, right_to_left_shunt="no")
    assert open_tasks(order, Task.Kind.CONSULT) == {}


def test_after_a_changed_answer_the_physician_is_asked_again(site, scheduler):
    """The decision belongs to the answer it was given for."""
    order = department.order(site, by=scheduler, answers=NO_TO_ALL | {"pregnancy": "possible"})
    vetting.override(order, rule="PREG-1", reason="Benefit outweighs", by=department.attending(site), now=NOW)
    answered(order, scheduler, pregnancy="yes")
    assert open_tasks(order, Task.Kind.CONSULT) == {"PREG-1": "xray"}


def test_pregnancy_that_nobody_asked_about_gates_xray_and_dose_but_not_booking(site, scheduler, woman):
    appointment = department.booked(
        site, by=scheduler, of=woman, answers=SAFE_ANSWERS | {"pregnancy": "unknown"}
    )
    order, nurse = appointment.procedure.order, department.technologist(site)
    task = order.tasks.get(about="pregnancy")
    assert (task.kind, task.stage, task.sentence) == (Task.Kind.ASK, "xray", ASK_PREGNANCY)
    at = appointment.lungs_start_at
    arrivals.check_in(appointment, **department.HERE, by=nurse, now=at)
    xray = appointment.steps.get(kind="xray")
    with pytest.raises(Conflict) as refusal:
        visits.start(xray, by=nurse, now=appointment.xray_ends_at)
    assert refusal.value.sentence == ASK_PREGNANCY
    xrays.record(appointment, ended_at=appointment.xray_ends_at, elsewhere="Eastside", by=nurse, now=at)
    with pytest.raises(Conflict) as refusal:
        visits.clear_dose(appointment, by=nurse, now=at)
    assert refusal.value.sentence == ASK_PREGNANCY
    answered(order, nurse, now=at, pregnancy="no")
    assert visits.clear_dose(appointment, by=nurse, now=at).dose_cleared_at == at


def test_a_move_is_not_gated_by_an_open_question(site, scheduler):
    appointment = department.booked(site, by=scheduler, answers={})
    starts = {step.kind: step.planned_start_at + timedelta(hours=1) for step in appointment.steps.all()}
    assert booking.move(appointment, starts=starts, by=scheduler, now=NOW).revision == 2


def test_tasks_of_others_are_left_alone(site, scheduler):
    """Answers touch neither a countersignature nor a call that somebody owes."""
    order = department.order(site, by=scheduler, priority="stat", vetted=False, answers=NO_TO_ALL)
    vetting.vet(
        order,
        protocol=order.procedure.protocol,
        physician=department.attending(site),
        by=scheduler,
        now=NOW,
    )
    answered(order, scheduler, smoker="yes")
    assert order.tasks.get(closed_at=None).kind == Task.Kind.COUNTERSIGN


def test_close_tasks_closes_only_what_is_named(site, scheduler):
    order = department.order(site, by=scheduler, answers={})
    screening.close_tasks(order, by=scheduler, now=LATER, about="albumin_allergy")
    closed = order.tasks.filter(closed_at__isnull=False)
    assert [(task.about, task.closed_by) for task in closed] == [("albumin_allergy", scheduler)]


def test_an_answer_that_changed_while_the_form_stood_open_is_not_put_back_unseen():
    site = department.site()
    order, physician = (
        department.order(site),
        department.attending(site, first_name="Ruth", last_name="Ferreira"),
    )
    opened_at = NOW + timedelta(minutes=1)
    allergic = {"albumin_allergy": "yes"}
    screening.answer(order, allergic, by=physician, now=opened_at + timedelta(minutes=1))
    with pytest.raises(Conflict) as refusal:
        screening.answer(
            order,
            {"albumin_allergy": "no", "smoker": "yes"},
            by=department.technologist(site),
            now=opened_at + timedelta(minutes=2),
            read_at=opened_at,
        )
    assert refusal.value.sentence.startswith("Ruth Ferreira has just answered")
    answers = dict(order.answers.values_list("question", "answer"))
    assert (answers["albumin_allergy"], "smoker" in answers) == ("yes", False)
