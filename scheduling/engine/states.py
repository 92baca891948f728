"""The state machines of order, appointment, step and what moves with them, each as one table.

The services move by compare-and-swap along these tables, the database's triggers refuse everything else, and
the diagrams in docs/states.md are printed from them. An undo is a transition of its own.
"""

from collections.abc import Sequence
from enum import StrEnum

Transitions = Sequence[tuple[StrEnum, StrEnum]]


class OrderState(StrEnum):
    REQUESTED = "requested"
    VETTED = "vetted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    PERFORMED = "performed"
    REPORTED = "reported"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class AppointmentState(StrEnum):
    """FHIR's words where FHIR has them: booked, arrived, fulfilled, cancelled, noshow."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "noshow"


class StepState(StrEnum):
    """DICOM's words for a performed procedure step: in progress, completed, discontinued."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
    CANCELLED = "cancelled"


class EntryState(StrEnum):
    """One patient's place on the waitlist."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LEFT = "left"
    EXPIRED = "expired"


class OfferState(StrEnum):
    """One offer of a time to one patient on the waitlist."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ReplanState(StrEnum):
    """One plan for a broken day."""

    GREEDY = "greedy"
    COMPUTING = "computing"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    STALE = "stale"
    DISCARDED = "discarded"


class PerformedState(StrEnum):
    """What a device says of a step that it performs: DICOM Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


ORDER_TRANSITIONS = [
    (OrderState.REQUESTED, OrderState.VETTED),
    (OrderState.REQUESTED, OrderState.DECLINED),
    (OrderState.REQUESTED, OrderState.CANCELLED),
    (OrderState.REQUESTED, OrderState.SCHEDULED),  # STAT: booked while the physician is being asked
    (OrderState.VETTED, OrderState.SCHEDULED),
    (OrderState.VETTED, OrderState.DECLINED),
    (OrderState.VETTED, OrderState.CANCELLED),
    (OrderState.SCHEDULED, OrderState.REQUESTED),  # appointment cancelled before vetting
    (OrderState.SCHEDULED, OrderState.VETTED),  # appointment cancelled or missed
    (OrderState.SCHEDULED, OrderState.IN_PROGRESS),
    (OrderState.IN_PROGRESS, OrderState.SCHEDULED),  # undo of a start
    (OrderState.IN_PROGRESS, OrderState.PERFORMED),
    (OrderState.PERFORMED, OrderState.IN_PROGRESS),  # undo of the last end
    (OrderState.PERFORMED, OrderState.REPORTED),
    (OrderState.REPORTED, OrderState.PERFORMED),  # the report was retracted: to be reported again
]

APPOINTMENT_TRANSITIONS = [
    (AppointmentState.BOOKED, AppointmentState.ARRIVED),
    (AppointmentState.BOOKED, AppointmentState.CANCELLED),
    (AppointmentState.BOOKED, AppointmentState.NO_SHOW),
    (AppointmentState.ARRIVED, AppointmentState.BOOKED),  # undo of a check-in
    (AppointmentState.ARRIVED, AppointmentState.CANCELLED),
    (
        AppointmentState.ARRIVED,
        AppointmentState.NO_SHOW,
    ),  # came for the X-ray, not for the scan on the next day
    (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS),
    (AppointmentState.IN_PROGRESS, AppointmentState.ARRIVED),  # undo of a start
    (AppointmentState.IN_PROGRESS, AppointmentState.FULFILLED),
    (AppointmentState.FULFILLED, AppointmentState.IN_PROGRESS),  # undo of the last end
]

STEP_TRANSITIONS = [
    (StepState.SCHEDULED, StepState.IN_PROGRESS),
    (StepState.SCHEDULED, StepState.COMPLETED),  # recorded afterwards: an X-ray done elsewhere
    (StepState.SCHEDULED, StepState.CANCELLED),
    (StepState.IN_PROGRESS, StepState.COMPLETED),
    (StepState.IN_PROGRESS, StepState.DISCONTINUED),
    (StepState.IN_PROGRESS, StepState.SCHEDULED),  # undo of a start
    (StepState.COMPLETED, StepState.IN_PROGRESS),  # undo of an end
    (StepState.COMPLETED, StepState.SCHEDULED),  # undo of a record
    (StepState.DISCONTINUED, StepState.IN_PROGRESS),  # undo
    (StepState.CANCELLED, StepState.SCHEDULED),  # undo: it is to be done after all
]

ENTRY_TRANSITIONS = [
    (EntryState.WAITING, EntryState.OFFERED),
    (EntryState.WAITING, EntryState.TAKEN),  # booked or moved by the desk meanwhile
    (EntryState.WAITING, EntryState.LEFT),
    (EntryState.WAITING, EntryState.EXPIRED),
    (EntryState.OFFERED, EntryState.WAITING),  # declined, not answered in time, or withdrawn
    (EntryState.OFFERED, EntryState.TAKEN),
    (EntryState.OFFERED, EntryState.LEFT),
]

OFFER_TRANSITIONS = [
    (OfferState.OPEN, OfferState.ACCEPTED),
    (OfferState.OPEN, OfferState.DECLINED),
    (OfferState.OPEN, OfferState.EXPIRED),  # not answered in time
    (OfferState.OPEN, OfferState.WITHDRAWN),  # taken by somebody else, or the patient has left the list
]

OPEN_REPLAN = (ReplanState.GREEDY, ReplanState.COMPUTING, ReplanState.PROPOSED)
REPLAN_TRANSITIONS = [
    (ReplanState.GREEDY, ReplanState.COMPUTING),  # a worker looks for the best plan
    (ReplanState.COMPUTING, ReplanState.PROPOSED),
    # Nobody has to wait for the best plan, and the day may change under any of them.
    *((before, ReplanState.ACCEPTED) for before in OPEN_REPLAN),
    *((before, ReplanState.STALE) for before in OPEN_REPLAN),
    *((before, ReplanState.DISCARDED) for before in OPEN_REPLAN),
]

PERFORMED_TRANSITIONS = [
    (PerformedState.IN_PROGRESS, PerformedState.COMPLETED),
    (PerformedState.IN_PROGRESS, PerformedState.DISCONTINUED),
]

MACHINES = {
    "Order": ORDER_TRANSITIONS,
    "Appointment": APPOINTMENT_TRANSITIONS,
    "Scheduled procedure step": STEP_TRANSITIONS,
    "Step as a device performed it": PERFORMED_TRANSITIONS,
    "Place on the waitlist": ENTRY_TRANSITIONS,
    "Offer to a patient on the waitlist": OFFER_TRANSITIONS,
    "Plan for a broken day": REPLAN_TRANSITIONS,
}
LIVE_ENTRY = (EntryState.WAITING, EntryState.OFFERED)

LIVE_APPOINTMENT = (AppointmentState.BOOKED, AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)
OPEN_ORDER = (OrderState.REQUESTED, OrderState.VETTED, OrderState.SCHEDULED)
# While it is, answers and decisions can still change what happens.
UNFINISHED_ORDER = (*OPEN_ORDER, OrderState.IN_PROGRESS)


def mermaid(transitions: Transitions) -> str:
    """One state machine as the text of a Mermaid state diagram."""
    # A state is one word in a diagram; DICOM's are two.
    words = [tuple(state.replace(" ", "_") for state in move) for move in transitions]
    lines = [f"    {before} --> {after}" for before, after in words]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {words[0][0]}", *lines])
