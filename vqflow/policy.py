"""Who may do what: one table, keyed by action. Services and views ask here and nowhere else.

Clinical overrides belong to physicians, capacity overrides to the lead. The system administrator has no
clinical access. What a role sees is limited to its own site by the querysets' `for_user`.
"""

import structlog

from vqflow.errors import NotAllowed
from vqflow.models import Grade, Role

log = structlog.get_logger(__name__)

S, T, R, L = Role.SCHEDULER, Role.TECHNOLOGIST, Role.READER, Role.LEAD
P, E, I, A = Role.PRIVACY_OFFICER, Role.REFERRER, Role.INTEGRATION, Role.ADMINISTRATOR  # noqa: E741
CLINICAL = {S, T, R, L}
V = Role.PATIENT  # acts by a mailed link, never signs in
M = Role.MODALITY  # a camera, over DICOM: never signs in
EVERYONE = frozenset(Role) - {V, M}

MAY = {
    # one's own account
    "account.use": EVERYONE,
    "api.describe": EVERYONE,
    # patients and orders
    "patient.find": CLINICAL | {I},
    "patient.view": CLINICAL | {I},
    "patient.create": {S, I},
    "patient.identify": {S, L},
    "patient.contact": {S, L, I},
    "patient.merge": {L},
    "referrer.view": CLINICAL | {I},
    "referrer.manage": {S, L},
    "order.list": CLINICAL | {I},
    "order.view": CLINICAL | {I},
    "order.create": {S, I},
    "order.create_stat": {S, T, R, I},
    "order.cancel": {S, R, L},
    "screening.answer": {S, T, R, V},
    "vetting.list": {R},
    "order.vet": {R},
    "order.ask_back": {R},
    "order.answer_question": {S, T},
    "comparison.view": CLINICAL | {E},
    "order.vet_by_phone": {S, T},
    "decision.countersign": {R},
    "task.list": CLINICAL,
    "task.close": CLINICAL,
    # booking
    "itinerary.search": {S, T, R, L, I},
    "appointment.book": {S, L, I, V},
    "appointment.hold": {S, T, L, I, V},
    "appointment.overbook": {L},
    "appointment.move": {S, T, L, V},
    "appointment.move_to_another_day": {S, L, V},
    "appointment.cancel": {S, L, V},
    "appointment.confirm": {S, L, V},
    "appointment.no_show": {S, T, L},
    "letter.print": CLINICAL,
    "letter.send": {S, L},
    "technologist.assign": {S, T, L},
    "waitlist.view": CLINICAL | {I},
    "waitlist.manage": {S, L},
    "offer.answer": {S, L, V},
    # the broken day
    "closure.view": CLINICAL | {I},
    "closure.manage": {S, T, L},
    "closure.manage_ahead": {S, L},
    "disruption.view": CLINICAL,
    "disruption.report": {S, T, L},
    "replan.accept": {S, T, L},
    "board.view": {S, T, L},
    "front_desk.view": {S, T, L},
    # the examination
    "worklist.view": CLINICAL | {I},
    "visit.check_in": {S, T, L},
    "visit.perform": {T, L, M},
    "dose.check": {T, R, L},
    "label.print": {S, T, L},
    "code.scan": CLINICAL,
    "visit.correct": {T, L},
    "xray.see": {T, R, L},
    "visit.hand_over": {T, L},
    "release.list": {T, R, L},
    "release.decide": {T, R, L},
    "aftercare.print": {T, R, L},
    "perfusion.read": {R},
    "quality.view": CLINICAL,
    "quality.record": {T, L},
    "spill.report": {T, L},
    "incident.record": {T, R, L},
    "incident.list": {L},
    "incident.review": {L},
    "problem.list": CLINICAL,
    "problem.report": CLINICAL,
    "problem.close": CLINICAL,
    "override.clinical": {R},
    "override.clinical_by_phone": {T},
    "override.authorised_user": {R},
    # reports
    "report.list": {R, L},
    "report.view": {R, T, L},
    "report.write": {R},
    "report.sign_preliminary": {R},
    "report.sign_final": {R},
    "report.retract": {R},
    "report.view_own_patients": {E},
    "critical.list": {R, L},
    "critical.view": {R, L},
    "critical.tell": {R, L},
    "critical.withdraw": {R},
    # the numbers
    "numbers.view": {R, L},
    "numbers.all_sites": {L},
    "report.read_again": {R},
    # the department
    "department.view": {S, T, R, L, I, A},
    "department.manage": {L},
    # devices on the DICOM network
    "performed.report": {M},
    "device.diagnose": {T, L},
    "performed.list": {T, L},
    "performed.match": {T, L},
    "tracer.view": {S, T, R, L, I},
    "tracer.manage": {T, L},
    "message.list": {S, L},
    "message.retry": {S, L},
    "message.ask_to_call": {S, L},
    "message.report_bounce": {I},
    "audit.view": {P},
    "system.status": {A, L},
}

# What a role may do only with a further standing: (attribute of the user, wanted value, sentence).
NEEDS = {
    "report.sign_final": ("grade", Grade.ATTENDING, "Only an attending physician signs a final report."),
    "report.retract": ("grade", Grade.ATTENDING, "Only an attending physician retracts a report."),
    "report.read_again": ("grade", Grade.ATTENDING, "Only an attending physician reads a second time."),
    "override.authorised_user": (
        "is_authorised_user",
        True,
        "Only an authorised user may override this block.",
    ),
}


def why_not(user, action):
    """A sentence why this user may not do this, or None. An unknown action is a mistake in the code."""
    if user.role not in MAY[action]:
        return f"Your role ({user.get_role_display().lower()}) may not do this."
    attribute, wanted, sentence = NEEDS.get(action, (None, None, None))
    if attribute and getattr(user, attribute) != wanted:
        return sentence
    return None


def allows(user, action):
    return why_not(user, action) is None


def permit(user, action):
    """Raise NotAllowed unless this user may do this."""
    if refusal := why_not(user, action):
        log.warning("not_allowed", action=action, agent=user.pk, role=user.role)
        raise NotAllowed(refusal, action=action)
