"""The draft of a report: opened, and saved without ever overwriting what somebody else has saved meanwhile."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q

from reporting.engine import signing as engine
from reporting.engine.criteria import why_not_offered
from reporting.engine.findings import InvalidReading, as_json, parse
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES
from reporting.engine.states import SIGNED, ReportState
from reporting.models import LATER_KINDS, Report, VersionKind
from reporting.services import critical, evaluation, priors
from scheduling.models import Language
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound
from vqflow.statements import Compiled

LONGEST_TEXT = 20_000
LARGEST_VERSION = 2**31 - 1
LONGEST_CATEGORY = 40
LONGEST_REASON = 300
UNFINISHED = (ReportState.DRAFT, ReportState.PRELIMINARY, ReportState.RETRACTED)
OPEN = Q(state__in=UNFINISHED) | Q(state__in=SIGNED, next_kind__in=LATER_KINDS)
FIRST_VERSION = 1
CHOSEN = ("scheme", "category", "override_reason", "reading", "language")
TEXTS = ("findings", "impression", "next_step", "addendum")
WRITABLE = (*CHOSEN, *TEXTS)
# An unsaved report: fields with a default of the database would be expressions.
EMPTY = {
    **dict.fromkeys((*TEXTS, "category", "suggested", "suggested_by", "override_reason"), ""),
    "next_kind": "",
    "next_reason": "",
    "draft_version": FIRST_VERSION,
}


def of(order, *, frame=None):
    """The order's report, or an unsaved empty one in the site's default scheme and language.

    `frame`: the order's evaluation.Frame where the caller has it.
    """
    report = _REPORT.first(order=order.pk) or Report(
        order=order, **EMPTY, **_beginning(order, frame or evaluation.frame(order))
    )
    report.order = order
    return report


_REPORT = Compiled(
    lambda order: Report.objects.filter(order_id=order).select_related("written_by", "read_by"), order=-1
)


def existing(order):
    """The order's report; NotFound before the first draft."""
    report = of(order)
    if not report.pk:
        raise NotFound("There is no draft to sign yet. Write the report first.")
    return report


def _beginning(order, frame):
    """The language, and the site's default scheme where it fits what was done; else the first one that does."""
    offered = frame.offered or (DEFAULT_SCHEME,)
    wanted = order.site.default_scheme
    return {"scheme": wanted if wanted in offered else offered[0], "language": frame.rules.language}


def standing(report):
    """What the engine judges a refusal by, as the database has it."""
    signature, was_final = None, False
    if report.pk and report.state != ReportState.DRAFT:
        versions = getattr(report, "as_read", None) or _versions(report)
        zone = ZoneInfo(report.order.site.time_zone)
        signature = engine.Signature(versions[-1].signed_by.name, engine.moment(versions[-1].signed_at, zone))
        was_final = any(each.kind == VersionKind.FINAL for each in versions)
    return engine.Standing(
        report.order.state,
        report.state,
        report.category,
        report.impression,
        signature,
        report.next_kind,
        addendum=report.addendum,
        suggested=report.suggested,
        override_reason=report.override_reason,
        was_final=was_final,
    )


def read_versions(report):
    """The signed versions, oldest first. A report that a page shows has them once (`as_read`): what is written is
    judged by `current`, which has none."""
    report.as_read = _versions(report)
    return list(report.as_read)


def _versions(report):
    return list(report.versions.select_related("signed_by").order_by("number"))


def why_not_write(report, user):
    """A sentence why this user may not write this report now, or None."""
    return policy.why_not(user, "report.write") or engine.why_not_write(standing(report))


@transaction.atomic
def open_draft(order, *, by, now):
    """The order's report, made with the site's default scheme where there is none yet.

    Raises Conflict while the examination is not finished.
    """
    policy.permit(by, "report.write")
    report = of(order)
    if report.pk:
        return report
    _refuse(engine.why_not_write(standing(report)))
    report, created = Report.objects.get_or_create(
        order=order,
        defaults={
            "scheme": report.scheme,
            "language": report.language,
            "written_by": by,
            "written_at": now,
        },
    )
    if created:
        audit.record("report.opened", report, by=by, patients=[order.patient_id])
    return report


@transaction.atomic
def write(order, *, by, now, **draft):
    """Save the draft of an order's report, which is opened with it; arguments and errors are those of `save`."""
    return save(open_draft(order, by=by, now=now), by=by, now=now, **draft)


@transaction.atomic
def save(report, *, draft_version, by, now, **content):
    """Save the draft if it is still the version that the writer has read; returns the report as saved.

    `content`: any of WRITABLE; what is left out stays. What the criteria suggest is judged here, whatever the
    client says. Where an addendum has been begun, only its text is written. Raises Invalid at the field, and
    Conflict, with nothing written, when somebody else has saved or signed meanwhile or the examination is not
    finished. The text that is already there is no conflict.
    """
    policy.permit(by, "report.write")
    before = current(report)
    content = _judged(before, _checked(before, content))
    _refuse(engine.why_not_write(standing(before)))
    if all(getattr(before, field) == value for field, value in content.items()):
        return before
    unchanged = Report.objects.filter(OPEN, pk=report.pk, draft_version=draft_version)
    swapped = unchanged.update(**content, draft_version=F("draft_version") + 1, written_by=by, written_at=now)
    saved = current(report)
    if not swapped:
        _refuse(engine.why_not_write(standing(saved)))
        raise Conflict(f"{saved_by(saved, by=by, now=now)} {MERGE}")
    audit.record(
        "report.saved", saved, by=by, patients=[saved.order.patient_id], draft_version=saved.draft_version
    )
    critical.identified(saved, stage="draft", by=by, now=now)
    return saved


MERGE = "Your text is kept below; compare it with the saved text, then save again."


def has_term(scheme, category):
    """Whether the scheme has this category."""
    return category in [each.key for each in SCHEMES[scheme].categories]


def saved_by(report, *, by, now):
    """A sentence in the site's time: Ada Lund saved this report at 10:42."""
    when = local_moment(report.written_at, report, now)
    if report.written_by == by:
        return f"You saved this report {when} in another window."
    return f"{report.written_by.name} saved this report {when}."


def local_moment(moment, report, now):
    """A moment in the site's time, for a sentence: "at 10:42", or with its day."""
    return engine.moment(moment, ZoneInfo(report.order.site.time_zone), now)


def local_time(moment, report, now):
    """`local_moment` without its first word, for "since"."""
    return local_moment(moment, report, now).partition(" ")[2]


def current(report):
    """The report as the database has it now, with order, patient, site and writer loaded."""
    around = ("order__site", "order__patient", "order__referrer", "written_by", "read_by")
    return Report.objects.select_related(*around).get(pk=report.pk)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _checked(before, content):
    """The content to write, with one kind of line end, or Invalid with a sentence at each field that cannot be
    right."""
    if unknown := content.keys() - set(WRITABLE):
        raise TypeError(f"A report has no {', '.join(sorted(unknown))}.")
    if before.next_kind == VersionKind.ADDENDUM:
        content = {field: content[field] for field in content if field == "addendum"}
    content = {field: _lines(value) if field in TEXTS else value for field, value in content.items()}
    faults = {}
    if "reading" in content:
        try:
            content["reading"] = _reading(before, content["reading"])
        except InvalidReading as refusal:
            faults["reading"] = [f"{refusal.path}: {refusal.sentence}"]
    faults |= _faults(before, {field: getattr(before, field) for field in WRITABLE} | content)
    if faults:
        raise Invalid("Some values cannot be right.", fields=faults)
    return content


def _reading(before, kept):
    """The reading in its one form. What it is newly compared with has to be an earlier examination of this patient;
    a prior that was retracted since stays until the reader chooses another one."""
    found = parse(kept)
    prior = found.comparison.prior_order
    known = (None, before.reading.get("comparison", {}).get("prior_order"))
    if prior not in known and (refusal := priors.why_not(before.order, prior)):
        raise InvalidReading("comparison.prior_order", refusal)
    return as_json(found)


def _judged(before, content):
    """The content with what the criteria suggest for it; a reason is kept only for a category that differs, and only
    for the one that it was given for."""
    if not content.keys() & {"scheme", "reading", "category", "override_reason"}:
        return content
    after = {field: getattr(before, field) for field in CHOSEN} | content
    found = {"suggested": before.suggested, "suggested_by": before.suggested_by}
    if any(after[field] != getattr(before, field) for field in ("scheme", "reading")):
        found = evaluation.suggested(before.order, scheme=after["scheme"], reading=parse(after["reading"]))
    is_another = after["category"] != before.category and "override_reason" not in content
    if is_another or found["suggested"] in ("", after["category"]):
        found["override_reason"] = ""
    return content | found


def _faults(before, content):
    """{field: [sentence]} of what cannot be right."""
    faults, scheme = {}, SCHEMES.get(content["scheme"])
    if scheme is None:
        faults["scheme"] = ["Choose one of the schemes."]
    elif content["scheme"] != before.scheme and (
        refusal := _why_not_scheme(before.order, content["scheme"], content["reading"])
    ):
        faults["scheme"] = [refusal]
    elif content["category"] and not has_term(scheme.key, content["category"]):
        faults["category"] = [f"Choose one of the terms of {scheme.name}."]
    if content["language"] not in Language.values:
        faults["language"] = ["Choose one of the languages."]
    limits = {**dict.fromkeys(TEXTS, LONGEST_TEXT), "override_reason": LONGEST_REASON}
    for field, most in limits.items():
        if len(content[field]) > most:
            faults[field] = [f"At most {most} characters; this has {len(content[field])}."]
    return faults


def why_not_as_done(report):
    """A sentence why the draft does not fit what was done, as it is recorded or corrected now, and what to do; or
    None."""
    kept = evaluation.kept_reading(report)
    study = evaluation.frame(report.order).read_as(kept).study
    if report.scheme in SCHEMES and (refusal := why_not_offered(report.scheme, study)):
        return f"{refusal} Choose another scheme, then sign."
    if idle := evaluation.idle_in_words(kept, study):
        return f"{' '.join(idle.values())} Clear it in the report, then sign."
    return None


def _why_not_scheme(order, key, kept):
    """`kept`: the reading as JSON; where it cannot be right, that is said of it, and the records count."""
    try:
        frame = evaluation.frame(order).read_as(parse(kept))
    except InvalidReading:
        frame = evaluation.frame(order)
    if key in frame.offered:
        return None
    return frame.not_offered.get(key, f"{SCHEMES[key].name} is not offered in this department.")


def _lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")
