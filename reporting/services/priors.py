"""The patient's earlier reports here: what a reading may be compared with."""

from reporting.engine.states import SIGNED
from reporting.models import ReportVersion, VersionKind

KINDS = (VersionKind.FINAL.value, VersionKind.AMENDMENT.value)
STATES = tuple(state.value for state in SIGNED)


def standing(order):
    """What the reports of the patient's other orders at this site say now, one version of each; retracted ones say
    nothing."""
    return standing_of(patient=order.patient_id, site=order.site_id, order=order.pk)


def standing_of(*, patient, site, order):
    """The same by the keys of the patient, the site, and the order that is left out."""
    return (
        ReportVersion.objects.filter(
            kind__in=KINDS,
            report__state__in=STATES,
            report__order__patient_id=patient,
            report__order__site_id=site,
        )
        .exclude(report__order_id=order)
        .order_by("report", "-number")
        .distinct("report")
    )


def why_not(order, prior_order):
    """A sentence why this order (its key) is none to compare with, or None."""
    if standing(order).filter(report__order=prior_order).exists():
        return None
    return (
        "This is no earlier examination of this patient with a signed report here."
        " Choose one of those, or leave it empty."
    )
