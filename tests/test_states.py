"""The state machines: the page is current, the database refuses what the tables do not have."""

from datetime import timedelta
from pathlib import Path

import pgtrigger
import pytest
from django.db import transaction
from django.db.utils import ProgrammingError

from reporting.engine.states import REPORT_TRANSITIONS, ReportState
from reporting.management.commands.print_states import page
from reporting.models import Report
from scheduling.engine.states import (
    APPOINTMENT_TRANSITIONS,
    ENTRY_TRANSITIONS,
    OFFER_TRANSITIONS,
    ORDER_TRANSITIONS,
    PERFORMED_TRANSITIONS,
    REPLAN_TRANSITIONS,
    STEP_TRANSITIONS,
    AppointmentState,
    EntryState,
    OfferState,
    OrderState,
    PerformedState,
    ReplanState,
    StepState,
)
from scheduling.models import (
    ApplicationEntity,
    Appointment,
    Offer,
    Order,
    PerformedProcedureStep,
    Replan,
    ScheduledProcedureStep,
    WaitlistEntry,
)
from scheduling.services import disruptions
from scheduling.services.waitlist import entries, filling
from tests import department
from tests.department import NOW, TODAY


def test_the_committed_diagrams_are_those_of_the_tables():
    assert Path("docs/states.md").read_text() == page()


MACHINES = [
    (Order, OrderState, ORDER_TRANSITIONS),
    (Appointment, AppointmentState, APPOINTMENT_TRANSITIONS),
    (ScheduledProcedureStep, StepState, STEP_TRANSITIONS),
    (PerformedProcedureStep, PerformedState, PERFORMED_TRANSITIONS),
    (WaitlistEntry, EntryState, ENTRY_TRANSITIONS),
    (Offer, OfferState, OFFER_TRANSITIONS),
    (Replan, ReplanState, REPLAN_TRANSITIONS),
    (Report, ReportState, REPORT_TRANSITIONS),
]
# What a state needs beside itself (check constraints), so that only the state machine is in question.
FILLED = {
    Order: {"closed_reason": "reason"},
    Appointment: {"ended_reason": "reason"},
    ScheduledProcedureStep: {
        "performed_start_at": NOW,
        "performed_end_at": NOW,
        "discontinued_reason": "reason",
    },
    PerformedProcedureStep: {},
    WaitlistEntry: {"ended_at": NOW},
    Offer: {"answered_at": NOW},
    Replan: {"leased_until": NOW, "computed_at": NOW},
    Report: {},
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "states", "table"), MACHINES, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_database_allows_exactly_the_transitions_of_the_table(model, states, table):
    site = department.site()
    order = department.booked(site).procedure.order
    Report.objects.create(
        order=order, scheme="TEN_TERMS", written_by=department.attending(site), written_at=NOW
    )
    offered(site)
    performed(site)
    camera = site.resources.get(name="Camera 1")
    disruptions.report(
        site,
        kind="room_down",
        resource=camera,
        ends_at=NOW + timedelta(hours=8),
        by=department.lead(site),
        now=NOW,
    )
    row = model.objects.order_by("pk").first()
    allowed = set()
    for before in states:
        for after in states:
            if before != after and moves(model, row.pk, before, after):
                allowed.add((before, after))
    assert allowed == set(table)


def performed(site):
    """What a device has begun."""
    device = ApplicationEntity.objects.create(site=site, title="CAMERA1", addresses=["127.0.0.1"])
    PerformedProcedureStep.objects.create(
        sop_instance_uid="1.2.3",
        site=site,
        entity=device,
        status=PerformedState.IN_PROGRESS,
        started_at=NOW,
        first_at=NOW,
        last_at=NOW,
    )


def offered(site):
    """A patient on the waitlist with an offer that somebody has answered."""
    by = department.scheduler(site)
    order = department.order(site, by=by)
    entries.join(order, wishes=entries.Wishes(TODAY, TODAY + timedelta(days=3)), by=by, now=NOW)
    filling.fill(now=NOW)
    Offer.objects.update(answered_by=by)


def moves(model, pk, before, after):
    """Whether SQL may change the state."""
    try:
        with transaction.atomic():
            _put(model, pk, before)
            model.objects.filter(pk=pk).update(**{_field(model): after})
            transaction.set_rollback(True)
    except ProgrammingError as refusal:
        if "Invalid transition" not in str(refusal):
            raise
        return False
    return True


def _field(model):
    return "status" if model is PerformedProcedureStep else "state"


def _put(model, pk, state):
    """Set the state with the state machine's trigger off."""
    with pgtrigger.ignore(f"{model._meta.label}:state_machine"):
        model.objects.filter(pk=pk).update(**{_field(model): state}, **FILLED[model])
