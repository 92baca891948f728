"""Lists of a day to print: on the screen, and as PDF."""

from datetime import timedelta

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import day_sheets, paper, worklist
from scheduling.services import access
from scheduling.views.days import day_of
from scheduling.views.files import pdf_of
from scheduling.views.site import site_of
from vqflow.pages import page

DAY = timedelta(days=1)


@page("worklist.view")
def show(request, kind):
    """The list of ?day=2027-03-08, by default of today, ready to be printed."""
    site, on, sheet = _sheet(request, kind)
    context = {
        "site": site,
        "sheet": sheet,
        "day": on,
        "is_today": on == worklist.today(site, timezone.now()),
        "before_url": _url(kind, on - DAY),
        "today_url": reverse(f"scheduling:sheet-{kind}"),
        "after_url": _url(kind, on + DAY),
        "pdf_url": f"{reverse(f'scheduling:sheet-{kind}-pdf')}?day={on.isoformat()}",
        "tabs": [
            {"label": label, "url": _url(name, on), "current": name == kind}
            for name, label in day_sheets.TITLES.items()
        ],
    }
    return render(request, "scheduling/sheet.html", context)


@page("worklist.view")
def pdf(request, kind):
    """The same list as a file."""
    _, on, sheet = _sheet(request, kind)
    return pdf_of(paper.lists(day_sheets.pages([sheet])), f"{kind}-{on.isoformat()}")


def _sheet(request, kind):
    site, now = site_of(request.user), timezone.now()
    on = day_of(request.GET.get("day", "")) or worklist.today(site, now)
    sheet = day_sheets.sheet(kind, site, on, now=now)
    access.listed(
        f"sheet.{kind}", sheet.patients, by=request.user, action="worklist.view", day=on.isoformat()
    )
    return site, on, sheet


def _url(kind, on):
    return f"{reverse(f'scheduling:sheet-{kind}')}?day={on.isoformat()}"
