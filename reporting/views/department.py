"""How a department reports: schemes, thresholds, language, critical results; and the criteria themselves."""

from dataclasses import replace

from django.shortcuts import render
from django.urls import reverse

from reporting.engine.criteria import TABLES, trinary
from reporting.engine.critical import escalation
from reporting.engine.schemes import GROUP_LABELS, SCHEMES, group_of, label_of
from reporting.forms.rules import RulesForm
from reporting.models import ReportingRules
from reporting.services import rules
from scheduling import department_history, department_words
from scheduling.models import Site
from scheduling.views.department import frame
from vqflow.pages import page

BEGINS = "A report begins with"


@page("department.view")
def shown(request):
    """What holds now, and its history."""
    context = frame.about(request)
    found = rules.of(context["site"])
    context["values"] = _in_words(context["site"], found)
    context["history"] = _history(context["site"])
    return render(request, "reporting/department.html", context)


@page("department.manage", methods=frame.BOTH)
def change(request):
    context = frame.about(request, back=reverse("reporting:department"))
    site = context["site"]
    form = RulesForm(frame.data_of(request), site=site, rules=rules.of(site))

    def save():
        rules.change(site, **form.values(), by=request.user, now=context["now"])

    said = "Saved. It holds for what is read from now on."
    return frame.one_step(
        request,
        form,
        "reporting/department_change.html",
        context,
        save=save,
        said=said,
        after=context["back"],
    )


@page("report.view")
def criteria(request):
    """Every decision table with its source: how a category comes to be suggested."""
    tables = [(SCHEMES[key], table, _rows(key, table)) for key, table in TABLES.items()]
    return render(
        request,
        "reporting/criteria.html",
        {"tables": tables, "trinary": SCHEMES["TRINARY"], "behind": trinary.SOURCE},
    )


def _rows(key, table):
    return [
        (row, label_of(key, row.category), GROUP_LABELS[group_of(key, row.category)]) for row in table.rows
    ]


def _history(site):
    """What was changed here, the newest first; of the site's own history only the scheme that a report begins with."""
    found = department_history.of_values((ReportingRules, [site.pk]))
    scheme = department_words.named(Site, "default_scheme")
    for entry in department_history.of_values((Site, [site.pk])):
        lines = tuple((BEGINS, *map(_scheme, line[1:])) for line in entry.lines if line[0] == scheme)
        if lines:
            found.append(replace(entry, sentences=(), lines=lines))
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _scheme(key):
    return SCHEMES[key].name if key in SCHEMES else key


def _in_words(site, found):
    """(name, value) of every rule."""
    values = {
        name: department_words.value(ReportingRules, name, getattr(found, name), {}) for name in rules.FIELDS
    }
    values |= {
        "offered_schemes": values["offered_schemes"]
        if found.offered_schemes
        else "All that fit what was done",
        "high_from_equivalents": f"{values['high_from_equivalents']} segment equivalents",
        "escalate_after": ", ".join(str(step.minutes) for step in escalation(found.escalate_after)),
        "double_reading_percent": f"{found.double_reading_percent} %",
    }
    named = [(department_words.named(ReportingRules, name), values[name]) for name in rules.FIELDS]
    return [(BEGINS, SCHEMES[rules.default_scheme(site)].name), *named]
