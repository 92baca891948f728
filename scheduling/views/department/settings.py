"""What holds for the whole department: targets, waitlist, on call, and where patients come to."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, department_words
from scheduling.forms.department.things import SettingsForm
from scheduling.models import ChangeSubject, Site
from scheduling.services.department import days, settings
from scheduling.telling import telling_anywhere
from scheduling.views.department import frame
from scheduling.views.site import site_of
from vqflow.pages import page


@page("department.view")
def shown(request):
    context = frame.about(request)
    site = context["site"]
    values = [
        (department_words.named(Site, name), department_words.value(Site, name, getattr(site, name), {}))
        for name in settings.FIELDS
    ]
    context |= {
        "values": values,
        "telling": telling_anywhere(f"{site.name}\n{site.place}"),
        "planned": frame.planned(context, ChangeSubject.SETTINGS, site.pk),
        "history": department_history.of_values((Site, [site.pk])),
    }
    return render(request, "department/settings.html", context)


@page("department.manage", methods=frame.BOTH)
def change(request):
    site, now = site_of(request.user), timezone.now()
    after = reverse("scheduling:department-settings")
    context = frame.about(request, back=after)
    form = SettingsForm(frame.data_of(request), site=site, starts_on=days.tomorrow(site, now))

    def values():
        return {**form.values(), "starts_on": form.cleaned_data["starts_on"], "now": now}

    def preview():
        return frame.Preview(lines=department_words.lines(settings.preview(site, **values())))

    def save():
        settings.change(site, **values(), by=request.user)

    def said():
        return f"Saved. {frame.from_day(form.cleaned_data['starts_on'], context['today'])}"

    template = "department/settings_change.html"
    return frame.two_steps(
        request, form, template, context, preview=preview, save=save, said=said, after=after
    )
