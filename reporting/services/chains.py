"""Whether the signed reports still are what was signed: each version by its own hash, by that of the version before,
and by the one that the audit trail kept when it was signed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from reporting.engine.states import ReportState
from reporting.models import Report, ReportVersion
from reporting.services import signing
from vqflow.models import AuditEvent

AT_ONCE = 500
ACTIONS = ("report.signed", "report.retracted")


@dataclass(frozen=True, slots=True)
class Break:
    """`number`: of the version that is wrong or missing, 0 where a signed report has none at all."""

    report_id: int
    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at in one go."""

    reports: int
    versions: int
    breaks: tuple[Break, ...]


def breaks(report):
    """The breaks of one report, oldest version first."""
    return _of_batch([report]).breaks


def all_reports() -> Iterator[Checked]:
    """Every report, in batches: three statements and a fixed number of rows for each."""
    last = 0
    while batch := list(Report.objects.filter(pk__gt=last).select_related("order").order_by("pk")[:AT_ONCE]):
        yield _of_batch(batch)
        last = batch[-1].pk


def _of_batch(batch):
    signed, told = defaultdict(list), defaultdict(dict)
    for version in (
        ReportVersion.objects.filter(report__in=batch).select_related("signed_by").order_by("number")
    ):
        signed[version.report_id].append(version)
    events = AuditEvent.objects.filter(
        subject_type=Report._meta.label_lower,
        subject_id__in=[str(report.pk) for report in batch],
        action__in=ACTIONS,
    )
    for report_id, data in events.values_list("subject_id", "data"):
        told[int(report_id)][data["number"]] = data["content_hash"]
    found = [each for report in batch for each in _breaks(report, signed[report.pk], told[report.pk])]
    return Checked(len(batch), sum(len(each) for each in signed.values()), tuple(found))


def _breaks(report, versions, told):
    """`told`: {number: the hash that the audit trail has}; what was brought in from elsewhere has no event."""
    before, expected = "", 1
    for version in versions:
        version.report = report
        for missing in range(expected, version.number):
            yield Break(report.pk, missing, "is missing")
        if sentence := _why_broken(version, before, told.get(version.number)):
            yield Break(report.pk, version.number, sentence)
        before, expected = version.content_hash, version.number + 1
    for missing in range(expected, max(told, default=0) + 1):
        yield Break(report.pk, missing, "is missing")
    if not versions and not told and report.state != ReportState.DRAFT:
        yield Break(report.pk, 0, f"the report is {report.state}, and no signed version is there")


def _why_broken(version, before, told):
    """Versions from before there was a chain name none."""
    if not signing.is_intact(version):
        return "is not what was signed"
    if told not in (None, version.content_hash):
        return "is not what the audit trail says was signed"
    if version.previous_hash not in ("", before):
        return "does not follow the version that it was signed after"
    return None
