"""Late corrections: what was corrected, on the page of the examination, and the page on which it is done."""

from django.utils import timezone
from django.utils.http import urlencode

from scheduling.forms.corrections import CorrectionForm
from scheduling.services import access
from scheduling.services.examination import corrections
from scheduling.views.presses import ask, back, sent
from vqflow import policy
from vqflow.errors import NotFound
from vqflow.pages import page


def corrections_panel(appointment, user, now):
    """What the panel shows; newest last. `now` is part of every panel's signature."""
    return {
        "corrections": list(appointment.corrections.select_related("corrected_by")),
        "corrections_zone": appointment.site.time_zone,
        "may_correct": policy.allows(user, "visit.correct"),
    }


@page("visit.correct", methods=("GET", "POST"))
def correct(request, pk):
    """Every recorded value with a way to correct it; with one chosen, the form for that."""
    now, user = timezone.now(), request.user
    appointment = access.appointment(pk, by=user, action="visit.correct")
    values = corrections.values(appointment)
    asked = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(values, asked.get("subject"), asked.get("field"))
    form = CorrectionForm(sent(request), value=chosen, site=appointment.site)

    def do():
        row = corrections.find(appointment, chosen.subject)
        changes = {chosen.field: form.cleaned_data["value"]}
        return corrections.correct(
            appointment, row, changes, reason=form.cleaned_data["reason"], by=user, now=now
        )

    context = {
        **corrections_panel(appointment, user, now),
        "values": [(value, _link(request, value)) for value in values],
        "chosen": chosen,
    }
    template = "scheduling/visit_corrections.html"
    return ask(request, appointment, form, do, template=template, text="Corrected", undo=None, **context)


def _chosen(values, subject, field):
    """The value that the form is for, or None. One that is not on the list does not exist."""
    if not subject:
        return None
    found = next((value for value in values if (value.subject, value.field) == (subject, field)), None)
    if found is None:
        raise NotFound("There is no such value in this examination.")
    return found


def _link(request, value):
    return "?" + urlencode({"subject": value.subject, "field": value.field, "next": back(request)})
