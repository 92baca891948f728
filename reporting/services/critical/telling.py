"""Attempts to tell a critical result, the call in which it was told, and its withdrawal."""

from zoneinfo import ZoneInfo

from django.db import transaction

from reporting.engine import critical as engine
from reporting.engine.critical import FAILURES, METHODS, Stage
from reporting.engine.signing import moment
from reporting.models import Attempt, Closing, Told
from reporting.services.critical import rows
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.models import User
from vqflow.statements import insert

NOTHING_OPEN = "Nothing has to be told about this examination."
LONGEST = {"told_to": 150, "whom": 150, "finding": 500, "note": 200, "reason": 300}


def why_not_tell(report):
    """A sentence why there is nothing to be told about this report, or None."""
    if report.pk and rows.open_of(report):
        return None
    last = report.pk and Told.objects.filter(result__report=report).order_by("-told_at").first()
    return already_told(last, report.order) if last else NOTHING_OPEN


def already_told(told, order):
    when = moment(told.told_at, ZoneInfo(order.site.time_zone))
    return f"{told.told_by.name} told {told.told_to} {when}."


def who_may_tell(order):
    """Who can have told it: the site's physicians and leads."""
    roles = policy.MAY["critical.tell"]
    found = User.objects.filter(site_code=order.site.code, role__in=roles, is_active=True)
    return found.order_by("last_name", "first_name", "username")


@transaction.atomic
def tried(report, *, whom, outcome, by, now, method=engine.Method.PHONE, note=""):
    """Somebody tried to tell and nobody was told; returns the attempts, one for each open result.

    Raises Invalid at the field, and Conflict where nothing is open any more.
    """
    policy.permit(by, "critical.tell")
    whom, note = whom.strip(), note.strip()
    _check_lengths(whom=whom, note=note)
    faults = _faults_of_attempt(whom, method, outcome)
    if faults:
        raise Invalid("The attempt is not written down yet.", fields=faults)
    made = [
        Attempt(
            result=result,
            tried_at=now,
            tried_by=by,
            whom=whom,
            method=method,
            outcome=outcome,
            note=note,
            recorded_at=now,
        )
        for result in _alone_with_open(report)
    ]
    insert(made)
    for attempt in made:
        rows.record("critical.tried", attempt.result, by=by, heard=str(outcome), method=str(method))
    return made


def _faults_of_attempt(whom, method, outcome):
    faults = {}
    if not whom:
        faults["whom"] = ["Say whom you tried to reach."]
    if method not in METHODS:
        faults["method"] = ["Say how you tried."]
    if outcome not in FAILURES:
        faults["outcome"] = ["Say what came of it."]
    return faults


@transaction.atomic
def told(report, telling, *, by, now, told_by=None, note="", seen=None):
    """Somebody who can act was told and has read it back: closes what is open; returns the Told rows.

    `told_by`: who told it, where `by` only writes it down. `seen`: ids of the results that `by` had in view. Raises
    Invalid at the field where one of the six fields is missing or it was not read back, and Conflict where nothing is
    open any more or something else has become critical meanwhile.
    """
    policy.permit(by, "critical.tell")
    results, note = _alone_with_open(report), note.strip()
    if seen is not None and not {result.pk for result in results} <= set(seen):
        raise Conflict("Something else has become critical meanwhile. Look at it, and tell that too.")
    _check_lengths(told_to=telling.told_to, finding=telling.finding, note=note)
    faults = engine.why_not_told(telling, min(result.identified_at for result in results), now)
    if faults:
        raise Invalid("This does not close it yet.", fields={key: [said] for key, said in faults.items()})
    made = [
        Told(
            result=result,
            finding=telling.finding.strip(),
            told_by=_teller(told_by or by, report.order),
            told_to=telling.told_to.strip(),
            told_at=telling.told_at,
            method=telling.method,
            read_back=telling.read_back,
            note=note,
            recorded_at=now,
            recorded_by=by,
        )
        for result in results
    ]
    for row in made:
        rows.close(row.result, Closing.TOLD, now)
    insert(made)
    for row in made:
        rows.record("critical.told", row.result, by=by, method=str(telling.method), told_by=row.told_by_id)
    rows.show(report, now=now)
    return made


def _teller(user, order):
    may = policy.allows(user, "critical.tell") and user.site_code == order.site.code
    if not may:
        raise Invalid("Check who told it.", fields={"told_by": ["Choose a physician or lead of this site."]})
    return user


@transaction.atomic
def withdraw(result, *, reason, by, now):
    """Nobody has to be told: it was a slip. Raises Invalid without a reason, and Conflict where it is closed, or
    where a signed version says it: that is amended, and told as it is.
    """
    policy.permit(by, "critical.withdraw")
    reason = reason.strip()
    _check_lengths(reason=reason)
    if not reason:
        raise Invalid("Say why nobody has to be told.", fields={"reason": ["Say why nobody has to be told."]})
    report = result.report
    rows.alone_with(report)
    result.refresh_from_db(fields=["closed_at", "closing"])
    if refusal := why_not_withdraw(result):
        raise Conflict(refusal)
    rows.withdrawn(result, reason=reason, stage=Stage.DRAFT, by=by, now=now)
    rows.show(report, now=now)
    return result


def why_not_withdraw(result):
    """A sentence why this result cannot be withdrawn by hand, or None."""
    if not result.is_open:
        return "This is closed already."
    report = result.report
    if engine.is_said(result.key, report.scheme, report.category, report.reading.get("other", ())):
        return "The report still says it. Change the report first, or tell it."
    signed = report.versions.order_by("-number").first()
    if signed and engine.is_said(result.key, signed.scheme, signed.category, signed.reading.get("other", ())):
        return "A signed version still says it. Amend the report, or tell it."
    if result.is_correction:
        return "Somebody was told what no longer stands. Tell them so."
    return None


def _alone_with_open(report):
    if report.pk:
        rows.alone_with(report)
    found = rows.open_of(report)
    if not found:
        raise Conflict(why_not_tell(report) or NOTHING_OPEN)
    for result in found:
        result.report = report
    return found


def _check_lengths(**texts):
    faults = {
        field: [f"At most {LONGEST[field]} characters; this has {len(text)}."]
        for field, text in texts.items()
        if len(text) > LONGEST[field]
    }
    if faults:
        raise Invalid("Some values cannot be right.", fields=faults)
