"""The safety questions that a patient answers at home, each once; what the answers change becomes a task.

Pregnancy and breastfeeding are asked of adults who read their own mail: others are asked in person and in private.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_noop as _

from scheduling import interruptions, readers
from scheduling.engine.questions import NO, UNKNOWN, YES, could_be_pregnant
from scheduling.engine.screening import Action
from scheduling.examinations import assess, facts
from scheduling.models import Task
from scheduling.services import holds, screening, site_accounts
from scheduling.services.self_service import standing
from vqflow import policy
from vqflow.errors import Conflict, Invalid

NOT_ASKED = _("We have no more questions. Thank you.")
CHOOSE = _("Please choose one of the answers.")
AT_HOME = "Answered by the patient at home."
CONTRADICTS = "Phone the patient: answered “{answer}” at home, and we have “{ours}”: {question}"
LONGEST_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class HomeQuestion:
    """One question in plain words; `choices` are (value of engine/questions.py, label). All words are message ids."""

    key: str
    text: str
    hint: str
    choices: tuple[tuple[str, str], ...]
    in_private: bool = False


_YES_NO = ((YES, _("Yes")), (NO, _("No")), (UNKNOWN, _("I am not sure")))

QUESTIONS = (
    HomeQuestion(
        "pregnancy",
        _("Are you pregnant, or could you be pregnant?"),
        _("Please tell us, even if you are not sure. We will ask you again in private when you come."),
        (
            (YES, _("Yes")),
            ("possible", _("Maybe, I am not sure")),
            (NO, _("No")),
            ("cannot_be", _("I cannot become pregnant")),
        ),
        in_private=True,
    ),
    HomeQuestion(
        "breastfeeding",
        _("Are you breastfeeding?"),
        _("You may have to pause for some hours afterwards. You can express milk before you come."),
        _YES_NO,
        in_private=True,
    ),
    HomeQuestion(
        "albumin_allergy",
        _("Have you ever had an allergic reaction to albumin?"),
        _("Albumin is a protein from human blood. It is in some medicines and vaccines."),
        _YES_NO,
    ),
    HomeQuestion(
        "cannot_keep_still",
        _("Is it hard for you to lie or sit still for 15 minutes?"),
        _("For example because of pain, a cough or short breath. We will plan more time for you."),
        _YES_NO,
    ),
    HomeQuestion(
        "oxygen",
        _("Do you use extra oxygen?"),
        _("We will have oxygen ready for you."),
        _YES_NO,
    ),
)
_BY_KEY = {question.key: question for question in QUESTIONS}


def questions(link, *, now):
    """The HomeQuestions that are still to be answered, in order; none where the site does not ask at home."""
    appointment = link.appointment
    if not appointment.site.asks_at_home or standing.why_not_confirm(appointment, now):
        return ()
    return _open_questions(appointment, site_accounts.PATIENTS.known(appointment.site), now)


def _open_questions(appointment, account, now):
    order = appointment.procedure.order
    answered = {
        row.question
        for row in order.answers.all()
        if row.answer != UNKNOWN or row.answered_by_id == account.pk
    }
    return tuple(each for each in QUESTIONS if each.key not in answered and _is_asked(each, appointment, now))


def _is_asked(question, appointment, now):
    return not question.in_private or may_ask_in_private(appointment.procedure.order, now)


def may_ask_in_private(order, now):
    """Whether pages and questions speak of pregnancy and breastfeeding: to adults who read their own mail, by the
    ages and sexes of the engine's questions.
    """
    return readers.reads_alone(order, now) and could_be_pregnant(facts(order, now))


@transaction.atomic
def answer(link, answers, *, now):
    """Save {question: answer} of the patient; rules run again, and what changes becomes a task for the department.

    An answer that somebody has given meanwhile stays; where the patient says otherwise, the desk phones. Returns the
    questions that are still open. Raises Invalid for an answer that is no choice, Conflict where nothing is asked.
    """
    appointment, account = standing.locked(link, now=now)
    policy.permit(account, "screening.answer")
    standing.refuse(standing.why_not_confirm(appointment, now))
    if not appointment.site.asks_at_home:
        raise Conflict(NOT_ASKED)
    _check(answers, appointment, now)
    # What the department answers at this moment is seen, not overwritten.
    order = appointment.procedure.order = holds.locked_order(appointment.procedure.order)
    still_open = {each.key for each in _open_questions(appointment, account, now)}
    new = {key: value for key, value in answers.items() if key in still_open}
    before = set(assess(order, now))
    _note_contradictions(appointment, {key: answers[key] for key in answers.keys() - new.keys()}, now)
    if new:
        screening.answer(order, new, by=account, now=now)
        changed = [each for each in assess(order, now) if each not in before]
        _note_changes(appointment, changed, now)
    return _open_questions(appointment, account, now)


def _check(answers, appointment, now):
    faults = {
        key: [CHOOSE]
        for key, value in answers.items()
        if key not in _BY_KEY
        or value not in dict(_BY_KEY[key].choices)
        or not _is_asked(_BY_KEY[key], appointment, now)
    }
    if faults:
        raise Invalid(CHOOSE, fields=faults)


def _note_changes(appointment, effects, now):
    """One task for each question whose answer asks for something; a consult and an open question have theirs."""
    by_question = {}
    for effect in effects:
        if not effect.open and effect.action not in (Action.INFO, Action.TASK):
            by_question.setdefault(effect.question, []).append(effect)
    for key, found in by_question.items():
        if all(effect.action != Action.CONSULT for effect in found):
            _open_task(appointment, key, " ".join([AT_HOME, *(each.sentence for each in found)]), now)


def _note_contradictions(appointment, answers, now):
    ours = {row.question: row.answer for row in appointment.procedure.order.answers.all()}
    for key, value in answers.items():
        if value != UNKNOWN and ours.get(key, value) != value:
            known = dict(screening.QUESTIONS[key].choices)
            sentence = CONTRADICTS.format(
                answer=known[value], ours=known[ours[key]], question=screening.QUESTIONS[key].text
            )
            _open_task(appointment, key, sentence, now)


def _open_task(appointment, key, sentence, now):
    Task.objects.update_or_create(
        order=appointment.procedure.order,
        kind=Task.Kind.PHONE,
        about=f"answer:{key}",
        closed_at=None,
        defaults={
            "sentence": sentence[:LONGEST_SENTENCE],
            "opened_at": now,
            "due_at": appointment.starts_at,
        },
    )


def breastfeeding_pause(link, *, now):
    """engine.aftercare.Interruption as planned, for a patient who has said that she breastfeeds; else None."""
    return interruptions.told_ahead(link.appointment, now=now)
