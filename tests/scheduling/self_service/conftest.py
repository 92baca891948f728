"""A department that opens everything to its patients, and a patient with the link of the confirmation."""

from datetime import timedelta

import pytest

from scheduling.models import Message
from scheduling.models.links import Purpose
from scheduling.services import holds, links, search
from scheduling.services.waitlist import entries, offers
from tests import department
from tests.department import NOW, TODAY


def opened(**settings):
    """A site that opens everything to its patients unless told otherwise."""
    site = department.site()
    values = {"asks_at_home": True, "patients_cancel": True, "patients_move": True, **settings}
    for name, value in values.items():
        setattr(site, name, value)
    site.save(update_fields=list(values))
    return site


def booked(site, *, days_ahead=7, answers=None, **fields):
    """An appointment of a patient a week ahead; `answers` to the safety questions are unknown unless given."""
    return department.booked(
        site, first_day=TODAY + timedelta(days=days_ahead), answers=answers or {}, **fields
    )


def link_of(appointment, *, now=NOW):
    """The link that the newest mail about the present time carries."""
    message = Message.objects.filter(appointment=appointment, revision=appointment.revision).earliest(
        "due_at"
    )
    ends = appointment.ends_at + links.AFTER_VISIT
    return links.find(links.ensure(message, Purpose.VISIT, now=now, expires_at=ends))


@pytest.fixture
def site():
    return opened()


@pytest.fixture
def appointment(site):
    return booked(site)


@pytest.fixture
def link(appointment):
    return link_of(appointment)


def offered(site, *, order=None, now=NOW, minutes=30, **wishes):
    """The link of a time that is offered from the waitlist and kept for the patient: for a first appointment."""
    by = department.scheduler(site)
    order = order or department.order(site, by=by)
    last_day = TODAY + timedelta(days=18)
    entry = entries.join(order, wishes=entries.Wishes(TODAY, last_day, **wishes), by=by, now=now)
    best = _proposal(entry, by)
    hold = holds.hold(
        order,
        starts=best.starts,
        appointment=entry.appointment,
        by=by,
        now=now,
        lasts=timedelta(minutes=minutes),
        is_offer=True,
    )
    offer = offers.make(entry, best, hold=hold, answer_by=hold.expires_at, now=now)
    message = Message.objects.get(offer=offer)
    return links.find(links.ensure(message, Purpose.OFFER, now=now, expires_at=offer.comes_at))


def _proposal(entry, by):
    if entry.appointment is None:
        return department.proposal(entry.order, by=by, first_day=TODAY + timedelta(days=1))
    found, _ = search.moves(
        entry.appointment, first_day=TODAY + timedelta(days=1), days=2, by=by, now=NOW, limit=1
    )
    return found[0]
