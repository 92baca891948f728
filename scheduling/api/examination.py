"""The examination step by step: small steps, pictures, endings otherwise than planned, late corrections."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import phases as reading
from scheduling.api.site import SiteOperation
from scheduling.api.visits import OnAppointment, described
from scheduling.examinations import examination
from scheduling.models import HandOver, PictureRecord, StepKind
from scheduling.serializers.examination import (
    BeginIn,
    CorrectionIn,
    CorrectionsOut,
    ExaminationOut,
    PictureIn,
    WhyIn,
    XraySeenIn,
)
from scheduling.services import access, quality
from scheduling.services.examination import corrections, deviations, endings, phases, pictures, xrays
from vqflow.api.fields import Nothing, body


def examination_answer(appointment, now):
    """Everything recorded of this examination; the appointment was read through services/access.py."""
    appointment.refresh_from_db()
    lines = reading.plan(appointment)
    facts = examination(appointment, now, quality=quality.of_visit(appointment, now))
    upcoming = reading.next_line(lines)
    xray = appointment.steps.filter(kind=StepKind.XRAY).first()
    given = HandOver.objects.filter(appointment=appointment).first()
    shown = {
        "appointment": appointment,
        "arrival_due": facts.arrival_due,
        "limited": given.limited if given else "",
        "perfusion_only": deviations.is_perfusion_only(appointment),
        "arrivals": appointment.arrivals.standing().select_related("recorded_by").order_by("pk"),
        "xray": xrays.newest(xray) if xray else None,
        "xray_warning": xrays.warning(appointment),
        "phases": [_phase(line, lines, facts) for line in lines],
        "next_phase": upcoming.phase.key if upcoming else None,
        "pictures": PictureRecord.objects.standing().filter(step__appointment=appointment).order_by("pk"),
    }
    return Response(ExaminationOut(shown).data)


def _phase(line, lines, facts):
    names = ("phase", "step", "state", "record")
    found = {name: getattr(line, name) for name in names}
    return {**found, "why_not_begin": reading.why_not_begin(line, lines, facts)}


def answered(name, summary, request=Nothing):
    return extend_schema(operation_id=name, summary=summary, request=request, responses=ExaminationOut)


class Examination(SiteOperation):
    actions = {"GET": "worklist.view"}

    @extend_schema(
        operation_id="appointments_examination",
        summary="One examination step by step: arrivals, small steps, pictures",
        responses=ExaminationOut,
    )
    def get(self, request, pk):
        return examination_answer(access.appointment(pk, by=request.user), timezone.now())


class OnExamination(SiteOperation):
    """One deed on one examination, answered with it as it then is."""

    actions = {"POST": "visit.perform"}

    def do(self, request, pk, service, *about, serializer=Nothing):
        now = timezone.now()
        appointment = access.appointment(pk, by=request.user, action=self.action_of("POST"))
        service(appointment, *about, **body(serializer, request), by=request.user, now=now)
        return examination_answer(appointment, now)


class BeginPhase(OnExamination):
    @answered(
        "phases_begin", "A small step begins; an inhalation or injection starts its acquisition", BeginIn
    )
    def post(self, request, pk, key):
        return self.do(request, pk, phases.begin, key, serializer=BeginIn)


class EndPhase(OnExamination):
    @answered("phases_end", "A small step ends; the pictures end their acquisition")
    def post(self, request, pk, key):
        return self.do(request, pk, phases.end, key)


class SkipPhase(OnExamination):
    @answered("phases_skip", "A small step is not done, and why", WhyIn)
    def post(self, request, pk, key):
        return self.do(request, pk, phases.skip, key, serializer=WhyIn)


class RepeatPhase(OnExamination):
    @answered("phases_repeat", "A small step once more")
    def post(self, request, pk, key):
        return self.do(request, pk, phases.repeat, key)


class UndoPhase(OnExamination):
    @answered("phases_undo", "Take the last press on a small step back")
    def post(self, request, pk, key):
        return self.do(request, pk, phases.undo, key)


class TakePicture(SiteOperation):
    actions = {"POST": "visit.perform"}

    @answered("pictures_take", "One take of one view: accepted, to be repeated, or skipped", PictureIn)
    def post(self, request, pk):
        now = timezone.now()
        step = access.step(pk, by=request.user)
        pictures.take(step, **body(PictureIn, request), by=request.user, now=now)
        return examination_answer(step.appointment, now)


class UndoPicture(SiteOperation):
    actions = {"POST": "visit.perform"}

    @answered("pictures_undo", "Take a picture's record back")
    def post(self, request, pk):
        now = timezone.now()
        body(Nothing, request)
        picture = access.picture(pk, by=request.user)
        pictures.undo(picture, by=request.user, now=now)
        return examination_answer(picture.step.appointment, now)


class XraySeen(OnAppointment):
    actions = {"POST": "xray.see"}

    @described("appointments_xray_seen", "Which physician has looked at the chest X-ray", XraySeenIn)
    def post(self, request, pk):
        return self.do(request, pk, xrays.see, XraySeenIn)


class Limited(OnExamination):
    @answered(
        "appointments_limited", "Complete as limited: always possible once a tracer has been given", WhyIn
    )
    def post(self, request, pk):
        return self.do(request, pk, endings.complete_as_limited, serializer=WhyIn)


class VentilationFailed(OnExamination):
    @answered("appointments_ventilation_failed", "Go on with perfusion only; the change is recorded", WhyIn)
    def post(self, request, pk):
        return self.do(request, pk, endings.ventilation_failed, serializer=WhyIn)


class Interrupt(OnExamination):
    @answered("appointments_interrupt", "A break: the timers stop, the acquisition stays open", WhyIn)
    def post(self, request, pk):
        return self.do(request, pk, endings.interrupt, serializer=WhyIn)


class Abort(OnExamination):
    @answered("appointments_abort", "Everything stops; before any tracer the appointment is cancelled", WhyIn)
    def post(self, request, pk):
        return self.do(request, pk, endings.abort, serializer=WhyIn)


class PatientLeft(OnExamination):
    @answered("appointments_patient_left", "The patient left before the end", WhyIn)
    def post(self, request, pk):
        return self.do(request, pk, endings.patient_left, serializer=WhyIn)


class UndoEnding(OnExamination):
    @answered("appointments_undo_ending", "The examination goes on where it was ended as limited")
    def post(self, request, pk):
        return self.do(request, pk, endings.undo)


class Corrections(SiteOperation):
    actions = {"GET": "worklist.view", "POST": "visit.correct"}

    @extend_schema(
        operation_id="appointments_corrections",
        summary="What can be corrected, and what has been",
        responses=CorrectionsOut,
    )
    def get(self, request, pk):
        return _corrections(access.appointment(pk, by=request.user))

    @extend_schema(
        operation_id="appointments_correct",
        summary="Put a recorded value right; both values and the reason are kept",
        request=CorrectionIn,
        responses=CorrectionsOut,
    )
    def post(self, request, pk):
        appointment = access.appointment(pk, by=request.user, action="visit.correct")
        said = body(CorrectionIn, request)
        row = corrections.find(appointment, said["subject"])
        value = said.get("at", said.get("number"))
        corrections.correct(
            appointment,
            row,
            {said["field"]: value},
            reason=said["reason"],
            by=request.user,
            now=timezone.now(),
        )
        return _corrections(appointment)


def _corrections(appointment):
    past = appointment.corrections.select_related("corrected_by")
    return Response(CorrectionsOut({"values": corrections.values(appointment), "corrections": past}).data)
