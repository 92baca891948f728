"""What was done in an order's examination, as the criteria need to know it."""

from dataclasses import dataclass

from django.db.models import FilteredRelation, Q

from reporting.engine.findings import Study, Technique
from scheduling.engine.pictures import PLANAR_EIGHT, Outcome, View
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import Capability, ProtocolStep, RequestedProcedure, ScheduledProcedureStep, StepKind

TECHNIQUES = {
    Capability.CAMERA_SPECT_CT: Technique.SPECT_CT,
    Capability.CAMERA_SPECT: Technique.SPECT,
}
ACQUIRED = (StepKind.PERFUSION, StepKind.VENTILATION)
"""The perfusion pictures say the technique; those of ventilation where there are no others."""


@dataclass(frozen=True, slots=True)
class Done:
    """As it is recorded. `has_xray`: a chest X-ray, or a chest CT in its place; `has_ct`: the camera's own CT."""

    technique: Technique
    ventilation_done: bool
    has_xray: bool
    has_ct: bool = False

    def study(self, technique=None):
        """The Study; `technique`: as the reader corrects it. A SPECT/CT brings its own CT."""
        technique = technique or self.technique
        return Study(
            technique,
            ventilation_done=self.ventilation_done,
            xray_known=self.has_xray or self.has_ct or technique == Technique.SPECT_CT,
        )


def of(order, technique=None):
    """The order's Study; `technique`: as the reader corrects it, None for what is recorded."""
    return done(order).study(technique)


def done(order):
    """The order's Done, by the steps that were completed and the pictures that were accepted; one query, and another
    one where no picture tells the technique: then it is that of the camera that the protocol asks for.

    A chest CT that came instead of the X-ray is recorded as the X-ray step.
    """
    taken = _taken(order)
    views = {view for kind in ACQUIRED for view in taken.get(kind, ())}
    return Done(
        technique=_by_pictures(taken) or _by_protocol(order),
        ventilation_done=StepKind.VENTILATION in taken,
        has_xray=StepKind.XRAY in taken,
        has_ct=View.SPECT_CT in views,
    )


def _taken(order):
    """{kind of step: views that were accepted} of the completed steps."""
    accepted = Q(pictures__outcome=Outcome.ACCEPTED, pictures__voided_at=None)
    rows = (
        ScheduledProcedureStep.objects.filter(
            state=StepState.COMPLETED,
            appointment__procedure__order=order,
            appointment__state=AppointmentState.FULFILLED,
        )
        .annotate(accepted=FilteredRelation("pictures", condition=accepted))
        .values_list("kind", "accepted__view")
    )
    found = {}
    for kind, view in rows:
        found.setdefault(kind, set()).update({view} - {None})
    return found


def _by_pictures(taken):
    """The technique that the pictures show, or None: tomography, also where planar views were taken beside it."""
    for kind in ACQUIRED:
        views = taken.get(kind, set())
        if View.SPECT in views:
            return Technique.SPECT_CT if View.SPECT_CT in views else Technique.SPECT
        if views & set(PLANAR_EIGHT):
            return Technique.PLANAR
    return None


def _by_protocol(order):
    rooms = dict(
        ProtocolStep.objects.filter(
            protocol__in=RequestedProcedure.objects.filter(order=order).values("protocol"),
            kind__in=ACQUIRED,
        ).values_list("kind", "room_capabilities")
    )
    asked = next((rooms[kind] for kind in ACQUIRED if rooms.get(kind)), [])
    return next((TECHNIQUES[each] for each in TECHNIQUES if each in asked), Technique.PLANAR)
