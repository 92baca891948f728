"""What a reader sees beside the report, and who may see which of a report's texts. Reading is audited."""

from dataclasses import dataclass

from django.db.models import Max, Prefetch

from reporting.engine.schemes import GROUP_LABELS, SCHEMES, Group
from reporting.models import ReportVersion
from reporting.services import signing
from scheduling.engine.screening import Action
from scheduling.engine.states import AppointmentState
from scheduling.models import Appointment, Decision, Order, Reservation, ResourceKind, StepKind
from scheduling.services import screening
from vqflow import audit, policy
from vqflow.errors import NotFound

MOST_PRIORS = 10
SERIOUS = (Action.BLOCK, Action.CONSULT, Action.WARN)
PERFORMED_END = "report__order__procedure__appointments__steps__performed_end_at"


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
    """A signed version as it is shown. `is_intact` is False where the content differs from what was signed."""

    version: ReportVersion
    term: Term
    is_intact: bool


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier signed result of the same patient; `examined_at` is the end of its last step."""

    version: ReportVersion
    term: Term
    examined_at: object


@dataclass(frozen=True, slots=True)
class Step:
    """A scheduled procedure step with the place where it was done."""

    step: object
    place: str


@dataclass(frozen=True, slots=True)
class Case:
    """What helps to read: the performed steps, the physicians' overrides, warnings, earlier results."""

    steps: list
    overrides: list
    warnings: list
    priors: list

    @property
    def xray(self):
        return next((each for each in self.steps if each.step.kind == StepKind.XRAY), None)


def term(content):
    """The term of a draft or version, or None without a category.

    A signed version may be older than the table of schemes: then its own words are shown, without a group.
    """
    if not content.category:
        return None
    scheme = SCHEMES.get(content.scheme)
    for each in scheme.categories if scheme else ():
        if each.key == content.category:
            return Term(each.label, scheme.name, each.group, GROUP_LABELS[each.group])
    return Term(content.category, content.scheme, "", "")


def case(order, *, now):
    """What helps to read this order's examination, in a fixed number of queries."""
    effects = screening.assess(order, now)
    return Case(
        steps=_steps(order),
        overrides=list(
            order.decisions.filter(kind=Decision.Kind.OVERRIDE)
            .select_related("physician")
            .order_by("decided_at")
        ),
        warnings=list(dict.fromkeys(effect.sentence for effect in effects if effect.action in SERIOUS)),
        priors=_priors(order),
    )


def may_see_draft(user):
    return policy.allows(user, "report.write")


def signed(report, user):
    """The signed versions that this user may read, newest first: only those who list reports see preliminary ones."""
    if not report.pk:
        return []
    versions = report.versions.select_related("signed_by").order_by("-number")
    if not policy.allows(user, "report.list"):
        versions = versions.filter(kind=ReportVersion.Kind.FINAL)
    return [_shown(version, report) for version in versions]


def own_result(pk, *, by):
    """(order, its final version) of a referrer's own patient; NotFound for anybody else's. Audited."""
    policy.permit(by, "report.view_own_patients")
    order = Order.objects.for_user(by).with_people().filter(pk=pk, referrer__user=by).first()
    version = order and (
        ReportVersion.objects.select_related("report", "signed_by")
        .filter(report__order=order, kind=ReportVersion.Kind.FINAL)
        .first()
    )
    if version is None:
        raise NotFound("There is no result of a patient of yours here.")
    version.report.order = order
    audit.record("report.view_own_patients", order, by=by, patients=[order.patient_id])
    return order, _shown(version, version.report)


def _shown(version, report):
    version.report = report
    return Signed(version, term(version), signing.is_intact(version))


def _steps(order):
    rooms = Reservation.objects.filter(
        status__in=[*Reservation.OCCUPYING, Reservation.Status.OVERBOOKED], resource__kind=ResourceKind.ROOM
    ).select_related("resource")
    done = (
        Appointment.objects.filter(procedure__order=order, state=AppointmentState.FULFILLED)
        .prefetch_related(Prefetch("steps__reservations", rooms, to_attr="rooms"))
        .first()
    )
    return [Step(step, step.elsewhere or _place(step)) for step in done.steps.all()] if done else []


def _place(step):
    return ", ".join(dict.fromkeys(row.resource.name for row in step.rooms))


def _priors(order):
    """Final results of the patient's other orders at this site, newest first."""
    versions = (
        ReportVersion.objects.filter(
            kind=ReportVersion.Kind.FINAL,
            report__order__patient_id=order.patient_id,
            report__order__site_id=order.site_id,
        )
        .exclude(report__order=order)
        .select_related("report__order", "signed_by")
        .annotate(examined_at=Max(PERFORMED_END))
        .order_by("-signed_at")[:MOST_PRIORS]
    )
    return [Prior(each, term(each), each.examined_at or each.signed_at) for each in versions]
