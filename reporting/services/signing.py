"""Signing: a draft becomes a version that nobody can change any more."""

from datetime import UTC

from django.db import transaction

from reporting.engine import signing as engine
from reporting.engine.schemes import GROUP_LABELS, group_of, label_of
from reporting.engine.states import SIGNED
from reporting.models import Content, Report, ReportVersion, VersionKind
from reporting.services import critical, drafting
from scheduling.models import Order
from scheduling.services import messages, visits
from vqflow import audit, policy
from vqflow.errors import Conflict

SIGN_FINAL, SIGN_PRELIMINARY = "report.sign_final", "report.sign_preliminary"
CONTENT = tuple(field.name for field in Content._meta.get_fields())
ANEW = "Written anew after the retraction."


def kind_for(user, report=None):
    """What this user's signature makes of a report: an attending signs final, a resident preliminary.

    With the report also what has been begun of a signed one: an addendum or an amendment.
    """
    standing = drafting.standing(report) if report is not None else _NEW
    return VersionKind(engine.kind_of(standing, is_attending=policy.allows(user, SIGN_FINAL)))


_NEW = engine.Standing("", "", "", "")


def why_not_sign(report, user):
    """A sentence why this user may not sign this report now, or None; shown on the disabled button."""
    if refusal := policy.why_not(user, SIGN_PRELIMINARY):
        return refusal
    standing, is_attending = drafting.standing(report), policy.allows(user, SIGN_FINAL)
    kind = engine.kind_of(standing, is_attending=is_attending)
    if refusal := engine.why_not_sign(standing, kind, is_attending=is_attending):
        return refusal
    if kind != VersionKind.ADDENDUM:
        return drafting.why_not_as_done(report)
    return None


@transaction.atomic
def sign(report, *, draft_version, by, now, confirmed_by=""):
    """Sign the draft that the signer has read; returns the new version.

    What a referrer sees for the first time (all but preliminary versions) tells the referrer; the final version
    moves the order to reported. `confirmed_by`: how the signer showed who signs, for the audit trail. Raises
    Conflict when somebody else has saved or signed meanwhile, or the draft is not complete.
    """
    policy.permit(by, SIGN_PRELIMINARY)
    report = alone_with(report)
    if refusal := why_not_sign(report, by):
        raise Conflict(refusal)
    kind = kind_for(by, report)
    # Both: what was read here is what the signer has read, and nobody has saved since it was read here.
    swapped = report.draft_version == draft_version and Report.objects.filter(
        pk=report.pk, state=report.state, draft_version=draft_version
    ).update(state=engine.state_after(kind), next_kind="", next_reason="")
    if not swapped:
        raise Conflict(_changed(drafting.current(report), by=by, now=now))
    version = new_version(report, kind, reason=_reason(report, kind), by=by, now=now)
    record("report.signed", version, by=by, confirmed_by=confirmed_by)
    critical.identified(drafting.current(report), stage=str(kind), by=by, now=now)
    if kind != VersionKind.PRELIMINARY:
        _report(report, version, by=by, now=now)
    return version


def _reason(report, kind):
    if kind != VersionKind.AMENDMENT:
        return ""
    return report.next_reason if report.state in SIGNED else ANEW


def _report(report, version, *, by, now):
    """What the rest of the house and the referrer learn of a version that is for them. What is written anew after a
    retraction is a result that is ready: the one before was withdrawn."""
    if report.state not in SIGNED:
        visits.mark_reported(order=report.order, by=by, now=now, **_in_one_term(version))
        messages.result_ready(report.order, version=version.number, now=now)
        return
    if version.kind == VersionKind.AMENDMENT:
        visits.mark_amended(order=report.order, by=by, now=now, **_in_one_term(version))
    messages.result_changed(report.order, version=version.number, now=now)


def _in_one_term(version):
    """What stays with the order of the result: its term, and what that means."""
    group = group_of(version.scheme, version.category)
    return {"term": label_of(version.scheme, version.category), "meaning": GROUP_LABELS[group]}


def is_intact(version):
    """Whether the version still has the content that was signed."""
    return version.content_hash == engine.digest(_signed_content(version))


def alone_with(report):
    """The report as it is now, read under a lock on its order: two signers come one after the other."""
    Order.objects.select_for_update(no_key=True).get(pk=report.order_id)
    return drafting.current(report)


def new_version(report, kind, *, content=None, reason="", by, now):
    """Write the next version: the report's draft, or the content of an earlier version, chained to the one before."""
    last = report.versions.order_by("-number").first()
    version = ReportVersion(
        report=report,
        number=last.number + 1 if last else 1,
        kind=kind,
        reason=reason,
        previous_hash=last.content_hash if last else "",
        signed_at=now,
        signed_by=by,
        **{field: getattr(content or report, field) for field in CONTENT},
    )
    if kind != VersionKind.ADDENDUM:
        version.addendum = ""
    version.content_hash = engine.digest(_signed_content(version))
    version.save(force_insert=True)
    return version


def record(action, version, *, by, **data):
    """The audit event of a version: which one, and what exactly it says (as its hash)."""
    audit.record(
        action,
        version.report,
        by=by,
        patients=[version.report.order.patient_id],
        kind=str(version.kind),
        number=version.number,
        content_hash=version.content_hash,
        **{name: value for name, value in data.items() if value},
    )


def _signed_content(version):
    return {
        "accession_number": version.report.order.accession_number,
        "number": version.number,
        "kind": str(version.kind),
        "reason": version.reason,
        "previous_hash": version.previous_hash,
        "signed_at": version.signed_at.astimezone(UTC).isoformat(),
        "signed_by": version.signed_by.username,
        **{field: getattr(version, field) for field in CONTENT},
    }


def _changed(report, *, by, now):
    return f"{drafting.saved_by(report, by=by, now=now)} Read it again, then sign."
