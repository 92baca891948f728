"""A few clients of one process, each doing whatever changes times, as fast as it can: `python -m tests.faults.racing`.

Prints as JSON how often each deed was done and refused, and every error that is no refusal.
"""

import json
import os
import random
import sys
import threading
import time
import traceback
from collections import Counter
from datetime import timedelta
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vqflow.settings")
django.setup()

from django.db import connections  # noqa: E402  (after the set-up)

from scheduling.engine.states import LIVE_APPOINTMENT  # noqa: E402
from scheduling.models import (  # noqa: E402
    Appointment,
    Disruption,
    DisruptionKind,
    Hold,
    Offer,
    Order,
    Replan,
    Resource,
    Site,
    WaitlistEntry,
)
from scheduling.services import (  # noqa: E402
    acceptance,
    availability,
    booking,
    changes,
    disruptions,
    holds,
    locks,
    reservations,
    search,
)
from scheduling.services.waitlist import entries, filling, offers  # noqa: E402
from tests import department  # noqa: E402
from vqflow.errors import DomainError  # noqa: E402
from vqflow.models import Role, User  # noqa: E402
from vqflow.statements import selected  # noqa: E402

HOLD_SECONDS = 2
PLACES = 40
PAUSE_SECONDS = 0.3
LONGEST_ERROR = 3000
# How often each is tried.
WEIGHTS = {
    "book": 24,
    "hold": 20,
    "confirm": 16,
    "move": 14,
    "swap": 5,
    "cancel": 10,
    "extend": 3,
    "sweep": 3,
    "fill from the waitlist": 3,
    "take an offer": 1,
    "re-plan": 1,
}


LIVE = "SELECT id FROM scheduling_appointment WHERE site_id = %s AND state = ANY(%s)"


class Client:
    """One person at work. The department's clock runs as the real one does, from `began` on."""

    places_wanted = PLACES

    def __init__(self, seed, began):
        self.random, self.began = random.Random(seed), began
        self.site = Site.objects.get(code="riverside")
        self.by = self.random.choice(list(User.objects.filter(role=Role.SCHEDULER, site_code="riverside")))
        self.lead = User.objects.get(role=Role.LEAD, site_code="riverside")
        self.orders = list(Order.objects.filter(site=self.site).values_list("pk", flat=True))
        first = Order.objects.with_people().get(pk=self.orders[0])
        self.places = self._places(first)
        self.deeds = {name: getattr(self, name.replace(" ", "_").replace("-", "_")) for name in WEIGHTS}

    def _places(self, order):
        """The same starts, rooms and people for everybody, whether they are free or not."""
        question = availability.search_for(
            order, first_day=department.TODAY, days=1, now=self.now, overbooking=True
        )
        found = search.engine.search(question, limit=self.places_wanted)
        return [search.proposal(each, question) for each in found]

    @property
    def now(self):
        return department.NOW + timedelta(seconds=time.time() - self.began)

    def one(self):
        """(name, outcome) of one attempt; the outcome is "done" or "refused", or None where there was nothing to do."""
        [name] = self.random.choices(list(WEIGHTS), WEIGHTS.values())
        try:
            outcome = "nothing" if self.deeds[name]() is None else "done"
        except DomainError:
            outcome = "refused"
        return f"{name}: {outcome}"

    def order(self):
        """By its key alone: what locks an order reads it anew."""
        return Order(pk=self.random.choice(self.orders))

    def live(self):
        """By its key alone, as an order."""
        found = selected(LIVE, [self.site.pk, sorted(LIVE_APPOINTMENT)])
        return Appointment(pk=self.random.choice(found)[0]) if found else None

    def one_of(self, rows):
        return rows.order_by("?").first()

    def chosen(self):
        """Mostly with rooms and people, as the desk sends them: those are tried alone, before all others."""
        place = self.random.choice(self.places)
        ids = (
            {each for step in place.steps for each in step.resource_ids} if self.random.random() < 0.7 else ()
        )
        return {"starts": place.starts, "resource_ids": sorted(ids), "by": self.by, "now": self.now}

    def book(self):
        return booking.book(self.order(), **self.chosen())

    def hold(self):
        lasts = timedelta(seconds=HOLD_SECONDS)
        appointment = self.live() if self.random.random() < 0.3 else None
        return holds.hold(self.order(), appointment=appointment, lasts=lasts, **self.chosen())

    def confirm(self):
        hold = self.one_of(Hold.objects.live().select_related("order", "appointment", "held_by"))
        if hold is None:
            return None
        times = {"starts": holds.starts_of(hold), "hold": hold, "by": hold.held_by, "now": self.now}
        times["resource_ids"] = hold.resource_ids
        if hold.appointment:
            return booking.move(hold.appointment, **times)
        return booking.book(hold.order, **times)

    def move(self):
        appointment = self.live()
        return appointment and booking.move(appointment, **self.chosen())

    def swap(self):
        pair = self.live(), self.live()
        return changes.swap(*pair, by=self.by, now=self.now) if all(pair) else None

    def cancel(self):
        appointment = self.live()
        return appointment and booking.cancel(appointment, reason="storm", by=self.by, now=self.now)

    def extend(self):
        hold = self.one_of(Hold.objects.live().select_related("order__site", "held_by"))
        return hold and holds.extend(
            hold, by=hold.held_by, now=self.now, lasts=timedelta(seconds=HOLD_SECONDS)
        )

    def sweep(self):
        return reservations.release_expired(now=self.now) or None

    def fill_from_the_waitlist(self):
        order, day = Order.objects.with_people().get(pk=self.order().pk), department.TODAY
        if not WaitlistEntry.objects.live().filter(order=order).exists():
            entries.join(order, wishes=entries.Wishes(day, day), by=self.by, now=self.now)
        return filling.fill(now=self.now) or None

    def take_an_offer(self):
        offer = self.one_of(Offer.objects.open())
        return offer and offers.accept(offer, by=self.by, now=self.now)

    def re_plan(self):
        """A room breaks, its plan is accepted, and it works again."""
        now = self.now
        broken = self.one_of(Disruption.objects.filter(site=self.site, closed_at=None))
        if broken is None:
            room = self.one_of(
                Resource.objects.filter(site=self.site, name__in=["Camera 2", "Ventilation 2"])
            )
            end = {"ends_at": now + timedelta(hours=3)}
            broken = disruptions.report(
                self.site, kind=DisruptionKind.ROOM_DOWN, resource=room, by=self.lead, now=now, **end
            )
        plan = Replan.objects.filter(disruption=broken).order_by("pk").last()
        try:
            return acceptance.accept(plan, by=self.lead, now=self.now)
        finally:
            disruptions.close(broken, by=self.lead, now=self.now)


def run(client, attempts, counts, errors):
    try:
        for _ in range(attempts):
            try:
                counts[client.one()] += 1
            except Exception as error:  # an error of ours is a finding, and the storm goes on
                errors.append("".join(traceback.format_exception(error))[-LONGEST_ERROR:])
    finally:
        connections.close_all()


def storm(seed, clients, attempts, began):
    counts, errors = Counter(), []
    crowd = [Client(seed * 100 + n, began) for n in range(clients)]
    connections.close_all()
    threads = [threading.Thread(target=run, args=[client, attempts, counts, errors]) for client in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts, errors


def without_guards(stack):
    """No locks, and a pause between looking and writing; everybody wants one of two times and keeps it."""
    look = availability.search_for

    def slowly(*arguments, **options):
        answer = look(*arguments, **options)
        time.sleep(PAUSE_SECONDS)
        return answer

    stack.enter_context(mock.patch.dict(WEIGHTS, {"book": 3, "hold": 1}, clear=True))
    stack.enter_context(mock.patch.object(Client, "places_wanted", 2))
    stack.enter_context(mock.patch.object(locks, "TAKEN", "day"))
    stack.enter_context(mock.patch.object(availability, "search_for", slowly))


if __name__ == "__main__":
    from contextlib import ExitStack

    seed, clients, attempts = map(int, sys.argv[1:4])
    with ExitStack() as stack:
        if "unguarded" in sys.argv:
            without_guards(stack)
        counts, errors = storm(seed, clients, attempts, float(sys.argv[4]))
    json.dump({"counts": counts, "errors": errors}, sys.stdout)
