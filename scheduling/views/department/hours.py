"""The week of a room: opening hours, hours on call, and what is kept for urgent patients."""

from django.urls import reverse
from django.utils import timezone

from scheduling import department_list, department_words
from scheduling.forms.department.hours import HoursForm, KeptForm
from scheduling.models import OpeningHours, ReservedSlot
from scheduling.services.department import days, found, hours
from scheduling.views.department import frame
from vqflow.pages import page

STAYS = "Appointments that do not fit stay booked until you move them."


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    """Other opening hours from a day on; who is booked outside them is listed before."""
    room, now = found.room(pk, by=request.user, action="department.manage"), timezone.now()
    tomorrow = days.tomorrow(room.site, now)
    form = HoursForm(frame.data_of(request), present=hours.on(room, tomorrow), starts_on=tomorrow)

    def preview():
        wanted = form.hours()
        affected = hours.preview(room, wanted, **form.period(), now=now)
        return frame.Preview(
            sentences=_sentences([each for each in wanted if not each.on_call], "Closed all week.")
            + [f"On call: {line}" for line in _week([each for each in wanted if each.on_call])],
            affected=affected,
        )

    def save():
        hours.change(room, form.hours(), **form.period(), by=request.user, now=now)

    return _answer(request, form, room, OpeningHours, "hours", preview=preview, save=save)


@page("department.manage", methods=frame.BOTH)
def keep(request, pk):
    """Other times kept for urgent patients from a day on. Nothing that is booked is touched by it."""
    room, now = found.room(pk, by=request.user, action="department.manage"), timezone.now()
    tomorrow = days.tomorrow(room.site, now)
    form = KeptForm(frame.data_of(request), present=hours.kept_on(room, tomorrow), starts_on=tomorrow)

    def preview():
        wanted = form.slots()
        hours.preview_kept(room, wanted, **form.period(), now=now)
        spans = [(each.weekday, each.starts, each.ends) for each in wanted]
        return frame.Preview(sentences=department_words.week(spans) or ["Nothing is kept."])

    def save():
        hours.keep(room, form.slots(), **form.period(), by=request.user, now=now)

    return _answer(request, form, room, ReservedSlot, "kept", preview=preview, save=save)


def _answer(request, form, room, model, name, *, preview, save):
    after = reverse("scheduling:department-room", args=[room.pk])
    context = frame.about(request, room=room, back=after)
    begin, end = ("opens", "closes") if model is OpeningHours else ("starts", "ends")
    context["present"] = department_list.periods(room, model, begin, end, context["today"])

    def said():
        starts_on, ends_on = form.period().values()
        return f"Saved. {frame.from_day(starts_on, context['today'], ends_on)}"

    return frame.two_steps(
        request,
        form,
        f"department/room_{name}.html",
        context,
        preview=preview,
        save=save,
        said=said,
        after=after,
    )


def _week(found_hours):
    return department_words.week([(each.weekday, each.opens, each.closes) for each in found_hours])


def _sentences(found_hours, empty):
    return [f"Open: {line}" for line in _week(found_hours)] or [empty]
