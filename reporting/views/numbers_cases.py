"""The cases behind a figure: a list of patients, audited, and the same without names as CSV."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.shortcuts import render

from reporting.numbers import cases, sheets
from reporting.numbers.values import minutes_text
from reporting.numbers.words import AGENTS, CLASSES, GROUPS, PROTOCOLS, category_label, scheme_name
from reporting.views.numbers import about, chosen, panel_of
from scheduling.services import access
from vqflow.errors import NotFound
from vqflow.pages import page

PER_PAGE = 50
MOST = 100_000
_COLUMNS = (
    *("accession_number", "day", "state", "priority", "patient_class", "protocol", "agent"),
    *("wait_minutes", "report_minutes", "delay_minutes", "xray_gap_minutes", "xray_delay_minutes"),
    *("between_minutes", "scheme", "category", "group", "is_overridden", "critical", "critical_minutes"),
    *("reminders", "is_confirmed", "pictures", "repeats", "maa_mbq", "breathed_mbq"),
)


@page("numbers.view")
def listed(request, key):
    """The cases behind one figure, newest first."""
    form, choice = chosen(request)
    panel, picks = panel_of(key), _picks(request)
    rows = cases.picked(choice, picks).select_related("order__patient", "order__site")
    asked = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = [_told(row) for row in asked]
    _audit(panel, [row.order.patient_id for row in asked], request.user, picks)
    query = [*form.address().items(), *((f"c-{name}", value) for name, value in picks.items())]
    context = about(form, choice, request.user) | {
        "panel": panel,
        "page": asked,
        "rows": shown,
        "picks": _words(picks),
        "query": urlencode(query),
        "back": urlencode(form.address()),
    }
    return render(request, "reporting/numbers_cases.html", context)


@page("numbers.view")
def exported(request, key):
    """The same cases as CSV, without names: streamed, however many there are."""
    form, choice = chosen(request)
    if not form.is_valid():
        raise NotFound("This choice of cases cannot be right. Choose them on the page of the numbers.")
    panel, picks = panel_of(key), _picks(request)
    rows = cases.picked(choice, picks).select_related("order")[:MOST]
    _audit(panel, list(rows.values_list("order__patient_id", flat=True)), request.user, picks, exported=True)
    lines = sheets.lines(_as_rows(rows))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{key}-cases.csv"'
    return answer


def _picks(request):
    """What the figure's link picked: known names only."""
    return {name: request.GET[f"c-{name}"][:60] for name in cases.NAMES if request.GET.get(f"c-{name}")}


def _audit(panel, patients, user, picks, **about):
    access.listed(f"numbers.{panel.key}", patients, by=user, action="numbers.view", picks=picks, **about)


def _told(row):
    return {
        "fact": row,
        "order": row.order,
        "protocol": PROTOCOLS.get(row.protocol, row.protocol),
        "agent": AGENTS.get(row.agent, row.agent) if row.agent else "",
        "wait": minutes_text(row.wait_minutes),
        "report": minutes_text(row.report_minutes),
        "term": category_label(row.scheme, row.category) if row.category else "",
        "scheme": scheme_name(row.scheme) if row.scheme else "",
        "group": GROUPS.get(row.group, ""),
        "class": CLASSES.get(row.patient_class, row.patient_class),
    }


def _words(picks):
    return [f"{name.replace('_', ' ')}: {value.replace('_', ' ')}" for name, value in picks.items()]


def _as_rows(rows):
    yield _COLUMNS
    for row in rows.iterator(chunk_size=2000):
        values = {name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)}
        values |= {
            "accession_number": row.order.accession_number,
            "day": row.day.isoformat(),
            "maa_mbq": _mbq(row.maa_kbq),
            "breathed_mbq": _mbq(row.breathed_kbq),
        }
        yield [values[name] for name in _COLUMNS]


def _mbq(kbq):
    return None if kbq is None else kbq / 1000
