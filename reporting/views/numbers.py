"""The department's numbers: panels by section, one panel alone, and the figures as CSV."""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from reporting.forms.numbers import ChoiceForm
from reporting.models import NumbersKept
from reporting.numbers import panels, sheets
from reporting.numbers.choice import in_one_go
from reporting.views.charts import drawn
from scheduling.models import Site
from scheduling.services import access
from vqflow import policy
from vqflow.errors import NotFound
from vqflow.pages import page

FIRST = "times"


@page("numbers.view")
def numbers(request):
    """The panels of one section."""
    form, choice = chosen(request)
    section = request.GET.get("section", FIRST)
    section = section if section in panels.SECTIONS else FIRST
    in_one_go()
    shown = [_shown(panel, choice, form) for panel in panels.ALL if panel.section == section]
    context = about(form, choice, request.user) | {
        "shown": shown,
        "section": section,
        "tabs": _tabs(section, form),
    }
    return render(request, "reporting/numbers.html", context, status=200 if form.is_valid() else 422)


@page("numbers.view")
def panel(request, key):
    """One panel, wide, with its definition open."""
    form, choice = chosen(request)
    in_one_go()
    context = about(form, choice, request.user) | {"each": _shown(panel_of(key), choice, form), "alone": True}
    return render(request, "reporting/number.html", context, status=200 if form.is_valid() else 422)


@page("numbers.view")
def figures(request, key):
    """The figures of one panel as CSV."""
    form, choice = chosen(request)
    if not form.is_valid():
        raise NotFound("This choice of cases cannot be right. Choose them on the page of the numbers.")
    in_one_go()
    found = panel_of(key)
    rows = sheets.figures(found, found.read(choice), choice)
    answer = HttpResponse(sheets.text(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{key}.csv"'
    return answer


def chosen(request):
    """(form, Choice) of the request's address."""
    site = Site.objects.for_user(request.user).first()
    if site is None:
        raise NotFound(access.NO_SITE)
    today = timezone.now().astimezone(ZoneInfo(site.time_zone)).date()
    form = ChoiceForm(request.GET, site=site, user=request.user, today=today)
    form.is_valid()
    return form, form.choice()


def panel_of(key):
    try:
        return panels.BY_KEY[key]
    except KeyError:
        raise NotFound("There are no such numbers. Choose them on their page.") from None


def about(form, choice, user):
    """What every page of the numbers shows of the choice."""
    kept = NumbersKept.objects.filter(site=choice.site).first()
    return {
        "form": form,
        "choice": choice,
        "site": choice.site,
        "kept_at": kept.kept_at if kept else None,
        "query": urlencode(form.address()),
        "may_read_again": policy.allows(user, "report.read_again"),
    }


def _shown(panel, choice, form):
    """One panel as its template draws it."""
    found = panel.read(choice)
    tables = [
        {
            "caption": table.caption,
            "columns": table.columns,
            "rows": [[_linked(cell, panel, form) for cell in row] for row in table.rows],
        }
        for table in found.tables
        if table.rows
    ]
    return {
        "panel": panel,
        "figures": [{"figure": each, **_linked(each.cell, panel, form)} for each in found.figures],
        "charts": [{"name": each.name, "svg": svg} for each in found.charts if (svg := drawn(each))],
        "tables": tables,
        "notes": found.notes,
        "count": found.count,
        "is_not_limited": panel.by_day_only and choice.is_limited,
    }


def _linked(cell, panel, form):
    if not cell.pick:
        return {"cell": cell, "url": ""}
    query = urlencode([*form.address().items(), *((f"c-{name}", value) for name, value in cell.pick)])
    return {"cell": cell, "url": f"{reverse('reporting:numbers-cases', args=[panel.key])}?{query}"}


def _tabs(current, form):
    url = reverse("reporting:numbers")
    return [
        {
            "label": label,
            "url": f"{url}?{urlencode({**form.address(), 'section': key})}",
            "current": key == current,
        }
        for key, label in panels.SECTIONS.items()
    ]
