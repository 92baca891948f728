"""Doses, count rates, labels and the scan field: what the pages do."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from scheduling import administrations, paper
from scheduling.api.letters import CANNOT_PRINT
from scheduling.api.site import SiteOperation
from scheduling.engine import gates
from scheduling.engine.scancodes import Code, Sort
from scheduling.examinations import examination
from scheduling.forms.doses import scanned_batch
from scheduling.forms.orders import physicians
from scheduling.models import Resource, ResourceKind
from scheduling.paper import labels
from scheduling.serializers.doses import (
    ApproveByPhoneIn,
    ApproveIn,
    CountIn,
    CountsOut,
    GiveIn,
    MeasureIn,
    ResidualIn,
    ScanIn,
    ScannedOut,
    SettleIn,
    SiteIn,
    StepDosesOut,
)
from scheduling.serializers.visits import StopIn
from scheduling.services import access, countrates, scanning
from scheduling.services.doses import choosing, giving, measuring, prescribing
from vqflow.api.fields import Nothing, body
from vqflow.errors import Invalid

NO_BATCH = "There is no such vial or unit dose of this tracer here."
NO_PHYSICIAN = "Name a physician of this site."


def doses_answer(step, now):
    """Everything about the doses of a step; it was read through services/access.py."""
    step.refresh_from_db()
    appointment = step.appointment
    appointment.refresh_from_db()
    product, rows = administrations.product_of(appointment, step), administrations.standing(step)
    patient = prescribing.who(appointment, now)
    lacking = prescribing.lacks(appointment, step, patient) if product else None
    found = prescribing.prescription(appointment, step, patient) if product and not lacking else None
    choices = choosing.choices(appointment, step, now=now) if product else []
    shown = {
        "step": step.pk,
        "kind": step.kind,
        "product": product,
        "lacking": lacking,
        "refusal": gates.why_not_measure(examination(appointment, now), step.kind),
        "prescription": _prescription(found) if found else None,
        "batches": [_choice(each) for each in choices],
        "doses": [_dose(row, rows, appointment.site, now) for row in rows],
    }
    return Response(StepDosesOut(shown).data)


def _prescription(found):
    names = ("prescribed", "lowest", "highest")
    activities = {f"{name}_mbq": getattr(found, f"{name}_kbq") / 1000 for name in names}
    about = {name: getattr(found, name) for name in ("fewest_particles", "most_particles", "why")}
    return {**activities, **about, "needs_approval": found.unpublished}


def _choice(each):
    about = {name: getattr(each, name) for name in ("batch", "name", "is_ours", "refusal")}
    code = str(Code(Sort.VIAL, each.batch.pk))
    return {**about, "code": code, "activity_mbq": each.activity_kbq / 1000}


def _dose(row, rows, site, now):
    waits = row.given_at is None
    row.activity_now_mbq = administrations.activity_at(row, now) / 1000 if waits else None
    row.refusal = administrations.why_not_give(row, rows, site, now) if waits else None
    row.warnings = choosing.to_know(row, rows, now) if waits else ()
    return row


def counts_answer(appointment):
    """Both parts and how they compare; the appointment was read through services/access.py."""
    steps = list(appointment.steps.all())
    found = administrations.comparison(appointment, steps)
    rates = [administrations.count_rate(step) for step in administrations.lungs(steps)]
    shown = {
        "applies": administrations.compares_counts(appointment, steps),
        "ratio": round(found.ratio, 3) if found else None,
        "grade": str(found.grade) if found else None,
        "sentence": found.sentence if found else None,
        "rates": [rate for rate in rates if rate],
    }
    return Response(CountsOut(shown).data)


def dosed(name, summary, request=Nothing):
    return extend_schema(operation_id=name, summary=summary, request=request, responses=StepDosesOut)


def counted(name, summary, request=Nothing):
    return extend_schema(operation_id=name, summary=summary, request=request, responses=CountsOut)


class Doses(SiteOperation):
    actions = {"GET": "visit.perform", "POST": "visit.perform"}

    @dosed("steps_doses", "What may be given for a step, the batches, and its doses", None)
    def get(self, request, pk):
        return doses_answer(access.step(pk, by=request.user), timezone.now())

    @dosed("steps_measure", "Record a dose as the calibrator shows it", MeasureIn)
    def post(self, request, pk):
        step, now = access.step(pk, by=request.user), timezone.now()
        values = body(MeasureIn, request)
        batch = _batch(step, values.pop("batch", None), values.pop("code", ""), now)
        measuring.measure(step, batch=batch, **values, by=request.user, now=now)
        return doses_answer(step, now)


def _batch(step, pk, code, now):
    known = [each.batch for each in choosing.choices(step.appointment, step, now=now)]
    found = scanned_batch(code, known) if code else next((each for each in known if each.pk == pk), None)
    if found is None:
        raise Invalid(NO_BATCH, fields={"code" if code else "batch": [NO_BATCH]})
    return found


class OnDose(SiteOperation):
    """One deed on one dose, answered with the doses of its step as they then are."""

    actions = {"POST": "visit.perform"}

    def do(self, request, pk, service, serializer=Nothing, **more):
        dose, now = access.dose(pk, by=request.user, action=self.action_of("POST")), timezone.now()
        service(dose, **body(serializer, request), **more, by=request.user, now=now)
        return doses_answer(dose.step, now)


class Check(OnDose):
    actions = {"POST": "dose.check"}

    @dosed("doses_check", "A second person has compared label, patient and activity")
    def post(self, request, pk):
        return self.do(request, pk, measuring.check)


class Give(OnDose):
    @dosed("doses_give", "The injection or first inhalation, now; it starts the acquisition", GiveIn)
    def post(self, request, pk):
        return self.do(request, pk, giving.give, GiveIn)


class InjectionSite(OnDose):
    @dosed("doses_site", "Where it was injected", SiteIn)
    def post(self, request, pk):
        return self.do(request, pk, giving.describe, SiteIn)


class Residual(OnDose):
    @dosed("doses_residual", "What was left; what the patient got is computed from it", ResidualIn)
    def post(self, request, pk):
        return self.do(request, pk, giving.residual, ResidualIn)


class Discard(OnDose):
    @dosed("doses_discard", "The dose is thrown away", StopIn)
    def post(self, request, pk):
        return self.do(request, pk, measuring.discard, StopIn)


class UndoDose(OnDose):
    @dosed("doses_undo", "Take back the last thing recorded of a dose: residual, injection, measurement")
    def post(self, request, pk):
        given = access.dose(pk, by=request.user).given_at is not None
        return self.do(request, pk, giving.undo if given else measuring.undo)


class Approve(OnDose):
    actions = {"POST": "override.clinical"}

    @dosed("doses_approve", "An authorised user lets a dose be given that is not as prescribed", ApproveIn)
    def post(self, request, pk):
        return self.do(request, pk, measuring.override, ApproveIn)


class ApproveByPhone(OnDose):
    actions = {"POST": "override.clinical_by_phone"}

    @dosed("doses_approve_by_phone", "The same by phone; the authorised user countersigns", ApproveByPhoneIn)
    def post(self, request, pk):
        dose = access.dose(pk, by=request.user, action=self.action_of("POST"))
        values, now = body(ApproveByPhoneIn, request), timezone.now()
        physician = physicians(request.user).filter(username=values["physician"]).first()
        if physician is None:
            raise Invalid(NO_PHYSICIAN, fields={"physician": [NO_PHYSICIAN]})
        measuring.override(dose, reason=values["reason"], physician=physician, by=request.user, now=now)
        return doses_answer(dose.step, now)


class Counts(SiteOperation):
    actions = {"GET": "visit.perform", "POST": "visit.perform"}

    @counted("steps_counts", "The count rates of both parts, and how they compare", None)
    def get(self, request, pk):
        return counts_answer(access.step(pk, by=request.user).appointment)

    @counted("steps_count", "Record counts per second over the lungs after a part", CountIn)
    def post(self, request, pk):
        step = access.step(pk, by=request.user)
        countrates.record(step, **body(CountIn, request), by=request.user, now=timezone.now())
        return counts_answer(step.appointment)


class OnCountRate(SiteOperation):
    actions = {"POST": "visit.perform"}

    def do(self, request, pk, service, serializer=Nothing):
        rate = access.count_rate(pk, by=request.user)
        service(rate, **body(serializer, request), by=request.user, now=timezone.now())
        return counts_answer(rate.step.appointment)


class UndoCount(OnCountRate):
    @counted("counts_undo", "Take a count rate back")
    def post(self, request, pk):
        return self.do(request, pk, countrates.undo)


class Settle(OnCountRate):
    @counted("counts_settle", "Decide about a ratio that is too low", SettleIn)
    def post(self, request, pk):
        return self.do(request, pk, countrates.settle, SettleIn)


class Scan(SiteOperation):
    actions = {"POST": "code.scan"}

    @extend_schema(
        operation_id="scan",
        summary="What a code or a patient's number leads to",
        request=ScanIn,
        responses=ScannedOut,
    )
    def post(self, request):
        found = scanning.find(body(ScanIn, request)["code"], by=request.user, now=timezone.now())
        appointment = found.appointment.pk if found.appointment else None
        shown = {"sort": found.sort.value, "id": found.subject.pk, "appointment": appointment}
        return Response(ScannedOut(shown).data)


PDF = {(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)}


def printed(name, summary):
    return extend_schema(operation_id=name, summary=summary, request=None, responses={**PDF, **CANNOT_PRINT})


class Wristband(SiteOperation):
    actions = {"GET": "label.print"}

    @printed("appointments_wristband", "The patient's wristband with its code, as PDF")
    def get(self, request, pk):
        found = access.appointment(pk, by=request.user, action="label.print")
        return _pdf(labels.wristband(found))


class DoseLabel(SiteOperation):
    actions = {"GET": "label.print"}

    @printed("doses_label", "The label of a dose with its code, as PDF")
    def get(self, request, pk):
        return _pdf(labels.dose(access.dose(pk, by=request.user, action="label.print")))


class VialLabel(SiteOperation):
    actions = {"GET": "label.print"}

    @printed("tracers_label", "The label of a vial or unit dose with its code, as PDF")
    def get(self, request, pk):
        return _pdf(labels.vial(access.tracer_batch(pk, by=request.user, action="label.print")))


class RoomLabels(SiteOperation):
    actions = {"GET": "label.print"}

    @printed("rooms_labels", "A label for the door of each room with its code, as PDF")
    def get(self, request):
        rooms = Resource.objects.filter(site=self.site, kind=ResourceKind.ROOM, is_active=True)
        return _pdf(labels.rooms(self.site, list(rooms.order_by("name"))))


def _pdf(data):
    return HttpResponse(paper.pdf("labels", data), content_type="application/pdf")
