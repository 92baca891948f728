"""The one way to a patient's data: permitted by the policy, kept to the own site, and audited as it is read.

Each function writes its audit row in the caller's transaction: if the row cannot be written, nothing is shown.
"""

from scheduling.models import (
    Administration,
    Appointment,
    CheckPlan,
    Closure,
    CountRate,
    Disruption,
    DoseOrder,
    Hold,
    Incident,
    Message,
    Offer,
    Order,
    OrderQuestion,
    Patient,
    PerformedProcedureStep,
    PictureRecord,
    Problem,
    QualityCheck,
    Referrer,
    Replan,
    ScheduledProcedureStep,
    Spill,
    Task,
    TracerBatch,
    TracerSupply,
    WaitlistEntry,
)
from vqflow import audit, policy
from vqflow.errors import NotFound
from vqflow.statements import Compiled

NONE_SUCH = "There is no such record at your site."
NO_SITE = "Your account belongs to no site. Ask the system administrator."


def patient(pk, *, by, action="patient.view"):
    """The patient, or NotFound where there is none at this person's site."""
    found = _one(Patient.objects.for_user(by), pk, by, action)
    audit.read(action, found, by=by, patients=[found.pk])
    return found


def order(pk, *, by, action="order.view"):
    """The order with patient, referrer, site and procedure loaded."""
    policy.permit(by, action)
    found = _ORDER.first(site_code=by.site_code, pk=pk)
    if found is None:
        raise NotFound(NONE_SUCH)
    audit.read(action, found, by=by, patients=[found.patient_id])
    return found


_ORDER = Compiled(
    lambda site_code, pk: Order.objects.filter(site__code=site_code, pk=pk).with_people(),
    site_code="a site",
    pk=-1,
)


def unseen_order(pk, *, by, action):
    """An order of which nothing is shown, so nothing is audited as read."""
    return _one(Order.objects.for_user(by), pk, by, action)


def order_question(pk, *, by, action="order.answer_question"):
    """A question about an order that a physician has asked, with its order, patient and site loaded."""
    people = OrderQuestion.objects.for_user(by).select_related(
        "asked_by",
        "answered_by",
        "order__patient",
        "order__site",
        "order__procedure__protocol",
        "order__referrer",
    )
    found = _one(people, pk, by, action)
    audit.read(action, found.order, by=by, patients=[found.order.patient_id])
    return found


def appointment(pk, *, by, action="worklist.view"):
    """The appointment with its procedure, order, patient and site loaded."""
    people = Appointment.objects.for_user(by).select_related(
        "site",
        "perfusion_reading",
        "procedure__protocol",
        "procedure__order__patient",
        "procedure__order__referrer",
    )
    found = _one(people, pk, by, action)
    audit.read(action, found, by=by, patients=[found.procedure.order.patient_id])
    return found


def unseen_appointment(pk, *, by, action):
    """An appointment of which nothing is shown, so nothing is audited as read."""
    return _one(Appointment.objects.for_user(by), pk, by, action)


def step(pk, *, by, action="visit.perform"):
    """One scheduled procedure step with its appointment, order, patient and site loaded."""
    people = ScheduledProcedureStep.objects.for_user(by).select_related(
        "appointment__site", "appointment__procedure__protocol", "appointment__procedure__order__patient"
    )
    found = _one(people, pk, by, action)
    audit.read(action, found, by=by, patients=[found.appointment.procedure.order.patient_id])
    return found


def picture(pk, *, by, action="visit.perform"):
    """One picture's record with its step, appointment and patient loaded."""
    rows = PictureRecord.objects.for_user(by).select_related(
        "step__appointment__site", "step__appointment__procedure__order__patient"
    )
    found = _one(rows, pk, by, action)
    audit.read(action, found, by=by, patients=[found.step.appointment.procedure.order.patient_id])
    return found


def dose(pk, *, by, action="visit.perform"):
    """One measured dose, standing or not, with its batch, step, appointment, patient and site loaded."""
    people = Administration.objects.for_user(by).select_related(
        "batch__site", "override__physician", "recorded_by", "checked_by", "given_by", *_OF_STEP
    )
    return _of_step(people, pk, by, action)


def count_rate(pk, *, by, action="visit.perform"):
    """One count rate, standing or not, with its step, appointment, patient and site loaded."""
    return _of_step(CountRate.objects.for_user(by).select_related(*_OF_STEP), pk, by, action)


_OF_STEP = (
    "step__appointment__site",
    "step__appointment__procedure__protocol",
    "step__appointment__procedure__order__patient",
)


def _of_step(rows, pk, by, action):
    found = _one(rows, pk, by, action)
    patient = found.step.appointment.procedure.order.patient_id
    audit.read(action, found, by=by, patients=[patient])
    return found


def hold(pk, *, by):
    """A held time with its order, patient and site loaded."""
    found = _one(Hold.objects.for_user(by).with_people(), pk, by, "appointment.hold")
    audit.read("appointment.hold", found, by=by, patients=[found.order.patient_id])
    return found


def unseen_hold(pk, *, by):
    """A held time to extend or release: nothing of the patient is shown, so nothing is audited as read."""
    return _one(Hold.objects.for_user(by).with_people(), pk, by, "appointment.hold")


def problem(pk, *, by, action="problem.close"):
    """One problem, open or closed, with its appointment, patient and site loaded."""
    found = _one(Problem.objects.for_user(by).with_people(), pk, by, action)
    audit.read(action, found, by=by, patients=[found.appointment.procedure.order.patient_id])
    return found


def task(pk, *, by, action="task.close"):
    """One task, open or closed, with its order, patient and site loaded."""
    found = _one(Task.objects.for_user(by).select_related("order__patient", "order__site"), pk, by, action)
    audit.read(action, found, by=by, patients=[found.order.patient_id])
    return found


def message(pk, *, by, action="message.retry"):
    """One message with its order, people and site loaded."""
    people = Message.objects.for_user(by).select_related(
        "order__patient", "order__referrer", "order__site", "appointment"
    )
    found = _one(people, pk, by, action)
    audit.read(action, found, by=by, patients=[found.order.patient_id])
    return found


def waitlist_entry(pk, *, by, action="waitlist.manage"):
    """One place on the waitlist, live or ended, with its order, patient and site loaded."""
    found = _one(WaitlistEntry.objects.for_user(by).with_people(), pk, by, action)
    audit.read(action, found, by=by, patients=[found.order.patient_id])
    return found


def offer(pk, *, by, action="offer.answer"):
    """One offer of a time, open or answered, with its entry, patient and site loaded."""
    found = _one(Offer.objects.for_user(by).with_people(), pk, by, action)
    audit.read(action, found, by=by, patients=[found.entry.order.patient_id])
    return found


def tracer_batch(pk, *, by, action="tracer.manage"):
    """One batch of a tracer with its site; it names no patient, so nothing is audited as read."""
    return _one(TracerBatch.objects.for_user(by).select_related("site"), pk, by, action)


def tracer_supply(pk, *, by, action="tracer.manage"):
    """One weekly plan of a tracer with its site."""
    return _one(TracerSupply.objects.for_user(by).select_related("site"), pk, by, action)


def disruption(pk, *, by, action="disruption.view"):
    """Something that broke, with its site; the patients of its plan are audited where they are shown."""
    found = Disruption.objects.for_user(by).select_related("site", "resource", "batch", "reported_by")
    return _one(found, pk, by, action)


def replan(pk, *, by, action="disruption.view"):
    """One plan for a broken day, with its disruption and site; as above."""
    return _one(Replan.objects.for_user(by).select_related("disruption__site"), pk, by, action)


def check_plan(pk, *, by, action="quality.record"):
    """One planned check with its site and room; it names no patient, and neither does what was found."""
    return _one(CheckPlan.objects.for_user(by).select_related("site", "room"), pk, by, action)


def quality_check(pk, *, by, action="quality.record"):
    return _one(QualityCheck.objects.for_user(by).select_related("site"), pk, by, action)


def spill(pk, *, by, action="spill.report"):
    return _one(Spill.objects.for_user(by).select_related("site", "room"), pk, by, action)


def dose_order(pk, *, by, action="tracer.manage"):
    """What was ordered for one day, with its weekly plan and site."""
    return _one(DoseOrder.objects.for_user(by).select_related("supply__site"), pk, by, action)


def incident(pk, *, by, action="incident.list"):
    """One incident; audited as read where it is a patient's."""
    people = Incident.objects.for_user(by).select_related(
        "site", "room", "recorded_by", "reviewed_by", "step", "appointment__procedure__order__patient"
    )
    found = _one(people, pk, by, action)
    if found.appointment_id:
        audit.read(action, found, by=by, patients=[found.appointment.procedure.order.patient_id])
    return found


def performed(pk, *, by, action="performed.list"):
    """What one device performed; audited as read where it belongs to a patient."""
    rows = PerformedProcedureStep.objects.for_user(by).select_related(
        "site", "entity__room", "set_aside_by", "matched_by"
    )
    found = _one(rows.prefetch_related("steps__appointment__procedure__order__patient"), pk, by, action)
    if patients := {step.appointment.procedure.order.patient_id for step in found.steps.all()}:
        audit.read(action, found, by=by, patients=patients)
    return found


def referrer(pk, *, by, action="referrer.manage"):
    """One entry of the site's directory, chosen or not any more; it names no patient."""
    return _one(Referrer.objects.for_user(by), pk, by, action)


def closure(pk, *, by, action="closure.manage"):
    """One closure at the person's site."""
    return _one(Closure.objects.filter(site__code=by.site_code).select_related("site"), pk, by, action)


def listed(name, patient_ids, *, by, action, **about):
    """Audit that a list was shown: one row with the ids of all patients on it. An empty list leaves none."""
    policy.permit(by, action)
    if patient_ids:
        audit.read("list.viewed", by=by, patients=set(patient_ids), list=name, **about)


def _one(queryset, pk, by, action):
    policy.permit(by, action)
    found = queryset.filter(pk=pk).first()
    if found is None:
        raise NotFound(NONE_SUCH)
    return found


def patients_numbered(numbers, *, by):
    """Ids of the patients of this site with these record numbers: for the audit of what another system shows."""
    return list(Patient.objects.for_user(by).filter(mrn__in=numbers).values_list("pk", flat=True))
