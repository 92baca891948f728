"""The report as plain data for its template, complete as the department's checklist asks: whose it is, what was asked,
done and found, by which scheme, who signed which version, and that it was retracted where it was.

Times are on the site's clock. Labels and terms are in the report's own language, names and free text as they were
written.
"""

from django.utils.translation import override

from reporting.engine.findings import InvalidReading, parse
from reporting.engine.segments import SEGMENTS
from reporting.paper.labels import at, day, joined, known, own, said
from reporting.services import prose, reading
from scheduling import administrations
from scheduling.models import StepKind
from scheduling.templatetags import words


def data(order, standing, versions, case, *, now, drawings=(), told=()):
    """What report.typ shows. `standing`: services.versions.Standing of the `versions` that the reader may see (oldest
    first); `case`: services.reading.Case. `drawings`: the segment map's views (lungs.Picture). `told`: the calls by
    which somebody was told of a critical result (models.Told)."""
    with override(standing.base.language):
        return {
            **_head(order, standing),
            **_body(order, standing, case),
            "told": [_told(call, order.site.time_zone) for call in told],
            "pictures": [_picture(each, standing.base.language) for each in drawings],
            **_foot(order, standing, versions, now),
        }


def _head(order, standing):
    site, patient, zone = order.site, order.patient, order.site.time_zone
    return {
        "title": said("title"),
        "language": standing.base.language[:2],
        "direction": words.direction(standing.base.language),
        "signer": standing.base.signed_by.name,
        "site": own(site.name),
        "place": own(site.place),
        "phone": own(site.phone),
        "accession": own(order.accession_number),
        "patient": {
            "name": _name(patient),
            "born": own(day(patient.born_on) or said("born_unknown")),
            "number": own(patient.mrn),
        },
        "status": _status(standing, zone),
        "warning": _warning(standing, zone),
        "about": _about(order, zone),
    }


def _body(order, standing, case):
    base, zone = standing.base, order.site.time_zone
    return {
        "done": _done(case, zone),
        **_term(base),
        "override": said("override", reason=base.override_reason) if base.override_reason else "",
        "sections": _sections(base),
        "addenda": [_addendum(each, zone) for each in standing.addenda],
        "segments": _segments(base),
        "segment_columns": [
            said(key) for key in ("segment", "step.perfusion", "step.ventilation", "step.xray")
        ],
        "labels": {key: said(key) for key in ("done", "told", "map", "segments", "versions")},
    }


def _foot(order, standing, versions, now):
    zone, newest = order.site.time_zone, standing.newest
    return {
        "versions": [_version(each, zone) for each in versions],
        "version_columns": [said(key) for key in ("number", "what", "signed_by", "signed_at")],
        "fingerprint": said("fingerprint", number=newest.number, hash=newest.content_hash),
        "printed": own(said("printed", site=order.site.name, at=at(now, zone, named=True))),
    }


def _name(patient):
    return own(", ".join(each for each in (patient.family_name, patient.given_name) if each))


def _status(standing, zone):
    base = standing.base
    when = at(base.signed_at, zone, named=True)
    signed = said("signed", status=said(f"status.{base.kind}"), name=base.signed_by.name, at=when)
    return said("because", signed=signed, reason=base.reason) if base.reason else signed


def _warning(standing, zone):
    gone = standing.retraction
    if gone is None:
        return ""
    when = at(gone.signed_at, zone, named=True)
    return said("retracted", name=gone.signed_by.name, at=when, reason=gone.reason)


def _term(base):
    """The standard term and its scheme in the report's language; what is older than the tables as it was signed."""
    term = reading.term(base)
    if term is None:
        return {"scheme": "", "term": "", "group": ""}
    return {
        "scheme": prose.word(f"scheme.{base.scheme}", base.language, term.scheme),
        "term": prose.word(f"term.{base.category}", base.language, term.label),
        "group": known(f"group.{term.group}", term.group_label),
    }


def _about(order, zone):
    patient, referrer = order.patient, order.referrer
    indication = " ".join(each for each in (order.indication_code, order.indication_text) if each)
    dimer = ""
    if order.d_dimer_ng_per_ml is not None:
        dimer = " ".join(each for each in (f"{order.d_dimer_ng_per_ml} ng/mL", order.d_dimer_units) if each)
    sex = known(f"sex.{patient.sex}", patient.get_sex_display().lower())
    priority = known(f"priority.{order.priority}", order.get_priority_display().lower())
    rows = {
        "patient": _name(patient),
        "born_sex": f"{day(patient.born_on) or said('sex.unknown')}, {sex}",
        "patient_number": own(patient.mrn),
        "accession_number": own(order.accession_number),
        "referrer": joined([referrer.name, order.ward]),
        "ordered": f"{at(order.ordered_at, zone)} ({priority})",
        "question": own(order.clinical_question),
        "indication": own(indication) or said("not_given"),
        "wells": said("not_given") if order.wells_score is None else str(order.wells_score),
        "d_dimer": own(dimer) or said("not_given"),
    }
    return [[said(key), text] for key, text in rows.items()]


def _done(case, zone):
    rows = (
        [[said("examination"), own(case.handed.appointment.procedure.protocol.name)]] if case.handed else []
    )
    rows += [
        [known(f"step.{each.step.kind}", each.step.get_kind_display()), _step(each, zone)]
        for each in case.steps
    ]
    if case.handed and case.handed.row and case.handed.row.limited:
        rows.append([said("limited"), own(case.handed.row.limited)])
    return rows


def _step(each, zone):
    """A step with its time, its place, what was given and what was left, and what the X-ray showed."""
    step = each.step
    when = step.performed_start_at or step.performed_end_at
    lines = [joined([at(when, zone) or said("not_performed"), each.place])]
    lines += [_dose(dose, zone) for dose in administrations.given(step)]
    if step.kind == StepKind.XRAY:
        lines += [_xray(row) for row in _rows(step, "chest_xrays")]
    return "\n".join(line for line in lines if line)


def _rows(step, name):
    return list(step._prefetched_objects_cache.get(name, ()))


def _dose(dose, zone):
    residual = "" if dose.residual_mbq is None else administrations.mbq(dose.residual_mbq)
    parts = [
        f"{dose.get_product_display()} {administrations.mbq(dose.administered_mbq)}",
        said("particles", number=f"{dose.particles:,}") if dose.particles else "",
        dose.injection_site,
        at(dose.given_at, zone).rpartition(" ")[2],
        said("residual", activity=residual) if residual else "",
    ]
    return joined(parts)


def _xray(row):
    found = known(f"film.{row.finding}", row.get_finding_display()) if row.finding else ""
    views = [known(f"film.{view}", view) for view in row.views]
    return joined([*views, ": ".join(own(each) for each in (found, row.note) if each)])


def _sections(base):
    texts = {"findings": base.findings, "impression": base.impression, "next_step": base.next_step}
    return [{"title": said(key), "text": own(text)} for key, text in texts.items() if text]


def _told(call, zone):
    return said(
        "told.how",
        finding=call.finding,
        to=call.told_to,
        by=call.told_by.name,
        method=known(f"method.{call.method}", call.get_method_display().lower()),
        at=at(call.told_at, zone, named=True),
    )


def _picture(drawn, language):
    name = said(f"view.{drawn.key}")
    alt = drawn.alt if language == "en" else said("drawn", view=name)
    return {"name": name, "alt": alt, "svg": drawn.svg}


def _addendum(version, zone):
    when = at(version.signed_at, zone, named=True)
    return {"title": said("addendum", name=version.signed_by.name, at=when), "text": own(version.addendum)}


def _segments(base):
    """The assessed segments in the order of their scheme, in words."""
    try:
        found = parse(base.reading)
    except InvalidReading:  # of an older version of the vocabulary: its prose still says it
        return []
    names = {each.code: each.name for each in SEGMENTS.get(found.segment_scheme, ())}
    return [
        [
            f"{each.code} {prose.word(f'segment.{each.code}', base.language, names.get(each.code, ''))}".strip(),
            *(_value(value) for value in (each.perfusion, each.ventilation, each.xray)),
        ]
        for each in found.segments
    ]


def _value(value):
    return said(f"value.{value}" if value else "value.not_assessed")


def _version(version, zone):
    kind = known(f"kind.{version.kind}", version.get_kind_display())
    return [
        str(version.number),
        f"{kind}: {own(version.reason)}" if version.reason else kind,
        own(version.signed_by.name),
        own(at(version.signed_at, zone, named=True)),
    ]
