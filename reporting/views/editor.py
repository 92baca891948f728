"""What the report's form shows: the reading with its fields, what the criteria make of it, and the sentences."""

from dataclasses import replace

from reporting.engine.criteria import judged_by
from reporting.engine.findings import InvalidReading, idle, parse
from reporting.engine.schemes import SCHEMES, label_of
from reporting.engine.segments import by_code
from reporting.forms import readings, whole_lungs
from reporting.forms.drafts import PROSE, terms
from reporting.models import Report
from reporting.services import evaluation, prose, reading
from scheduling.templatetags import clock

NO_PROSE = prose.Prose("", "", "")


def editor_context(report, form, *, frame, fields, priors):
    """The context of reporting/_editor.html. `fields`: the reading's, as a form sends them."""
    kept, _ = readings.reading_of(fields)
    chosen = _chosen(report, form["scheme"].value(), form["category"].value(), form["language"].value())
    found = parse(kept)
    generated = _generated(chosen, found, frame, priors)
    texts = prose.Prose(*(form[name].value() or "" for name in PROSE))
    return {
        **result_context(chosen, found, frame, override_reason=form["override_reason"].value()),
        "fields": fields,
        "lungs": whole_lungs.form_of(
            fields, priors=_prior_choices(priors, report), recorded=frame.done.technique
        ),
        "said": _said(texts, generated, _generated_before(chosen, found, frame, priors)),
    }


def result_context(chosen, found, frame, *, override_reason=""):
    """The context of reporting/_evaluation.html: `chosen` is a Report with scheme and category."""
    frame = frame.read_as(found)
    judged = evaluation.of(frame, scheme=chosen.scheme, category=chosen.category, reading=found)
    suggestion = judged.suggestion
    return {
        "evaluation": judged,
        "study": frame.study,
        "judged": judged_by(chosen.scheme, frame.study),
        "idle": [(readings.LETTERS[name], sentence) for name, sentence in judged.idle.items()],
        "suggested_label": label_of(chosen.scheme, suggestion.category) if suggestion else "",
        "is_override": bool(suggestion and chosen.category and chosen.category != suggestion.category),
        "override_reason": override_reason or "",
        "terms": terms(chosen.scheme),
        "chosen": chosen,
        "scheme": SCHEMES.get(chosen.scheme),
        "term": reading.term(chosen),
        "offered": [
            (key, each.name) for key, each in SCHEMES.items() if key in frame.offered or key == chosen.scheme
        ],
        "not_offered": list(frame.not_offered.values()),
        "segment_count": len(by_code(found.segment_scheme)),
        "reading": found,
    }


def renewed(sent, report, frame, priors):
    """(what is generated now, the sent texts with it) of a sent form. What was generated before came along."""
    kept, _ = readings.reading_of(sent)
    chosen = _chosen(report, sent.get("scheme"), sent.get("category"), sent.get("language"))
    after = _generated(chosen, parse(kept), frame, priors)
    before = prose.Prose(*(_lines(sent.get(f"said-{name}", "")) for name in PROSE))
    texts = prose.Prose(*(_lines(sent.get(name, "")) for name in PROSE))
    return after, prose.renewed(texts, before, after)


def fields_of(report):
    """The fields of the reading as it is kept."""
    try:
        return readings.fields_of(report.reading)
    except InvalidReading:
        return readings.fields_of({})


def _chosen(report, scheme, category, language):
    return Report(
        order=report.order,
        scheme=scheme or "",
        category=category or "",
        language=language or report.language,
    )


def _said(texts, generated, before):
    """What was generated of each text. An empty one has not been yet: its sentences come with the next change. One of
    the time `before` records or technique changed still holds what was generated then."""
    found = {}
    for name in PROSE:
        own = set(getattr(texts, name).splitlines())
        candidates = [getattr(each, name) for each in (generated, before)]
        found[name] = max(candidates, key=lambda said: len(own & set(said.splitlines()))) if own else ""
    return found


def _generated_before(chosen, found, frame, priors):
    """What was generated when the values that do not count now still did."""
    study = frame.read_as(found).study
    left = idle(found, study)
    earlier = replace(
        study,
        ventilation_done=study.ventilation_done or "ventilation" in left,
        xray_known=study.xray_known or "xray" in left,
    )
    return _generated(chosen, found, frame, priors, earlier)


def _generated(chosen, found, frame, priors, study=None):
    if chosen.scheme not in SCHEMES:
        return NO_PROSE
    category = chosen.category if reading.term(chosen) and reading.term(chosen).group else ""
    language = chosen.language if chosen.language in dict(prose.languages()) else "en"
    prior = next(
        (each for each in priors if each.version.report.order_id == found.comparison.prior_order), None
    )
    prior_on = clock.local(prior.examined_at, chosen.order.site.time_zone).date() if prior else None
    return prose.generated(
        found,
        study or frame.read_as(found).study,
        scheme=chosen.scheme,
        category=category,
        language=language,
        prior_on=prior_on,
    )


def _prior_choices(priors, report):
    zone = report.order.site.time_zone
    return [
        (each.version.report.order_id, f"{clock.date_at(each.examined_at, zone)}: {each.term.label}")
        for each in priors
    ]


def _lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")
