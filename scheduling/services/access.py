"""The one way to a patient's data: permitted by the policy, kept to the own site, and audited as it is read.

Each function writes its audit row in the caller's transaction: if the row cannot be written, nothing is shown.
"""

from scheduling.models import Appointment, Order, Patient, ScheduledProcedureStep, Task
from vqflow import audit, policy
from vqflow.errors import NotFound


def patient(pk, *, by, action="patient.view"):
    """The patient, or NotFound where there is none at this person's site."""
    found = _one(Patient.objects.for_user(by), pk, by, action)
    audit.read(action, found, by=by, patients=[found.pk])
    return found


def order(pk, *, by, action="order.view"):
    """The order with patient, referrer, site and procedure loaded."""
    found = _one(Order.objects.for_user(by).with_people(), pk, by, action)
    audit.read(action, found, by=by, patients=[found.patient_id])
    return found


def appointment(pk, *, by, action="worklist.view"):
    """The appointment with its procedure, order, patient and site loaded."""
    people = Appointment.objects.for_user(by).select_related(
        "site", "procedure__protocol", "procedure__order__patient", "procedure__order__referrer"
    )
    found = _one(people, pk, by, action)
    audit.read(action, found, by=by, patients=[found.procedure.order.patient_id])
    return found


def step(pk, *, by, action="visit.perform"):
    """One scheduled procedure step with its appointment, order, patient and site loaded."""
    people = ScheduledProcedureStep.objects.for_user(by).select_related(
        "appointment__site", "appointment__procedure__protocol", "appointment__procedure__order__patient"
    )
    found = _one(people, pk, by, action)
    audit.read(action, found, by=by, patients=[found.appointment.procedure.order.patient_id])
    return found


def task(pk, *, by, action="task.close"):
    """One task, open or closed, with its order, patient and site loaded."""
    found = _one(Task.objects.for_user(by).select_related("order__patient", "order__site"), pk, by, action)
    audit.read(action, found, by=by, patients=[found.order.patient_id])
    return found


def listed(name, patient_ids, *, by, action, **about):
    """Audit that a list was shown: one row with the ids of all patients on it. An empty list leaves none."""
    policy.permit(by, action)
    if patient_ids:
        audit.read("list.viewed", by=by, patients=set(patient_ids), list=name, **about)


def _one(queryset, pk, by, action):
    policy.permit(by, action)
    found = queryset.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such record at your site.")
    return found
