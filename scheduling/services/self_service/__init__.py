"""What a patient does by the link in a mail, without an account: each function locks, and checks every rule again.

Each takes the PatientLink (models/links.py) that the patient has opened and unlocked. Refusals are sentences for
patients: message ids of the catalogues, without names of rooms, people or other patients.
"""

from scheduling.services.self_service.attendance import ask_for_another_time, cancel, confirm, has_asked
from scheduling.services.self_service.offers import DECLINED, accept, decline, why_not_answer
from scheduling.services.self_service.questions import (
    answer,
    breastfeeding_pause,
    may_ask_in_private,
    questions,
)
from scheduling.services.self_service.reminders import resume_reminders, stop_reminders
from scheduling.services.self_service.standing import (
    new_link,
    why_not_ask,
    why_not_cancel,
    why_not_confirm,
    why_not_move,
)
from scheduling.services.self_service.times import (
    NOT_KEPT,
    TAKEN,
    days,
    give_back,
    held,
    hold,
    proposals,
    take,
)

__all__ = [
    "DECLINED",
    "NOT_KEPT",
    "TAKEN",
    "accept",
    "answer",
    "ask_for_another_time",
    "breastfeeding_pause",
    "cancel",
    "confirm",
    "days",
    "decline",
    "give_back",
    "has_asked",
    "held",
    "hold",
    "may_ask_in_private",
    "new_link",
    "proposals",
    "questions",
    "resume_reminders",
    "stop_reminders",
    "take",
    "why_not_answer",
    "why_not_ask",
    "why_not_cancel",
    "why_not_confirm",
    "why_not_move",
]
