"""The labels of the report on paper, in the report's own language. What people wrote stays as they wrote it."""

from babel import Locale
from babel.dates import format_date
from django.utils.translation import get_language, get_language_bidi, pgettext_lazy

from scheduling.templatetags import clock, words

LABELS = {
    "title": pgettext_lazy("report", "Ventilation/perfusion lung scan: report"),
    "status.preliminary": pgettext_lazy(
        "report", "Preliminary report: not yet signed by an attending physician"
    ),
    "status.final": pgettext_lazy("report", "Final report"),
    "status.amendment": pgettext_lazy("report", "Amended report"),
    "signed": pgettext_lazy("report", "%(status)s, signed by %(name)s, %(at)s"),
    "because": pgettext_lazy("report", "%(signed)s. Amended because: %(reason)s"),
    "retracted": pgettext_lazy("report", "RETRACTED by %(name)s, %(at)s: %(reason)s Do not use this report."),
    "patient": pgettext_lazy("report", "Patient"),
    "born_sex": pgettext_lazy("report", "Born, sex"),
    "patient_number": pgettext_lazy("report", "Patient number"),
    "accession_number": pgettext_lazy("report", "Accession number"),
    "referrer": pgettext_lazy("report", "Referrer"),
    "ordered": pgettext_lazy("report", "Ordered"),
    "question": pgettext_lazy("report", "Question"),
    "indication": pgettext_lazy("report", "Indication"),
    "wells": pgettext_lazy("report", "Wells score"),
    "d_dimer": pgettext_lazy("report", "D-dimer"),
    "not_given": pgettext_lazy("report", "not given"),
    "born_unknown": pgettext_lazy("report", "date of birth unknown"),
    "sex.female": pgettext_lazy("report", "female"),
    "sex.male": pgettext_lazy("report", "male"),
    "sex.other": pgettext_lazy("report", "other"),
    "sex.unknown": pgettext_lazy("report", "unknown"),
    "priority.stat": pgettext_lazy("report", "stat"),
    "priority.urgent": pgettext_lazy("report", "urgent"),
    "priority.routine": pgettext_lazy("report", "routine"),
    "done": pgettext_lazy("report", "What was done"),
    "examination": pgettext_lazy("report", "Examination"),
    "step.xray": pgettext_lazy("report", "Chest X-ray"),
    "step.ventilation": pgettext_lazy("report", "Ventilation"),
    "step.perfusion": pgettext_lazy("report", "Perfusion"),
    "limited": pgettext_lazy("report", "Limited"),
    "not_performed": pgettext_lazy("report", "not performed"),
    "particles": pgettext_lazy("report", "%(number)s particles"),
    "residual": pgettext_lazy("report", "residual %(activity)s"),
    "film.normal": pgettext_lazy("report", "normal"),
    "film.abnormal": pgettext_lazy("report", "abnormal"),
    "film.pa": pgettext_lazy("report", "PA"),
    "film.lateral": pgettext_lazy("report", "lateral"),
    "film.ap_portable": pgettext_lazy("report", "AP portable"),
    "findings": pgettext_lazy("report", "Findings"),
    "impression": pgettext_lazy("report", "Impression"),
    "next_step": pgettext_lazy("report", "Next step"),
    "override": pgettext_lazy("report", "Not as the criteria suggest: %(reason)s"),
    "group.unlikely": pgettext_lazy("report", "PE unlikely"),
    "group.unclear": pgettext_lazy("report", "Could not tell"),
    "group.likely": pgettext_lazy("report", "PE likely"),
    "told": pgettext_lazy("report", "Critical result"),
    "told.how": pgettext_lazy(
        "report", "%(finding)s: %(to)s was told by %(by)s (%(method)s), %(at)s; read back."
    ),
    "method.phone": pgettext_lazy("report", "by phone"),
    "method.in_person": pgettext_lazy("report", "in person"),
    "method.video": pgettext_lazy("report", "by video call"),
    "addendum": pgettext_lazy("report", "Addendum, %(name)s, %(at)s"),
    "map": pgettext_lazy("report", "Segments"),
    "view.anterior": pgettext_lazy("report", "Anterior"),
    "view.posterior": pgettext_lazy("report", "Posterior"),
    "view.right_lateral": pgettext_lazy("report", "Right lateral"),
    "view.left_lateral": pgettext_lazy("report", "Left lateral"),
    "drawn": pgettext_lazy("report", "%(view)s. The table below says the same in words."),
    "segments": pgettext_lazy("report", "Segment by segment"),
    "segment": pgettext_lazy("report", "Segment"),
    "value.not_assessed": pgettext_lazy("report", "not assessed"),
    "value.normal": pgettext_lazy("report", "normal"),
    "value.small": pgettext_lazy("report", "small"),
    "value.moderate": pgettext_lazy("report", "moderate"),
    "value.large": pgettext_lazy("report", "large"),
    "value.smaller": pgettext_lazy("report", "smaller"),
    "value.matched": pgettext_lazy("report", "matched"),
    "value.worse": pgettext_lazy("report", "worse"),
    "value.not_done": pgettext_lazy("report", "not done"),
    "value.clear": pgettext_lazy("report", "clear"),
    "value.equal": pgettext_lazy("report", "equal"),
    "value.larger": pgettext_lazy("report", "larger"),
    "versions": pgettext_lazy("report", "Signed versions"),
    "number": pgettext_lazy("report", "No."),
    "what": pgettext_lazy("report", "What"),
    "signed_by": pgettext_lazy("report", "Signed by"),
    "signed_at": pgettext_lazy("report", "Signed at"),
    "kind.preliminary": pgettext_lazy("report", "Preliminary"),
    "kind.final": pgettext_lazy("report", "Final"),
    "kind.addendum": pgettext_lazy("report", "Addendum"),
    "kind.amendment": pgettext_lazy("report", "Amendment"),
    "kind.retraction": pgettext_lazy("report", "Retraction"),
    "fingerprint": pgettext_lazy("report", "Fingerprint of version %(number)s: %(hash)s"),
    "printed": pgettext_lazy("report", "%(site)s: confidential. Printed %(at)s"),
}


def said(key, **values):
    """The label in the active language, with its places filled. Raises KeyError for an unknown one."""
    text = str(LABELS[key])
    return text % {name: own(value) for name, value in values.items()} if values else text


def own(text):
    """What is written as it is in a report of any language: names, numbers, words of people. From right to left each
    of its lines is laid out by itself, so that 722 ng/mL is not read as ng/mL 722."""
    if not get_language_bidi():
        return text
    lines = str(text).split("\n")
    return "\n".join(f"{words.FIRST_STRONG}{line}{words.END}" if line else line for line in lines)


def joined(parts):
    """The parts that say something, each as it is, in one line."""
    comma = "، " if get_language_bidi() else ", "
    return comma.join(own(part) for part in parts if part)


def known(key, else_):
    """The label of a value that may be newer than this table: then `else_`."""
    return said(key) if key in LABELS else else_


def day(date):
    """22 Nov 2026, or as one writes it in the active language; empty for None."""
    if date is None or get_language() == "en":
        return clock.day(date) if date else ""
    return format_date(date, "long", locale=Locale.parse(get_language(), sep="-"))


def at(value, zone, *, named=False):
    """A moment on the site's clock: 22 Nov 2026 10:40; `named`: with the zone. Empty for None."""
    if value is None:
        return ""
    moment = clock.local(value, zone)
    return f"{day(moment.date())} {clock.clock_time(moment, named=named)}"
