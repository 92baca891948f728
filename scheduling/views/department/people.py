"""People and their shifts."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, department_list, department_words
from scheduling.forms.department.things import BadgeForm, PersonForm, RosterForm
from scheduling.models import ChangeSubject, Resource, Shift
from scheduling.services.department import days, found, people, shifts
from scheduling.views.department import frame
from vqflow import unlocking
from vqflow.errors import Invalid
from vqflow.pages import page

SHOWN = timedelta(days=27)
NO_ACCOUNT = "This person does not sign in, so there is nothing to unlock. Choose an account first."


@page("department.view")
def listing(request):
    context = frame.about(request)
    context["rows"] = department_list.people(context["site"], context["today"], ZoneInfo(context["zone"]))
    return render(request, "department/people.html", context)


@page("department.manage", methods=frame.BOTH)
def new(request):
    context = frame.about(request, back=reverse("scheduling:department-people"))
    form = PersonForm(frame.data_of(request), site=context["site"])

    def save():
        people.add(context["site"], **form.cleaned_data, by=request.user, now=timezone.now())

    said = "Entered. Plan shifts: nobody is booked with them before."
    return frame.one_step(
        request, form, "department/person_new.html", context, save=save, said=said, after=context["back"]
    )


@page("department.view")
def person(request, pk):
    """One person: what they are qualified for, the shifts of four weeks, what is going to change, and the history."""
    one = found.person(pk, by=request.user)
    context = frame.about(request, person=one, can=department_list.can(one))
    today = context["today"]
    history = [
        *department_history.of_values((Resource, [one.pk])),
        *department_history.of_shifts(Shift, one, context["zone"]),
    ]
    context |= {
        "shifts": department_list.shifts(one, shifts.between(one, today, today + SHOWN)),
        "planned": frame.planned(context, ChangeSubject.PERSON, one.pk),
        "history": sorted(history, key=lambda entry: entry.at, reverse=True),
    }
    if context["may_manage"]:
        context["affected"] = shifts.outside(one, now=context["now"])
        frame.audited(request, "department.outside_shifts", context["affected"])
    return render(request, "department/person.html", context)


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    one, now = found.person(pk, by=request.user, action="department.manage"), timezone.now()
    after = reverse("scheduling:department-person", args=[one.pk])
    context = frame.about(request, person=one, back=after)
    tomorrow = days.tomorrow(one.site, now)
    form = PersonForm(frame.data_of(request), site=one.site, person=one, starts_on=tomorrow)

    def preview():
        differences, affected = people.preview(one, **form.cleaned_data, now=now)
        return frame.Preview(lines=department_words.lines(differences), affected=affected)

    def save():
        people.change(one, **form.cleaned_data, by=request.user, now=now)

    def said():
        return f"Saved. {frame.from_day(form.cleaned_data['starts_on'], context['today'])}"

    template = "department/person_change.html"
    return frame.two_steps(
        request, form, template, context, preview=preview, save=save, said=said, after=after
    )


@page("department.manage", methods=frame.BOTH)
def plan(request, pk):
    """Shifts of some weekdays of a period: new, replaced, or taken away."""
    one, now = found.person(pk, by=request.user, action="department.manage"), timezone.now()
    after = reverse("scheduling:department-person", args=[one.pk])
    context = frame.about(request, person=one, back=after)
    form = RosterForm(frame.data_of(request), first_day=days.tomorrow(one.site, now))

    def preview():
        found_ = shifts.preview(one, form.roster(), now=now)
        counts = [(len(found_.new), "new"), (len(found_.gone), "taken away")]
        return frame.Preview(
            sentences=[f"{_shifts(count)} {what}" for count, what in counts if count],
            affected=found_.affected,
        )

    def save():
        shifts.plan(one, form.roster(), by=request.user, now=now)

    return frame.two_steps(
        request,
        form,
        "department/person_shifts.html",
        context,
        preview=preview,
        save=save,
        said=lambda: "Saved.",
        after=after,
    )


@page("department.manage", methods=frame.BOTH)
def badge(request, pk):
    """The badge that opens this person's locked screen: scanned here, or taken away when it is lost."""
    one = found.person(pk, by=request.user, action="department.manage")
    after = reverse("scheduling:department-person", args=[one.pk])
    context = frame.about(request, person=one, back=after)
    form = BadgeForm(frame.data_of(request))

    def save():
        if one.user is None:
            raise Invalid(NO_ACCOUNT)
        if request.POST.get("what") == "remove":
            return unlocking.remove_badge(one.user, by=request.user)
        return unlocking.enrol_badge(one.user, code=form.cleaned_data["code"], by=request.user)

    template = "department/person_badge.html"
    return frame.one_step(request, form, template, context, save=save, said="Saved.", after=after)


def _shifts(count):
    return "1 shift" if count == 1 else f"{count} shifts"
