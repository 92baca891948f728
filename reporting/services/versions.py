"""After the final version: an addendum or an amendment is begun and given up, and a report is retracted."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from reporting.engine import signing as engine
from reporting.engine.states import SIGNED, ReportState
from reporting.models import Report, ReportVersion, VersionKind
from reporting.services import critical, drafting, signing
from scheduling.services import messages, visits
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

LONGEST_REASON = 300
RETRACT = "report.retract"
BASES = (VersionKind.PRELIMINARY, VersionKind.FINAL, VersionKind.AMENDMENT)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a report says now: its newest `base` version (final or amended, else preliminary), the addenda signed
    after it, and the retraction where it was retracted since."""

    base: ReportVersion
    addenda: tuple[ReportVersion, ...] = ()
    retraction: ReportVersion | None = None

    @property
    def newest(self):
        return self.retraction or (self.addenda[-1] if self.addenda else self.base)


def standing(versions):
    """What these versions of one report (oldest first) say together, or None without any."""
    found = None
    for version in versions:
        if version.kind in BASES:
            found = Standing(version)
        elif version.kind == VersionKind.ADDENDUM:
            found = Standing(found.base, (*found.addenda, version))
        else:
            found = Standing(found.base, found.addenda, version)
    return found


def published(versions):
    """Those of one report's versions (oldest first) that are for others than readers: from the final one on, without
    preliminary ones and what retracts them; nothing before a final version."""
    found, base = [], ""
    for version in versions:
        base = version.kind if version.kind in BASES else base
        if version.kind == VersionKind.FINAL or (found and base != VersionKind.PRELIMINARY):
            found.append(version)
    return found


def why_not_begin(report, user):
    """A sentence why this user may begin neither an addendum nor an amendment now, or None."""
    return policy.why_not(user, "report.write") or engine.why_not_begin(drafting.standing(report))


@transaction.atomic
def begin(report, kind, *, reason="", by, now):
    """Begin an addendum or an amendment of a signed report: its draft opens again. Returns the report.

    The draft of an amendment starts with what the report says now, its addenda among the findings. Raises Invalid
    without the reason of an amendment, Conflict when there is nothing to amend or somebody has begun already.
    """
    policy.permit(by, "report.write")
    reason = _reason(reason) if kind == VersionKind.AMENDMENT else ""
    report = signing.alone_with(report)
    _refuse(engine.why_not_begin(drafting.standing(report)))
    now_says = standing(_versions(report))
    content = {field: getattr(now_says.base, field) for field in signing.CONTENT}
    if kind == VersionKind.AMENDMENT:
        content["findings"] = findings_with_addenda(now_says, ZoneInfo(report.order.site.time_zone))
    _rewrite(report, by=by, now=now, **{**content, "addendum": ""}, next_kind=kind, next_reason=reason)
    audit.record("report.begun", report, by=by, patients=[report.order.patient_id], kind=str(kind))
    return drafting.current(report)


@transaction.atomic
def give_up(report, *, draft_version, by, now):
    """Throw away an addendum or amendment that is not signed: the report stands as it was signed.

    Raises Conflict when somebody has saved after this version of the draft was read.
    """
    policy.permit(by, "report.write")
    report = signing.alone_with(report)
    if not report.next_kind:
        raise Conflict("No addendum or amendment of this report has been begun.")
    if report.draft_version != draft_version:
        raise Conflict(f"{drafting.saved_by(report, by=by, now=now)} Read it first, then throw it away.")
    base = standing(_versions(report)).base
    content = {field: getattr(base, field) for field in signing.CONTENT}
    _rewrite(report, by=by, now=now, **{**content, "addendum": ""}, next_kind="", next_reason="")
    audit.record("report.given_up", report, by=by, patients=[report.order.patient_id], kind=report.next_kind)
    return drafting.current(report)


def why_not_retract(report, user):
    """A sentence why this user may not retract this report now, or None."""
    return policy.why_not(user, RETRACT) or engine.why_not_retract(drafting.standing(report))


@transaction.atomic
def retract(report, *, number, reason, by, now, confirmed_by=""):
    """Retract the report whose newest version is `number`; returns the version that says so and why.

    Nothing is deleted. The order is to be reported again, from an empty draft: what was wrong is not signed twice by
    habit. A referrer who could see it is told to look. Raises Invalid without a reason, Conflict when somebody has
    signed meanwhile.
    """
    policy.permit(by, RETRACT)
    reason = _reason(reason)
    report = signing.alone_with(report)
    _refuse(engine.why_not_retract(drafting.standing(report)))
    said = standing(_versions(report))
    if said.newest.number != number:
        raise Conflict("This report has a newer version. Read it, then decide again.")
    version = signing.new_version(
        report, VersionKind.RETRACTION, content=said.base, reason=reason, by=by, now=now
    )
    was_out = report.state in SIGNED
    _rewrite(
        report, by=by, now=now, **_empty(report), state=ReportState.RETRACTED, next_kind="", next_reason=""
    )
    signing.record("report.retracted", version, by=by, confirmed_by=confirmed_by)
    critical.identified(drafting.current(report), stage=str(version.kind), by=by, now=now)
    if was_out:
        visits.mark_unreported(order=report.order, by=by)
        messages.result_withdrawn(report.order, version=version.number, now=now)
    return version


def findings_with_addenda(said, zone):
    """The findings of what the report says now, each addendum as a paragraph of its own below them."""
    notes = [
        f"Addendum of {_day(each.signed_at, zone)} ({each.signed_by.name}): {each.addendum}"
        for each in said.addenda
    ]
    return "\n\n".join([part for part in (said.base.findings, *notes) if part])


def _day(at, zone):
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def _versions(report):
    return list(report.versions.select_related("signed_by").order_by("number"))


def _rewrite(report, *, by, now, **fields):
    Report.objects.filter(pk=report.pk).update(
        **fields, draft_version=F("draft_version") + 1, written_by=by, written_at=now
    )


def _empty(report):
    """An empty draft in the same scheme and language."""
    kept = {"scheme": report.scheme, "language": report.language, "reading": {}}
    return {**dict.fromkeys(signing.CONTENT, ""), **kept}


def _reason(text):
    reason = " ".join(text.split())
    if not reason:
        raise Invalid("Some values cannot be right.", fields={"reason": ["Say why."]})
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            "Some values cannot be right.",
            fields={"reason": [f"At most {LONGEST_REASON} characters; this has {len(reason)}."]},
        )
    return reason


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)
