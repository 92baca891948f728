"""The examination: check-in, chest X-ray, dose, the lung acquisitions, and taking back what was recorded."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema

from scheduling.api.details import appointment_answer
from scheduling.api.site import SiteOperation
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.visits import CheckInIn, StopIn, TechnologistIn, XrayIn
from scheduling.services import access, reservations, visits
from scheduling.services.examination import arrivals, xrays
from vqflow.api.fields import Nothing, body


class OnAppointment(SiteOperation):
    """One deed on one appointment, answered with the appointment as it then is."""

    def do(self, request, pk, service, serializer=Nothing):
        appointment = access.appointment(pk, by=request.user, action=self.action_of("POST"))
        service(appointment, **body(serializer, request), by=request.user, now=timezone.now())
        return appointment_answer(pk)


class OnStep(SiteOperation):
    """One deed on one step, answered with its appointment as it then is."""

    actions = {"POST": "visit.perform"}

    def do(self, request, pk, service, serializer=Nothing):
        step = access.step(pk, by=request.user, action=self.action_of("POST"))
        service(step, **body(serializer, request), by=request.user, now=timezone.now())
        return appointment_answer(step.appointment_id)


def described(name, summary, request=Nothing):
    return extend_schema(operation_id=name, summary=summary, request=request, responses=AppointmentOut)


class CheckIn(OnAppointment):
    actions = {"POST": "visit.check_in"}

    @described(
        "appointments_check_in",
        "The patient is here, at the X-ray or at the scan: identity, pregnancy and answers",
        CheckInIn,
    )
    def post(self, request, pk):
        return self.do(request, pk, arrivals.check_in, CheckInIn)


class UndoCheckIn(OnAppointment):
    actions = {"POST": "visit.check_in"}

    @described("appointments_undo_check_in", "Take a check-in back")
    def post(self, request, pk):
        return self.do(request, pk, arrivals.undo_check_in)


class Xray(OnAppointment):
    actions = {"POST": "visit.perform"}

    @described(
        "appointments_xray", "Confirm when the chest X-ray or CT ended, and where if elsewhere", XrayIn
    )
    def post(self, request, pk):
        return self.do(request, pk, xrays.record, XrayIn)


class ClearDose(OnAppointment):
    actions = {"POST": "visit.perform"}

    @described("appointments_clear_dose", "Clear the dose: vetting, answers and the X-ray window are judged")
    def post(self, request, pk):
        return self.do(request, pk, visits.clear_dose)


class UndoClearDose(OnAppointment):
    actions = {"POST": "visit.perform"}

    @described("appointments_undo_clear_dose", "Take the clearance of the dose back")
    def post(self, request, pk):
        return self.do(request, pk, visits.undo_clear_dose)


class NoShow(OnAppointment):
    actions = {"POST": "appointment.no_show"}

    @described("appointments_no_show", "The patient did not come: the time is freed")
    def post(self, request, pk):
        return self.do(request, pk, visits.no_show)


class Start(OnStep):
    @described("steps_start", "The acquisition begins now")
    def post(self, request, pk):
        return self.do(request, pk, visits.start)


class End(OnStep):
    @described("steps_end", "The acquisition is complete")
    def post(self, request, pk):
        return self.do(request, pk, visits.end)


class Discontinue(OnStep):
    @described("steps_discontinue", "The acquisition was broken off", StopIn)
    def post(self, request, pk):
        return self.do(request, pk, visits.discontinue, StopIn)


class LeaveOut(OnStep):
    @described("steps_leave_out", "A lung acquisition that is not done any more", StopIn)
    def post(self, request, pk):
        return self.do(request, pk, visits.leave_out, StopIn)


class Undo(OnStep):
    @described("steps_undo", "Take back the last thing that was recorded for a step")
    def post(self, request, pk):
        return self.do(request, pk, visits.undo)


class Technologist(OnStep):
    actions = {"POST": "technologist.assign"}

    @described("steps_technologist", "Give a step to another technologist", TechnologistIn)
    def post(self, request, pk):
        return self.do(request, pk, reservations.assign_technologist, TechnologistIn)
