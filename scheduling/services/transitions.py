"""Compare-and-swap along the state machines of scheduling/engine/states.py."""

from scheduling.engine.states import (
    APPOINTMENT_TRANSITIONS,
    ENTRY_TRANSITIONS,
    OFFER_TRANSITIONS,
    ORDER_TRANSITIONS,
    REPLAN_TRANSITIONS,
    STEP_TRANSITIONS,
    AppointmentState,
    EntryState,
    OfferState,
    OrderState,
    ReplanState,
    StepState,
)
from vqflow.errors import Conflict
from vqflow.statements import update

TABLES = {
    "order": ORDER_TRANSITIONS,
    "appointment": APPOINTMENT_TRANSITIONS,
    "scheduledprocedurestep": STEP_TRANSITIONS,
    "waitlistentry": ENTRY_TRANSITIONS,
    "offer": OFFER_TRANSITIONS,
    "replan": REPLAN_TRANSITIONS,
}
STATES = {
    "order": OrderState,
    "appointment": AppointmentState,
    "scheduledprocedurestep": StepState,
    "waitlistentry": EntryState,
    "offer": OfferState,
    "replan": ReplanState,
}
NOUNS = {
    "order": "order",
    "appointment": "appointment",
    "scheduledprocedurestep": "step",
    "waitlistentry": "place on the waitlist",
    "offer": "offer",
    "replan": "plan",
}


def move(row, to, **fields):
    """Move `row` to the state `to` and set `fields`, if its state is still the one that was read.

    Raises Conflict when the table has no such transition, or when somebody else has moved the row meanwhile
    (within `writes.together`, at its end).
    """
    name, was = row._meta.model_name, row.state
    if (STATES[name](was), to) not in TABLES[name]:
        raise Conflict(f"This {NOUNS[name]} is {words(was)}; it cannot become {words(to)}.")

    def still_so(cursor):
        if not cursor.rowcount:
            row.state = was
            now = type(row).objects.values_list("state", flat=True).get(pk=row.pk)
            raise Conflict(f"Somebody was faster: this {NOUNS[name]} is now {words(now)}.")

    for field, value in {"state": to, **fields}.items():
        setattr(row, field, value)
    update(row, ["state", *fields], where=[("state", was)], then=still_so)
    return row


def words(state):
    """A state as it stands in a sentence."""
    return {"noshow": "marked as no-show"}.get(str(state), str(state).replace("_", " "))
