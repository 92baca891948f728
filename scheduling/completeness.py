"""From rows to what a reader still lacks (scheduling/engine/completeness.py). Reads only; rows may be prefetched."""

from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from scheduling import examinations
from scheduling.engine import completeness as engine
from scheduling.engine import screening
from scheduling.engine.phases import Role
from scheduling.engine.pictures import NAMES, Outcome, View
from scheduling.engine.states import StepState
from scheduling.models import Administration, ChestXray, CountRate, PictureRecord, Problem, StepKind, Tracer
from scheduling.models.querysets import rows_of

FOR_THE_READER = {
    "pregnancy": "pregnancy",
    "breastfeeding": "breastfeeding",
    "pulmonary_hypertension": "pulmonary hypertension",
    "right_to_left_shunt": "right-to-left shunt",
    "copd_or_asthma": "COPD or asthma",
    "recent_tc99m": "a recent Tc-99m study",
    "pretest": "how likely an embolism is",
}
SETTLED = (Outcome.ACCEPTED, Outcome.SKIPPED)


def prefetched(appointments):
    """The queryset with all that needs() reads: a fixed number of queries, however many appointments there are."""
    return appointments.select_related(
        "site", "procedure__protocol", "procedure__order__patient"
    ).prefetch_related(
        "procedure__protocol__steps",
        "procedure__protocol__phases",
        "procedure__order__answers",
        "steps",
        Prefetch("steps__pictures", PictureRecord.objects.standing()),
        Prefetch("steps__administrations", Administration.objects.standing()),
        Prefetch("steps__count_rates", CountRate.objects.standing()),
        Prefetch("steps__chest_xrays", ChestXray.objects.standing()),
        Prefetch("problems", Problem.objects.all()),
    )


def needs(appointment, now):
    """The completion list: engine Needs in their order, each with what is missing."""
    return engine.needs(_facts(appointment, now))


def missing(appointment, now):
    """The sentences of what is missing."""
    return engine.missing(_facts(appointment, now))


def _facts(appointment, now):
    steps = list(rows_of(appointment, "steps"))
    lungs = [step for step in steps if step.kind != StepKind.XRAY]
    phases = list(rows_of(appointment.procedure.protocol, "phases"))
    with_tracer = _with_tracer(appointment)
    return engine.Facts(
        acquired=tuple(_acquired(step, phases, with_tracer) for step in lungs),
        xray=_xray(next((step for step in steps if step.kind == StepKind.XRAY), None)),
        compares=any(row.role == Role.COUNTS for row in phases) and _same_day(appointment, lungs),
        rates=frozenset(row.of for step in lungs for row in _standing(step, "count_rates")),
        unanswered=_unanswered(appointment.procedure.order, now),
        open_problems=tuple(
            row.get_reason_display() for row in rows_of(appointment, "problems") if row.closed_at is None
        ),
    )


def _with_tracer(appointment):
    """Kinds of step whose dose is to be recorded: none where the site does not record doses."""
    if not appointment.site.records_doses:
        return frozenset()
    return frozenset(
        row.kind for row in rows_of(appointment.procedure.protocol, "steps") if row.tracer != Tracer.NONE
    )


def _acquired(step, phases, with_tracer):
    wanted = dict.fromkeys(view for row in phases if row.part == step.kind for view in row.views)
    wanted.pop(View.SPECT_CT, None)  # only if asked for
    pictures = [row.view for row in _standing(step, "pictures") if row.outcome in SETTLED]
    doses = [row for row in _standing(step, "administrations") if row.given_at]
    return engine.Acquired(
        step.kind,
        step.state,
        wanted=tuple(NAMES[View(view)] for view in wanted),
        there=frozenset(NAMES[View(view)] for view in pictures),
        has_tracer=step.kind in with_tracer,
        given=bool(doses),
        residual=bool(doses) and all(row.residual_mbq is not None for row in doses),
    )


def _standing(step, accessor):
    return [row for row in rows_of(step, accessor) if row.voided_at is None]


def _xray(step):
    if step is None or step.state == StepState.CANCELLED:
        return ""
    if step.state != StepState.COMPLETED:
        return "waiting"
    return "seen" if any(row.seen_at for row in _standing(step, "chest_xrays")) else "done"


def _same_day(appointment, lungs):
    """The rule compares what was acquired on one day."""
    zone = ZoneInfo(appointment.site.time_zone)
    return (
        len({step.performed_start_at.astimezone(zone).date() for step in lungs if step.performed_start_at})
        == 1
    )


def _unanswered(order, now):
    """What a reader asks first and nobody knows; questions about lying still matter no more."""
    known = {row.question for row in rows_of(order, "answers") if row.answer not in ("", screening.UNKNOWN)}
    asked = {question.key for question in screening.questions_for(examinations.facts(order, now))}
    return tuple(words for key, words in FOR_THE_READER.items() if key in asked - known)
