"""Signing: a draft becomes a version that nobody can change any more."""

from datetime import UTC

from django.db import transaction

from reporting.engine import signing as engine
from reporting.engine.schemes import GROUP_LABELS, group_of, label_of
from reporting.engine.states import ReportState
from reporting.models import Report, ReportVersion
from reporting.services import drafting
from scheduling.models import Order
from scheduling.services import messages, visits
from vqflow import audit, policy
from vqflow.errors import Conflict

ACTIONS = {
    ReportState.PRELIMINARY: "report.sign_preliminary",
    ReportState.FINAL: "report.sign_final",
}


def kind_for(user):
    """What this user's signature makes of a report: an attending signs final, a resident preliminary."""
    return ReportState.FINAL if policy.allows(user, "report.sign_final") else ReportState.PRELIMINARY


def why_not_sign(report, user):
    """A sentence why this user may not sign this report now, or None; shown on the disabled button."""
    kind = kind_for(user)
    return policy.why_not(user, ACTIONS[kind]) or engine.why_not_sign(drafting.standing(report), kind)


@transaction.atomic
def sign(report, *, draft_version, by, now):
    """Sign the draft that the signer has read; returns the new version.

    A final version moves the order to reported and tells the referrer that a result is ready. Raises Conflict
    when somebody else has saved or signed meanwhile, or the draft is not complete.
    """
    kind = kind_for(by)
    policy.permit(by, ACTIONS[kind])
    report = _alone_with(report)
    if refusal := why_not_sign(report, by):
        raise Conflict(refusal)
    swapped = Report.objects.filter(pk=report.pk, state=report.state, draft_version=draft_version).update(
        state=kind
    )
    if not swapped:
        raise Conflict(_changed(drafting.current(report), by=by, now=now))
    version = _version(report, kind, by=by, now=now)
    audit.record(
        "report.signed",
        report,
        by=by,
        patients=[report.order.patient_id],
        kind=kind,
        number=version.number,
        content_hash=version.content_hash,
    )
    if kind == ReportState.FINAL:
        visits.mark_reported(order=report.order, by=by, now=now, **_in_one_term(version))
        messages.result_ready(report.order, version=version.number, now=now)
    return version


def _in_one_term(version):
    """What stays with the order of the result: its term, and what that means."""
    group = group_of(version.scheme, version.category)
    return {"term": label_of(version.scheme, version.category), "meaning": GROUP_LABELS[group]}


def is_intact(version):
    """Whether the version still has the content that was signed."""
    return version.content_hash == engine.digest(_signed_content(version))


def _alone_with(report):
    """The report as it is now, read under a lock on its order: two signers come one after the other."""
    Order.objects.select_for_update(no_key=True).get(pk=report.order_id)
    return drafting.current(report)


def _version(report, kind, *, by, now):
    version = ReportVersion(
        report=report,
        number=report.versions.count() + 1,
        kind=kind,
        scheme=report.scheme,
        category=report.category,
        findings=report.findings,
        impression=report.impression,
        signed_at=now,
        signed_by=by,
    )
    version.content_hash = engine.digest(_signed_content(version))
    version.save(force_insert=True)
    return version


def _signed_content(version):
    return {
        "accession_number": version.report.order.accession_number,
        "number": version.number,
        "kind": str(version.kind),
        "scheme": version.scheme,
        "category": version.category,
        "findings": version.findings,
        "impression": version.impression,
        "signed_at": version.signed_at.astimezone(UTC).isoformat(),
        "signed_by": version.signed_by.username,
    }


def _changed(report, *, by, now):
    return f"{drafting.saved_by(report, by=by, now=now)} Read it again, then sign."
