"""Who has to be called in from home, for a booking outside working hours: tasks on the desk's list."""

from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef

from scheduling.models import Reservation, ResourceKind, Shift, Task

ABOUT = "call-in"


def ask(appointment, *, now):
    """One open task for each person on call whom this plan needs; those of an earlier plan are closed."""
    order = appointment.procedure.order
    if not order.is_stat:
        return
    close(order, now=now)
    Task.objects.bulk_create(
        Task(
            order=order,
            kind=Task.Kind.PHONE,
            about=f"{ABOUT}-{resource_id}",
            sentence=f"Call in {name}: needed {_when(starts_at, appointment.site)}.",
            opened_at=now,
            due_at=now,
        )
        for resource_id, name, starts_at in _called_in(appointment)
    )


def close(order, *, now):
    """Nobody need be called in for this order any more."""
    order.tasks.filter(kind=Task.Kind.PHONE, about__startswith=ABOUT, closed_at=None).update(closed_at=now)


def _called_in(appointment):
    """(resource id, name, from when) of the people of this plan who are on call then."""
    on_call = Shift.objects.filter(
        resource=OuterRef("resource"), on_call=True, span__overlap=OuterRef("span")
    )
    rows = Reservation.objects.occupying().filter(
        Exists(on_call), step__appointment=appointment, resource__kind=ResourceKind.TECHNOLOGIST
    )
    return rows.values_list("resource_id", "resource__name").annotate(first=Min("span__startswith"))


def _when(starts_at, site):
    local = starts_at.astimezone(ZoneInfo(site.time_zone))
    return f"at {local:%H:%M} on {local.day} {local:%b %Y}"
