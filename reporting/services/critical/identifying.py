"""Whether what was just saved or signed cannot wait; and what becomes of what was said to be critical before."""

from datetime import timedelta

from django.db import transaction

from reporting.engine import critical as engine
from reporting.engine.critical import Kind, Stage
from reporting.models import Closing, CriticalResult, ReportingRules
from reporting.services.critical import rows
from vqflow.statements import insert

# A term chosen by a slip of the hand and put right at once, before anybody was phoned.
SLIP = timedelta(minutes=2)


@transaction.atomic
def identified(report, *, stage, by, now):
    """Open, keep or end the critical results of a report; returns those that this call opened.

    Call it after every save and every signature, critical or not, in the same transaction and with the report as it
    is now. `stage`: "draft" after a save, else the kind of the version signed ("preliminary", "final", "addendum",
    "amendment", "retraction"). Asked again about the same content it does nothing.

    What a signature no longer says is withdrawn where nobody was told, and to be corrected by phone where somebody
    was. What only the draft no longer says stays open until a reader withdraws it, or the slip was put right at once.
    """
    stage = Stage(stage)
    wanted, before = _reasons(report, stage), _standing(report)
    if not wanted and not before:
        return []
    rows.alone_with(report)
    before = _standing(report)
    for result in before.values():
        if not _is_said(report, stage, result):
            _no_longer(report, result, stage, by=by, now=now)
    opened = [
        _open(report, reason.key, reason.words, stage, by=by, now=now)
        for reason in wanted
        if _is_news(before.get(reason.key), stage, by=by, now=now)
    ]
    rows.show(report, now=now)
    return [result for result in opened if result]


def _reasons(report, stage):
    if stage == Stage.RETRACTION:
        return ()
    rules = rules_of(report.order.site)
    return engine.reasons(*_content(report), rules.critical_terms, rules.critical_findings)


def rules_of(site):
    return ReportingRules.objects.filter(site=site).first() or ReportingRules(site=site)


def _content(report):
    return report.scheme, report.category, report.reading.get("other", ())


def _standing(report):
    """{key: the newest result about it that was not withdrawn}"""
    found = CriticalResult.objects.filter(report=report).exclude(closing=Closing.WITHDRAWN)
    newest = {}
    for result in found.select_related("told").prefetch_related("attempts").order_by("pk"):
        result.report = report
        newest[result.key] = result
    return newest


def _is_said(report, stage, result):
    """Whether the report still says it, whatever the department lists as critical by now."""
    return stage != Stage.RETRACTION and engine.is_said(result.key, *_content(report))


def _is_news(last, stage, *, by, now):
    """Whether something critical has to be told anew: it never was, or it was corrected since."""
    if last is None:
        return True
    if last.is_correction and last.is_open and stage != Stage.DRAFT:
        rows.withdrawn(last, reason="Signed as critical again.", stage=stage, by=by, now=now)
        return False
    return last.is_correction and not last.is_open


def _no_longer(report, result, stage, *, by, now):
    if result.is_correction:
        return
    if stage == Stage.DRAFT:
        if _is_slip(report, result, by, now):
            reason = f"Changed to {_now_said(report)} at once."
            rows.withdrawn(result, reason=reason, stage=stage, by=by, now=now)
    elif result.is_open:
        reason = (
            f"{_signed(stage)}: {_now_said(report)}."
            if stage != Stage.RETRACTION
            else "The report was retracted."
        )
        rows.withdrawn(result, reason=reason, stage=stage, by=by, now=now)
    else:
        says = (
            "The report was retracted"
            if stage == Stage.RETRACTION
            else f"The report now says {_now_said(report)}"
        )
        words = f"No longer stands: {result.finding}. {says}."
        _open(report, result.key, words, stage, by=by, now=now, kind=Kind.CORRECTION)


def _is_slip(report, result, by, now):
    """An emptied field is no other finding; a second person does not put right what the first one saw; and what was
    signed meanwhile is taken back by a signature only."""
    return (
        result.is_open
        and result.stage == Stage.DRAFT
        and result.identified_by_id == by.pk
        and now - result.identified_at <= SLIP
        and report.category != ""
        and not result.attempts.all()
        and not result.escalations.exists()
        and not report.versions.exists()
    )


def _signed(stage):
    return f"Signed as {stage}"


def _now_said(report):
    return engine.term_of(report.scheme, report.category) or "no category"


def _open(report, key, words, stage, *, by, now, kind=Kind.CRITICAL):
    """The new result, or None where another one has opened it."""
    rules = rules_of(report.order.site)
    made = CriticalResult(
        report=report,
        kind=kind,
        key=key,
        finding=words[: CriticalResult._meta.get_field("finding").max_length],
        stage=stage,
        identified_at=now,
        identified_by=by,
        due_at=now + rules.tell_within,
        escalate_after=[step.minutes for step in engine.escalation(rules.escalate_after)],
    )
    insert([made])
    rows.record("critical.identified", made, by=by, stage=str(stage), kind=str(kind), key=key)
    return made
