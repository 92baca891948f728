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
EVERYONE = frozenset(Role)

MAY = {
    # one's own account
    "account.use": EVERYONE,
    "api.describe": EVERYONE,
    # patients and orders
    "patient.find": CLINICAL | {I},
    "patient.view": CLINICAL | {I},
    "patient.create": {S, I},
    "patient.identify": {S, L},
    "patient.merge": {L},
    "referrer.view": CLINICAL | {I},
    "referrer.manage": {S, L},
    "order.list": CLINICAL | {I},
    "order.view": CLINICAL | {I},
    "order.create": {S, I},
    "order.create_stat": {S, T, R, I},
    "order.cancel": {S, R, L},
    "screening.answer": {S, T, R},
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
    "appointment.book": {S, L, I},
    "appointment.hold": {S, T, L, I},
    "appointment.overbook": {L},
    "appointment.move": {S, T, L},
    "appointment.move_to_another_day": {S, L},
    "appointment.cancel": {S, L},
    "appointment.no_show": {S, T, L},
    "letter.print": CLINICAL,
    "letter.send": {S, L},
    "technologist.assign": {S, T, L},
    "waitlist.view": CLINICAL | {I},
    "waitlist.manage": {S, L},
    # the broken day
    "closure.view": CLINICAL | {I},
    "closure.manage": {S, T, L},
    "closure.manage_ahead": {S, L},
    "disruption.view": CLINICAL,
    "disruption.report": {S, T, L},
    "replan.accept": {S, T, L},
    "board.view": {S, T, L},
    # the examination
    "worklist.view": CLINICAL | {I},
    "visit.check_in": {S, T, L},
    "visit.perform": {T, L},
    "perfusion.read": {R},
    "override.clinical": {R},
    "override.clinical_by_phone": {T},
    "override.authorised_user": {R},
    # reports
    "report.list": {R, L},
    "report.view": {R, T, L},
    "report.write": {R},
    "report.sign_preliminary": {R},
    "report.sign_final": {R},
    "report.view_own_patients": {E},
    # the department
    "department.view": {S, T, R, L, I, A},
    "department.manage": {L},
    "tracer.view": {S, T, R, L, I},
    "tracer.manage": {T, L},
    "message.list": {S, L},
    "audit.view": {P},
    "system.status": {A, L},
}

# What a role may do only with a further standing: (attribute of the user, wanted value, sentence).
NEEDS = {
    "report.sign_final": ("grade", Grade.ATTENDING, "Only an attending physician signs a final report."),
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
