"""Open orders as a scheduler and a physician read them, by what they wait for; open tasks. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, IntegerField, Max, OuterRef, Prefetch, Q, Value, When

from scheduling.engine.states import LIVE_APPOINTMENT, OrderState
from scheduling.models import Decision, Offer, Order, Priority, Site, Task, WaitlistEntry
from scheduling.templatetags import clock
from vqflow import policy

VETTED = Exists(Decision.objects.filter(order=OuterRef("pk"), kind=Decision.Kind.VETTING))
# STAT is booked and vetted in parallel, so it stands in both lists.
WAITING = {
    "vet": Q(is_vetted=False),
    "book": Q(state=OrderState.VETTED) | Q(state=OrderState.REQUESTED, priority=Priority.STAT),
    "booked": Q(state=OrderState.SCHEDULED),
    "all": Q(),
}
LIVE = Q(procedure__appointments__state__in=LIVE_APPOINTMENT)


@dataclass(frozen=True, slots=True)
class Row:
    """One order. `due_at` is the latest start by the site's target; `spare` is negative when that is missed.

    For a booked order the planned start is held against the target, for any other the present.
    """

    order: Order
    due_at: datetime
    spare: timedelta
    action: str
    action_label: str

    @property
    def tasks(self):
        """What is still open, first what holds something back."""
        return sorted(self.order.open_tasks, key=lambda task: (not task.stage, task.kind == Task.Kind.ASK))

    @property
    def is_late(self):
        return self.spare < timedelta(0)

    @property
    def spare_words(self):
        words = clock.duration(self.spare)
        if self.order.starts_at:
            return f"{words} after the target" if self.is_late else "in time"
        return f"{words} late" if self.is_late else f"{words} left"


def waiting_for(what, *, by, priority="", late_only=False, now=None):
    """Open orders of one list, STAT first, then the oldest: a queryset for a paginator."""
    found = open_orders(by).annotate(is_vetted=VETTED).filter(WAITING[what])
    if priority:
        found = found.filter(priority=priority)
    return found.filter(_late(Site.objects.for_user(by).get(), now)) if late_only else found


def _late(site, now):
    """Not booked, and past the site's target for its priority."""
    late = Q()
    for each in Priority.values:
        late |= Q(priority=each, ordered_at__lt=now - site.start_target(each))
    return late & Q(starts_at=None)


def counts(by):
    """{list: how many orders}, in one query."""
    found = Order.objects.for_user(by).open().annotate(is_vetted=VETTED)
    return found.aggregate(**{what: Count("pk", filter=which) for what, which in WAITING.items()})


def rows(orders, *, by, now):
    """The orders of `waiting_for` (or a page of it) as rows; asks nothing of the database."""
    may_vet, may_book = policy.allows(by, "order.vet"), policy.allows(by, "itinerary.search")
    may_book = may_book and policy.allows(by, "appointment.book")
    return [_row(order, may_vet, may_book, now) for order in orders]


def _row(order, may_vet, may_book, now):
    due = order.ordered_at + order.site.start_target(order.priority)
    action, label = "order", "Open"
    if may_vet and not order.is_vetted:
        action, label = "vet", "Vet"
    elif may_book and (order.state == OrderState.VETTED or (order.is_stat and order.starts_at is None)):
        action, label = "search", "Find a time"
    return Row(order, due, due - (order.starts_at or now), action, label)


def urgency(priority="priority"):
    """0 for STAT, 1 for urgent, 2 for routine, to sort by."""
    return Case(
        When(**{priority: Priority.STAT}, then=Value(0)),
        When(**{priority: Priority.URGENT}, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def open_orders(by):
    """Orders that still need something before the day of the scan, STAT first, then the oldest."""
    return (
        Order.objects.for_user(by)
        .open()
        .with_people()
        .annotate(urgency=urgency(), starts_at=Max("procedure__appointments__starts_at", filter=LIVE))
        .prefetch_related(Prefetch("tasks", Task.objects.filter(closed_at=None), to_attr="open_tasks"))
        .order_by("urgency", "ordered_at")
    )


def open_tasks(by):
    """What has to be asked, decided, countersigned or phoned, the most urgent order first."""
    return (
        Task.objects.for_user(by)
        .filter(closed_at=None)
        .select_related("order__patient", "order__site")
        .annotate(urgency=urgency("order__priority"))
        .order_by("urgency", "opened_at", "pk")
    )


def on_waitlist(by):
    """Who waits for a time or an earlier one, as they are offered one: by priority, who has none yet, the oldest."""
    has_time = Case(When(appointment=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    opened = Prefetch("offers", Offer.objects.open().select_related("hold"), to_attr="open_offers")
    return (
        WaitlistEntry.objects.for_user(by)
        .live()
        .with_people()
        .annotate(urgency=urgency("order__priority"), has_time=has_time)
        .prefetch_related(opened)
        .order_by("urgency", "has_time", "joined_at", "pk")
    )
