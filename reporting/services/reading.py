"""What a reader sees beside the report, and who may see which of a report's texts. Reading is audited."""

from dataclasses import dataclass

from django.db.models import Max, OuterRef, Subquery

from reporting.engine.schemes import GROUP_LABELS, SCHEMES, Group
from reporting.models import ReportVersion, VersionKind
from reporting.services import acquired, drafting, signing, versions
from reporting.services import priors as earlier
from scheduling import completeness, finished
from scheduling.engine.screening import Action
from scheduling.models import Appointment, Decision, ScheduledProcedureStep, StepKind
from scheduling.models.querysets import rows_of
from scheduling.services import release, screening
from vqflow import policy
from vqflow.statements import Compiled

MOST_PRIORS = 10
SERIOUS = (Action.BLOCK, Action.CONSULT, Action.WARN)


@dataclass(frozen=True, slots=True)
class Term:
    """A category in the words of its scheme."""

    label: str
    scheme: str
    group: str
    group_label: str

    @property
    def is_critical(self):
        return self.group == Group.LIKELY


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed version as it is shown. `is_intact` is False where the content differs from what was signed; `end` is
    "retracted" or "replaced" where a later version says so."""

    version: ReportVersion
    term: Term
    is_intact: bool
    end: str = ""


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier signed result of the same patient; `examined_at` is the end of its last step."""

    version: ReportVersion
    term: Term
    examined_at: object


@dataclass(frozen=True, slots=True)
class Step:
    """A scheduled procedure step with the place where it was done, and what it brought."""

    step: object
    place: str
    acquired: acquired.Acquired


@dataclass(frozen=True, slots=True)
class Handed:
    """What the technologist says of the finished examination. `row`: the HandOver or None; `is_expected`: the site
    hands over. `missing`: what the record lacks now. `said`: releases so far, the newest last."""

    appointment: Appointment
    row: object
    is_expected: bool
    missing: tuple
    said: list


@dataclass(frozen=True, slots=True)
class Case:
    """What helps to read: the performed steps, the hand-over (None before the end), the physicians' overrides,
    warnings, incidents during the examination, earlier results."""

    steps: list
    handed: Handed | None
    overrides: list
    warnings: list
    incidents: list
    priors: list

    @property
    def xray(self):
        return next((each for each in self.steps if each.step.kind == StepKind.XRAY), None)


def term(content):
    """The term of a draft or version, or None without a category."""
    return term_of(content.scheme, content.category) if content.category else None


def term_of(scheme, category):
    """A category in the words of its scheme.

    What is signed may be older than the table of schemes: then its own words are shown, without a group.
    """
    known = SCHEMES.get(scheme)
    for each in known.categories if known else ():
        if each.key == category:
            return Term(each.label, known.name, each.group, GROUP_LABELS[each.group])
    return Term(category, scheme, "", "")


def case(order, *, now):
    """What helps to read this order's examination, in a fixed number of queries."""
    done = finished.examination(order)
    effects = screening.assess(order, now)
    return Case(
        steps=[_step(step) for step in rows_of(done, "steps")] if done else [],
        handed=_handed(done, now) if done else None,
        overrides=_overrides(order, done),
        warnings=list(dict.fromkeys(effect.sentence for effect in effects if effect.action in SERIOUS)),
        incidents=list(rows_of(done, "incidents")) if done else [],
        priors=priors(order),
    )


def may_see_draft(user):
    return policy.allows(user, "report.write")


def signed(report, user):
    """The signed versions that this user may read, newest first: only those who list reports see preliminary ones."""
    if not report.pk:
        return []
    found = drafting.read_versions(report)
    if not policy.allows(user, "report.list"):
        found = versions.published(found)
    return shown(found, report)


def shown(found, report):
    """These versions of a report (oldest first) as they are shown, the newest first, each with how it ended."""
    result, end = [], ""
    for version in reversed(found):
        version.report = report
        is_retraction = version.kind == VersionKind.RETRACTION
        mark = "" if is_retraction else end
        result.append(Signed(version, term(version), signing.is_intact(version), mark))
        if is_retraction:
            end = "retracted"
        elif not end and version.kind in versions.BASES:
            end = "replaced"
    return result


def _overrides(order, done):
    """Physicians' overrides, the oldest first."""
    if done is None:
        found = order.decisions.filter(kind=Decision.Kind.OVERRIDE)
        return list(found.select_related("physician").order_by("decided_at"))
    return [row for row in rows_of(order, "decisions") if row.kind == Decision.Kind.OVERRIDE]


def _handed(done, now):
    return Handed(
        appointment=done,
        row=getattr(done, "hand_over", None),
        is_expected=release.hands_over(done.site),
        missing=completeness.missing(done, now),
        said=list(rows_of(done, "releases")),
    )


def _step(step):
    return Step(step, step.elsewhere or _place(step), acquired.of(step))


def _place(step):
    return ", ".join(dict.fromkeys(row.resource.name for row in rows_of(step, "reservations")))


def priors(order):
    """What the reports of the patient's other orders at this site say now, newest first; retracted ones say nothing."""
    found = _PRIORS.all(patient=order.patient_id, site=order.site_id, order=order.pk)
    return [Prior(each, term(each), each.examined_at or each.signed_at) for each in found]


def _priors(**keys):
    standing = earlier.standing_of(**keys)
    ends = ScheduledProcedureStep.objects.filter(appointment__procedure__order=OuterRef("report__order"))
    last = ends.order_by().values("appointment__procedure__order").annotate(end=Max("performed_end_at"))
    return (
        ReportVersion.objects.filter(pk__in=standing.values("pk"))
        .select_related("report__order", "signed_by")
        .annotate(examined_at=Subquery(last.values("end")))
        .order_by("-signed_at")[:MOST_PRIORS]
    )


_PRIORS = Compiled(_priors, fixed=(*earlier.KINDS, *earlier.STATES), patient=-1, site=-2, order=-3)
