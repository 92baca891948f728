"""What the demonstration's physicians saw: readings whose categories are those that the criteria give, with the prose
that is made from them. Each is worked out once, however many reports say it."""

import json
from dataclasses import dataclass, replace
from functools import cache

from reporting.engine.criteria import Refusal, suggest
from reporting.engine.findings import (
    Differential,
    Level,
    Measured,
    Perfusion,
    Quality,
    Reading,
    Region,
    SegmentFinding,
    Study,
    Technique,
    Ventilation,
    Xray,
    as_json,
)
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES, Group, group_of
from reporting.engine.segments import DEFAULT_SEGMENTS, SEGMENTS
from reporting.services import prose

SPECT_AGENTS = ("technegas", "kr81m")  # of the demonstration's rooms
QUANTITATIVE = "QUANT_DIFFERENTIAL"
# The share of the examinations in each scheme, by what was done.
SCHEMES_OF = {
    (Technique.PLANAR, True): (
        ("PIOPED_I", 40),
        ("MOD_PIOPED_II", 35),
        ("TRINARY", 15),
        (DEFAULT_SCHEME, 10),
    ),
    (Technique.PLANAR, False): (("MOD_PIOPED_II_Q", 60), ("PISAPED", 30), (DEFAULT_SCHEME, 10)),
    (Technique.SPECT, True): (("EANM_SPECT", 75), ("TRINARY", 15), (DEFAULT_SCHEME, 10)),
    (Technique.SPECT, False): ((DEFAULT_SCHEME, 60), ("TRINARY", 40)),  # no table fits
}
# Where the terms come without criteria: those of the group that the picture belongs to.
TERMS = {
    Group.UNLIKELY: ("normal", "pe_absent", "no_evidence_of_pe", "low_probability"),
    Group.UNCLEAR: ("nondiagnostic", "intermediate_probability", "indeterminate_probability"),
    Group.LIKELY: ("pe_present", "high_probability", "pe_positive"),
}
L, M, S = Perfusion.LARGE, Perfusion.MODERATE, Perfusion.SMALL
MISMATCH, MATCH = (Ventilation.NORMAL, Xray.CLEAR), (Ventilation.MATCHED, Xray.CLEAR)
OPACITY = (Ventilation.MATCHED, Xray.EQUAL)


@dataclass(frozen=True, slots=True)
class Picture:
    """One pattern: its share, the group that it means, its defects ({code: (perfusion, (ventilation, X-ray))}), and
    what else was seen."""

    share: int
    group: Group
    defects: tuple = ()
    seen: tuple = ()

    @property
    def more(self):
        return dict(self.seen)


def _defects(size, kind, *codes):
    return tuple((code, size, kind) for code in codes)


PICTURES = (
    Picture(38, Group.UNLIKELY),
    Picture(7, Group.UNLIKELY, (), (("nonsegmental", ("cardiomegaly",)), ("other", ("heart_failure",)))),
    Picture(8, Group.UNLIKELY, _defects(S, MATCH, "RB10", "LB10"), (("other", ("airways_disease",)),)),
    Picture(6, Group.UNLIKELY, _defects(S, MATCH, "RB6", "LB6", "LB10")),
    Picture(
        5, Group.UNLIKELY, _defects(M, MATCH, "RB1", "RB2", "LB1+2", "LB3"), (("other", ("emphysema",)),)
    ),
    Picture(3, Group.UNLIKELY, (), (("nonsegmental", ("elevated_diaphragm",)),)),
    Picture(5, Group.UNCLEAR, _defects(M, MISMATCH, "LB9")),
    Picture(4, Group.UNCLEAR, _defects(L, OPACITY, "RB9", "RB10"), (("other", ("pneumonia",)),)),
    Picture(
        3,
        Group.UNCLEAR,
        (*_defects(M, MATCH, "RB4", "RB5", "LB4"), *_defects(M, MISMATCH, "RB8")),
        (("quality", Quality.LIMITED), ("limits", ("motion",))),
    ),
    Picture(5, Group.LIKELY, _defects(L, MISMATCH, "RB2", "RB8", "RB9", "LB10")),
    Picture(4, Group.LIKELY, (*_defects(L, MISMATCH, "LB4", "LB5", "LB8"), *_defects(M, MISMATCH, "RB6"))),
    Picture(
        3,
        Group.LIKELY,
        (*_defects(L, MISMATCH, "RB1", "RB3", "RB7", "LB3", "LB6"), *_defects(M, MISMATCH, "LB9")),
    ),
    Picture(3, Group.LIKELY, _defects(L, MISMATCH, "RB9", "RB10", "LB9", "LB10"), (("cteph", True),)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A report's content: `category` as signed, `group` what it means, `fields` by the names of the model."""

    scheme: str
    category: str
    group: Group
    fields: tuple

    @property
    def content(self):
        """{name of the field: value}."""
        return dict(self.fields)


def study_of(performed):
    """What was done, by the protocol and the agent of a performed examination."""
    is_spect = performed.agent in SPECT_AGENTS
    technique = Technique.SPECT if is_spect else Technique.PLANAR
    has_ventilation = performed.protocol_key != "Q_ONLY" and bool(performed.agent)
    return Study(technique, ventilation_done=has_ventilation, xray_known=True)


def is_map_of_lungs(performed):
    """Whether perfusion was done at all."""
    return performed.protocol_key != "V_ONLY"


@cache
def said(study, scheme, number, prior, *, quantitative=False, override=False):
    """What the reports of this picture say, in a scheme, after a clinical prior. With `override` the reader chose
    another term than the criteria, where the scheme has one of a neighbouring group."""
    picture = PICTURES[number]
    seen = _reading(picture, study, prior, quantitative)
    found = suggest(scheme, seen, study)
    suggested = "" if isinstance(found, Refusal) else found.category
    category = suggested or _term(scheme, picture.group, number)
    reason = ""
    if suggested and override and (other := _other(scheme, suggested)) != suggested:
        category, reason = other, "Severe airways disease: the pattern is not specific."
    texts = prose.generated(seen, study, scheme=scheme, category=category)
    fields = (
        ("scheme", scheme),
        ("category", category),
        ("suggested", suggested),
        ("suggested_by", "" if isinstance(found, Refusal) else found.row),
        ("override_reason", reason),
        ("reading", as_json(seen)),
        ("findings", texts.findings),
        ("impression", texts.impression),
        ("next_step", texts.next_step),
    )
    return Said(scheme, category, group_of(scheme, category), fields)


@cache
def amended(content):
    """The same after the earlier examination was found: one finding more."""
    more = {
        "findings": f"{content.content['findings']}\nNo change against the examination of another clinic."
    }
    fields = tuple((name, more.get(name, value)) for name, value in content.fields)
    return replace(content, fields=fields)


@cache
def ventilation_only():
    """The report of an examination without perfusion: no map, so no criteria."""
    fields = (
        ("scheme", DEFAULT_SCHEME),
        ("category", "nondiagnostic"),
        ("suggested", ""),
        ("suggested_by", ""),
        ("override_reason", ""),
        ("reading", as_json(Reading(quality=Quality.GOOD))),
        ("findings", "Ventilation is even in both lungs. Perfusion was not asked for."),
        ("impression", "Even ventilation. Nothing is said of pulmonary embolism without perfusion."),
        ("next_step", ""),
    )
    return Said(DEFAULT_SCHEME, "nondiagnostic", Group.UNCLEAR, fields)


@cache
def written(content):
    """The fields of a Said as COPY reads them: JSON, and line breaks as two signs."""
    values = [json.dumps(value) if name == "reading" else value for name, value in content.fields]
    return tuple(value.replace("\\", "\\\\").replace("\n", "\\n") for value in values)


def _reading(picture, study, prior, quantitative):
    defects = {code: (size, kind) for code, size, kind in picture.defects}
    found = Reading(
        segments=tuple(
            _segment(each.code, defects.get(each.code), study) for each in SEGMENTS[DEFAULT_SEGMENTS]
        ),
        prior=prior,
        quality=Quality.GOOD,
        confidence=Level.HIGH if picture.group != Group.UNCLEAR else Level.INTERMEDIATE,
        near_normal=bool(picture.defects) and {size for _, size, _ in picture.defects} == {S},
        differential=_differential() if quantitative else Differential(),
    )
    return replace(found, **picture.more)


def _segment(code, defect, study):
    size, kind = defect or (Perfusion.NORMAL, MISMATCH)
    if kind == MATCH and not study.ventilation_done:
        kind = OPACITY  # what explains a defect is seen on the X-ray alone
    ventilation, xray = kind
    return SegmentFinding(
        code,
        perfusion=size,
        ventilation=ventilation if study.ventilation_done else Ventilation.NOT_DONE,
        xray=xray,
        wedge=kind == MISMATCH if defect else None,
    )


def _differential():
    shares = (("right", 57.0), ("left", 43.0))
    return Differential(perfusion=Measured("lung", tuple(Region(key, percent) for key, percent in shares)))


def _term(scheme, group, number):
    terms = TERMS[group] if scheme == DEFAULT_SCHEME else ()
    known = [each.key for each in SCHEMES[scheme].categories if each.group == group]
    return terms[number % len(terms)] if terms else known[0]


def _other(scheme, suggested):
    """The next term of the scheme in a neighbouring group, or the same one where there is none."""
    categories = SCHEMES[scheme].categories
    at = next(place for place, each in enumerate(categories) if each.key == suggested)
    wanted = [
        each.key
        for each in (*categories[at + 1 :], *reversed(categories[:at]))
        if each.group == Group.UNCLEAR
    ]
    return wanted[0] if wanted and group_of(scheme, suggested) != Group.UNCLEAR else suggested
