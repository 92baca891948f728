"""Rooms: the list, a new one, and what one can do and needs from a day on."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, department_list, department_words
from scheduling.forms.department.things import RoomForm
from scheduling.models import ChangeSubject, OpeningHours, ReservedSlot, Resource, Room
from scheduling.services.department import days, found, hours, rooms
from scheduling.views.department import frame
from vqflow.pages import page


@page("department.view")
def listing(request):
    context = frame.about(request)
    context["rows"] = department_list.rooms(context["site"], context["today"])
    return render(request, "department/rooms.html", context)


@page("department.manage", methods=frame.BOTH)
def new(request):
    context = frame.about(request, back=reverse("scheduling:department-rooms"))
    form = RoomForm(frame.data_of(request))

    def save():
        rooms.add(context["site"], **form.cleaned_data, by=request.user, now=timezone.now())

    said = "The room is there. Give it opening hours: nothing is booked in it before."
    return frame.one_step(
        request, form, "department/room_new.html", context, save=save, said=said, after=context["back"]
    )


@page("department.view")
def room(request, pk):
    """One room as it is: what it can do, its hours, what is kept, what is going to change, and its history."""
    one = found.room(pk, by=request.user)
    context = frame.about(request, room=one, can=department_list.can(one))
    weekly = department_list.periods
    context |= {
        "hours": weekly(one, OpeningHours, "opens", "closes", context["today"]),
        "kept": weekly(one, ReservedSlot, "starts", "ends", context["today"]),
        "planned": frame.planned(context, ChangeSubject.ROOM, one.pk),
        "history": _history(one),
    }
    if context["may_manage"]:
        context["affected"] = hours.outside(one, now=context["now"])
        frame.audited(request, "department.outside_hours", context["affected"])
    return render(request, "department/room.html", context)


def _history(one):
    entries = [
        *department_history.of_values((Resource, [one.pk]), (Room, [one.pk])),
        *department_history.of_weekly(OpeningHours, one, "opens", "closes"),
        *department_history.of_weekly(ReservedSlot, one, "starts", "ends"),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    one, now = found.room(pk, by=request.user, action="department.manage"), timezone.now()
    after = reverse("scheduling:department-room", args=[one.pk])
    context = frame.about(request, room=one, back=after)
    form = RoomForm(frame.data_of(request), room=one, starts_on=days.tomorrow(one.site, now))

    def preview():
        differences, affected = rooms.preview(one, **form.cleaned_data, now=now)
        return frame.Preview(lines=department_words.lines(differences), affected=affected)

    def said():
        return f"Saved. {frame.from_day(form.cleaned_data['starts_on'], context['today'])}"

    def save():
        rooms.change(one, **form.cleaned_data, by=request.user, now=now)

    template = "department/room_change.html"
    return frame.two_steps(
        request, form, template, context, preview=preview, save=save, said=said, after=after
    )
