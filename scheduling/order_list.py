"""Open orders as a scheduler and a physician read them, by what they wait for; open tasks. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)

from scheduling import order_waits
from scheduling.engine.states import LIVE_APPOINTMENT, OPEN_ORDER, AppointmentState, OrderState
from scheduling.models import Appointment, Offer, Order, OrderQuestion, Priority, Task, WaitlistEntry
from scheduling.templatetags import clock
from vqflow import policy

RECENT = timedelta(hours=48)
MOST_OTHERS = 3
ORDERING = ("rank", "urgency", "due_at", "pk")
LIVE = Q(procedure__appointments__state__in=LIVE_APPOINTMENT)
_CALLED_OFF = Appointment.objects.filter(
    procedure__order=OuterRef("pk"), state=AppointmentState.CANCELLED
).order_by("-booked_at")


@dataclass(frozen=True, slots=True)
class Row:
    """One order. `due_at` is the latest start by the site's target; `spare` is negative when that is missed.

    For a booked order the planned start is held against the target, for any other the present. `action` is what
    this person can do next for it, by its name in `order_waits.ACTIONS`, or "order": open it. `blocks` is what
    holds it back, in words.
    """

    order: Order
    due_at: datetime
    spare: timedelta
    action: str
    action_label: str
    blocks: tuple[order_waits.Block, ...]

    @property
    def is_late(self):
        return self.spare < timedelta(0)

    @property
    def spare_words(self):
        words = clock.duration(self.spare)
        if self.order.starts_at:
            return f"{words} after the target" if self.is_late else "in time"
        return f"{words} late" if self.is_late else f"{words} left"

    @property
    def also(self):
        """The labels of what holds it back beside the first."""
        return ", ".join(block.label for block in self.blocks[1:])

    @property
    def first_question(self):
        """The first safety question that somebody has to ask; the button leads to it."""
        asks = [task for task in self.order.open_tasks if task.kind == Task.Kind.ASK and task.stage]
        return asks[0].about if asks else ""


def waiting_for(what, *, by, priority="", late_only=False, now):
    """Open orders of one list: a queryset for a paginator. STAT first, then what is late, then by priority and age."""
    found = open_orders(by).annotate(**order_waits.FACTS, rank=_rank(now)).filter(order_waits.LISTS[what])
    if priority:
        found = found.filter(priority=priority)
    if late_only:
        found = found.filter(starts_at=None, due_at__lt=now)
    return found.order_by(*ORDERING)


def _rank(now):
    """0 for STAT, 1 for what is late and not booked, 2 for the rest."""
    late = Q(due_at__lt=now, state__in=order_waits.UNBOOKED)
    return Case(
        When(priority=Priority.STAT, then=Value(0)),
        When(late, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def queue(pk, *, by, now):
    """The ids of the orders to vet in the order of their list, with this one among them, vetted or not."""
    found = _listed(Order.objects.for_user(by))
    wanted = Q(state__in=OPEN_ORDER) & order_waits.LISTS["vet"]
    found = found.annotate(**order_waits.FACTS, rank=_rank(now)).filter(wanted | Q(pk=pk))
    return list(found.order_by(*ORDERING).values_list("pk", flat=True))


def counts(by):
    """{list: how many orders}, in one query."""
    found = Order.objects.for_user(by).open().annotate(**order_waits.FACTS)
    return found.aggregate(
        **{what: Count("pk", filter=which) for what, which in order_waits.LISTS.items() if which},
        all=Count("pk"),
    )


def rows(orders, *, by, now):
    """The orders of `waiting_for` (or a page of it) as rows; asks nothing of the database."""
    may = {name for name, (_, action) in order_waits.ACTIONS.items() if policy.allows(by, action)}
    return [_row(order, may, now) for order in orders]


def _row(order, may, now):
    wanted = [name for name in order_waits.needs(order) if name in may]
    if "vet" in may:  # a physician's own work before what the desk can do as well
        wanted.sort(key=lambda name: name not in order_waits.OF_PHYSICIANS)
    action = wanted[0] if wanted else "order"
    label = order_waits.ACTIONS[action][0] if wanted else "Open"
    spare = order.due_at - (order.starts_at or now)
    return Row(order, order.due_at, spare, action, label, order_waits.blocks(order, now))


def urgency(priority="priority"):
    """0 for STAT, 1 for urgent, 2 for routine, to sort by."""
    return Case(
        When(**{priority: Priority.STAT}, then=Value(0)),
        When(**{priority: Priority.URGENT}, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def _due_at():
    """The latest start by the target that the order's site has for its priority."""
    by_priority = [When(priority=each, then=F(f"site__{each}_start_target")) for each in Priority.values]
    return ExpressionWrapper(F("ordered_at") + Case(*by_priority), output_field=DateTimeField())


def _listed(orders):
    """The orders with what they are sorted by."""
    return orders.annotate(urgency=urgency(), due_at=_due_at())


def open_orders(by):
    """Orders that still need something before the day of the scan, with all that their rows show."""
    asked = OrderQuestion.objects.select_related("asked_by")
    return (
        _listed(Order.objects.for_user(by).open())
        .with_people()
        .annotate(
            starts_at=Max("procedure__appointments__starts_at", filter=LIVE),
            confirmed_at=Max("procedure__appointments__confirmed_at", filter=LIVE),
            called_off=Subquery(_CALLED_OFF.values("ended_reason")[:1]),
        )
        .prefetch_related(
            Prefetch("tasks", Task.objects.filter(closed_at=None), to_attr="open_tasks"),
            Prefetch("questions", asked),
            "answers",
            "decisions",
        )
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


def open_or_recent(patient, *, now):
    """Orders of this patient that are open or were made in the last two days: another one may be the same."""
    found = Order.objects.filter(patient=patient).filter(
        Q(state__in=OPEN_ORDER) | Q(ordered_at__gte=now - RECENT)
    )
    ended = (OrderState.CANCELLED, OrderState.DECLINED)
    return list(found.exclude(state__in=ended).order_by("-ordered_at")[:MOST_OTHERS])
