"""What devices performed and a person has to look at: it fits to nothing here, or its times could not be taken over."""

from datetime import timedelta

from django.db.models import Q

from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.engine.worklistkeys import XRAY_MODALITIES
from scheduling.models import PerformedProcedureStep, ScheduledProcedureStep, StepKind

NEAR = timedelta(hours=24)


def waiting(user):
    """Rows that nobody has dealt with, the newest first, with what the list shows: two queries."""
    found = PerformedProcedureStep.objects.for_user(user).filter(set_aside_at=None)
    found = found.filter(Q(steps=None) | ~Q(not_taken=""))
    return _shown(found).order_by("-first_at", "-pk")


def dealt_with(user):
    """The newest others, in the same way."""
    found = PerformedProcedureStep.objects.for_user(user)
    found = found.filter(Q(set_aside_at__isnull=False) | Q(steps__isnull=False, not_taken="")).distinct()
    return _shown(found).order_by("-first_at", "-pk")


def candidates(performed):
    """Steps it may belong to: of its kind and near its time; those of the patient it names come first."""
    is_xray = performed.modality in XRAY_MODALITIES
    found = ScheduledProcedureStep.objects.filter(
        appointment__site_id=performed.site_id,
        appointment__state__in=[*LIVE_APPOINTMENT, AppointmentState.FULFILLED],
        planned_start_at__range=(performed.started_at - NEAR, performed.started_at + NEAR),
    ).exclude(state=StepState.CANCELLED)
    found = found.filter(kind=StepKind.XRAY) if is_xray else found.exclude(kind=StepKind.XRAY)
    rows = found.select_related("appointment__procedure__order__patient")
    mrn, at = performed.patient_as_named.get("mrn", ""), performed.started_at

    def distance(step):
        named = step.appointment.procedure.order.patient.mrn == mrn
        return not named, abs(step.planned_start_at - at), step.pk

    return sorted(rows, key=distance)


def _shown(found):
    return found.select_related("site", "entity__room", "matched_by", "set_aside_by").prefetch_related(
        "steps__appointment__procedure__order__patient"
    )
