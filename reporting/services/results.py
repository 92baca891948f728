"""Results, as the referrers see them: their own patients', the newest version first, and what is new to them."""

from dataclasses import dataclass

from reporting.engine.differences import Difference
from reporting.models import Look, Report, VersionKind
from reporting.services import reading, said, versions
from scheduling.models import Order
from vqflow import audit, policy
from vqflow.errors import NotFound

ACTION = "report.view_own_patients"
NONE = "There is no result of a patient of yours here."


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one examination. `standing`: what it says now; `shown`: its versions as they are shown, newest
    first. `seen_number`: the newest version that this person had opened before, 0 for none; `differences`: what the
    report says otherwise since then."""

    order: Order
    report: Report
    standing: versions.Standing
    shown: tuple[reading.Signed, ...]
    seen_number: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def found(self):
        """The versions, oldest first."""
        return [each.version for each in reversed(self.shown)]

    @property
    def base(self):
        return next(each for each in self.shown if each.version == self.standing.base)

    @property
    def addenda(self):
        return [each for each in reversed(self.shown) if each.version in self.standing.addenda]

    @property
    def earlier(self):
        """Versions that say nothing any more because a later one says it."""
        current = {self.standing.base, *self.standing.addenda, self.standing.retraction}
        return [each for each in self.shown if each.version not in current]

    @property
    def is_new_since(self):
        return bool(self.seen_number) and self.standing.newest.number > self.seen_number


def own(pk, *, by, now):
    """The result of a referrer's own patient, seen from now on; NotFound for anybody else's. Audited."""
    result = _own(pk, by=by)
    newest = result.standing.newest.number
    Look.objects.update_or_create(report=result.report, user=by, defaults={"number": newest, "seen_at": now})
    audit.record(ACTION, result.order, by=by, patients=[result.order.patient_id], number=newest)
    return result


def own_to_print(pk, *, by):
    """The same for paper; what was seen stays as it is. Audited as printed."""
    result = _own(pk, by=by)
    audit.record("report.printed", result.order, by=by, patients=[result.order.patient_id])
    return result


def _own(pk, *, by):
    policy.permit(by, ACTION)
    order = Order.objects.for_user(by).with_people().filter(pk=pk, referrer__user=by).first()
    report = order and Report.objects.filter(order=order).first()
    found = (
        versions.published(report.versions.select_related("signed_by").order_by("number")) if report else []
    )
    if not found:
        raise NotFound(NONE)
    report.order = order
    look = Look.objects.filter(report=report, user=by).first()
    seen = look.number if look else 0
    shown = tuple(reading.shown(found, report))
    return Result(order, report, versions.standing(found), shown, seen, _since(found, seen))


def _since(found, seen):
    """What the report says otherwise than it did in the newest version that was seen."""
    before = [each for each in found if each.number <= seen and each.kind in versions.BASES]
    now = [each for each in found if each.kind in versions.BASES][-1]
    return said.between(before[-1], now) if before and before[-1] != now else ()


def news(rows, by):
    """{order's number: "New", "Changed" or "Retracted"} of a referrer's list: what this person has not opened yet."""
    reports = [row.report for row in rows]
    seen = dict(Look.objects.filter(report__in=reports, user=by).values_list("report_id", "number"))
    found = {}
    for row in rows:
        newest = versions.published(list(row.report.versions.all()))[-1]
        if newest.number > seen.get(row.report.pk, 0):
            found[row.order.pk] = _news(newest, row.report.pk in seen)
    return found


def _news(newest, was_seen):
    if newest.kind == VersionKind.RETRACTION:
        return "Retracted"
    return "Changed" if was_seen else "New"
