"""Second readings: which final reports are read again, by whom, and what the second reader said.

The share is the site's choice. Which reports are in it is chosen by their accession numbers, so that nobody can choose
the easy ones, and the choice is the same whenever it is asked for.
"""

import hashlib
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from reporting.engine.schemes import SCHEMES
from reporting.engine.states import SIGNED
from reporting.models import Report, ReportingRules, ReportVersion, SecondReading
from reporting.services import signing
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

WITHIN = timedelta(days=30)
LONGEST_NOTE = 500
ACTION = "report.read_again"
GONE = "Somebody has read this report a second time already."
UNKNOWN = "This report was signed in a scheme that is no longer used here. It is not read a second time."


def is_chosen(order, percent):
    """Whether an order is in the share that is read twice: by its number alone."""
    digest = hashlib.sha256(f"{order.site_id} {order.accession_number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < percent


def waiting(user, *, now):
    """Reports that this person may read a second time, the newest first: signed final in the last month by others."""
    percent = _percent(user)
    if not percent:
        return []
    rows = (
        Report.objects.for_user(user)
        .filter(state__in=SIGNED, second_reading=None, scheme__in=SCHEMES)
        .filter(versions__kind=ReportVersion.Kind.FINAL, versions__signed_at__gte=now - WITHIN)
        .exclude(versions__signed_by=user)
        .annotate(final_at=Max("versions__signed_at", filter=Q(versions__kind=ReportVersion.Kind.FINAL)))
        .select_related("order__patient", "order__site", "order__procedure__protocol")
        .order_by("-final_at", "pk")
    )
    return [report for report in rows if is_chosen(report.order, percent)]


def why_not(report, user):
    """A sentence why this person cannot read this report a second time, or None."""
    if refusal := policy.why_not(user, ACTION):
        return refusal
    if report is None or report.state not in SIGNED:
        return "There is no final report to compare with."
    if report.versions.filter(signed_by=user).exists():
        return "You have signed this report yourself. Somebody else reads it a second time."
    if hasattr(report, "second_reading"):
        return GONE
    if not is_chosen(report.order, _percent(user)):
        return "This report is not among those that are read twice."
    if compared(report).scheme not in SCHEMES:
        return UNKNOWN
    return None


@transaction.atomic
def record(report, *, category, note="", by, now):
    """Keep what the second reader says, in the scheme of the report; returns the SecondReading.

    It is compared with what the report says at this moment: nobody amends or retracts it meanwhile. Raises Conflict
    where this person may not, or where somebody was faster; Invalid for a term that the scheme has not.
    """
    policy.permit(by, ACTION)
    report = signing.alone_with(report)
    if refusal := why_not(report, by):
        raise Conflict(refusal)
    first = compared(report)
    _check(first.scheme, category, note)
    reading = SecondReading(
        report=report, version=first.number, scheme=first.scheme, first_category=first.category,
        category=category, note=note.strip(), first_reader=first.signed_by, read_at=now, read_by=by,
    )  # fmt: skip
    try:
        with transaction.atomic():
            reading.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(GONE) from error
    patients = [report.order.patient_id]
    audit.record("report.read_again", reading, by=by, patients=patients, agrees=category == first.category)
    return reading


def compared(report):
    """The version that a second reading is compared with: the newest that gives a category."""
    kinds = [ReportVersion.Kind.FINAL, ReportVersion.Kind.AMENDMENT]
    return report.versions.filter(kind__in=kinds).select_related("signed_by").order_by("-number").first()


def _check(scheme, category, note):
    terms = {each.key for each in SCHEMES[scheme].categories}
    if category not in terms:
        raise Invalid("Choose one of the terms.", fields={"category": ["Choose one of the terms."]})
    if len(note) > LONGEST_NOTE:
        raise Invalid("The note is too long.", fields={"note": [f"At most {LONGEST_NOTE} characters."]})


def _percent(user):
    found = ReportingRules.objects.for_user(user).values_list("double_reading_percent", flat=True).first()
    return found or 0
