"""The draft of a report: opened, and saved without ever overwriting what somebody else has saved meanwhile."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from reporting.engine import signing as engine
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES
from reporting.engine.states import ReportState
from reporting.models import Report
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound

LONGEST_TEXT = 20_000
LARGEST_VERSION = 2**31 - 1
LONGEST_CATEGORY = 40
UNFINISHED = (ReportState.DRAFT, ReportState.PRELIMINARY)
FIRST_VERSION = 1


def of(order):
    """The order's report, or an unsaved empty one in the site's default scheme."""
    found = Report.objects.select_related("written_by").filter(order=order).first()
    report = found or Report(order=order, scheme=default_scheme(order.site), draft_version=FIRST_VERSION)
    report.order = order
    return report


def existing(order):
    """The order's report; NotFound before the first draft."""
    report = of(order)
    if not report.pk:
        raise NotFound("There is no draft to sign yet. Write the report first.")
    return report


def default_scheme(site):
    return site.default_scheme if site.default_scheme in SCHEMES else DEFAULT_SCHEME


def standing(report):
    """What the engine judges a refusal by, as the database has it."""
    signature = None
    if report.pk and report.state != ReportState.DRAFT:
        last = report.versions.select_related("signed_by").order_by("-number").first()
        zone = ZoneInfo(report.order.site.time_zone)
        signature = engine.Signature(last.signed_by.name, engine.moment(last.signed_at, zone))
    return engine.Standing(report.order.state, report.state, report.category, report.impression, signature)


def why_not_write(report, user):
    """A sentence why this user may not write this report now, or None."""
    return policy.why_not(user, "report.write") or engine.why_not_write(standing(report))


@transaction.atomic
def open_draft(order, *, by, now):
    """The order's report, made with the site's default scheme where there is none yet.

    Raises Conflict while the examination is not finished.
    """
    policy.permit(by, "report.write")
    report = of(order)
    if report.pk:
        return report
    _refuse(engine.why_not_write(standing(report)))
    report, created = Report.objects.get_or_create(
        order=order, defaults={"scheme": report.scheme, "written_by": by, "written_at": now}
    )
    if created:
        audit.record("report.opened", report, by=by, patients=[order.patient_id])
    return report


@transaction.atomic
def write(order, *, by, now, **draft):
    """Save the draft of an order's report, which is opened with it; arguments and errors are those of `save`."""
    return save(open_draft(order, by=by, now=now), by=by, now=now, **draft)


@transaction.atomic
def save(report, *, draft_version, scheme, category, findings, impression, by, now):
    """Save the draft if it is still the version that the writer has read; returns the report as saved.

    Raises Invalid at the field, and Conflict, with nothing written, when somebody else has saved or signed
    meanwhile or the examination is not finished. The text that is already there is no conflict.
    """
    policy.permit(by, "report.write")
    content = _checked(scheme, category, findings, impression)
    before = current(report)
    _refuse(engine.why_not_write(standing(before)))
    if all(getattr(before, field) == value for field, value in content.items()):
        return before
    swapped = Report.objects.filter(pk=report.pk, draft_version=draft_version, state__in=UNFINISHED).update(
        **content, draft_version=F("draft_version") + 1, written_by=by, written_at=now
    )
    saved = current(report)
    if not swapped:
        _refuse(engine.why_not_write(standing(saved)))
        raise Conflict(f"{saved_by(saved, by=by, now=now)} {MERGE}")
    audit.record(
        "report.saved", saved, by=by, patients=[saved.order.patient_id], draft_version=saved.draft_version
    )
    return saved


MERGE = "Your text is kept below; compare it with the saved text, then save again."


def saved_by(report, *, by, now):
    """A sentence in the site's time: Ada Lund saved this report at 10:42."""
    when = engine.moment(report.written_at, ZoneInfo(report.order.site.time_zone), now)
    if report.written_by == by:
        return f"You saved this report {when} in another window."
    return f"{report.written_by.name} saved this report {when}."


def current(report):
    """The report as the database has it now, with order, patient, site and writer loaded."""
    people = Report.objects.select_related("order__site", "order__patient", "order__referrer", "written_by")
    return people.get(pk=report.pk)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _checked(scheme, category, findings, impression):
    """The content with one kind of line end, or Invalid with a sentence at each field that cannot be right."""
    faults = {}
    if scheme not in SCHEMES:
        faults["scheme"] = ["Choose one of the schemes."]
    elif category and category not in [each.key for each in SCHEMES[scheme].categories]:
        faults["category"] = [f"Choose one of the terms of {SCHEMES[scheme].name}."]
    texts = {"findings": _lines(findings), "impression": _lines(impression)}
    for field, text in texts.items():
        if len(text) > LONGEST_TEXT:
            faults[field] = [f"At most {LONGEST_TEXT} characters; this has {len(text)}."]
    if faults:
        raise Invalid("Some values cannot be right.", fields=faults)
    return {"scheme": scheme, "category": category, **texts}


def _lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")
