"""`{% load lungs %}`: the map of the segments, drawn and as a table."""

from dataclasses import dataclass
from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from reporting.engine.criteria import judged_by, study_of
from reporting.engine.findings import InvalidReading, parse
from reporting.engine.segments import LOBES, SEGMENTS
from reporting.lungs import MARKS, figures, in_words, marks_of
from reporting.lungs.drawing import GLYPHS
from reporting.lungs.shapes import VIEWS

register = template.Library()
PAIR = ("anterior", "posterior")
UNKNOWN = ("", "Not assessed", "4")
NOT_ASSESSED = ("", "Not assessed", "")
# (field's letter, heading, [(value, label, key that sets it)])
COLUMNS = (
    (
        "q",
        "Perfusion",
        (
            UNKNOWN,
            ("normal", "Normal", "0"),
            ("small", "Small", "1"),
            ("moderate", "Moderate", "2"),
            ("large", "Large", "3"),
        ),
    ),
    (
        "v",
        "Ventilation",
        (
            NOT_ASSESSED,
            ("normal", "Normal", ""),
            ("smaller", "Changed less", ""),
            ("matched", "Matched", ""),
            ("worse", "Worse", ""),
            ("not_done", "Not done", ""),
        ),
    ),
    (
        "x",
        "X-ray",
        (
            NOT_ASSESSED,
            ("clear", "Clear", ""),
            ("smaller", "Smaller", ""),
            ("equal", "Equal", ""),
            ("larger", "Larger", ""),
        ),
    ),
    ("w", "Shape", (NOT_ASSESSED, ("yes", "Wedge", ""), ("no", "No wedge", ""))),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One segment in the table: `cells` are (letter, heading, options, chosen label)."""

    segment: object
    finding: object
    mark: str
    cells: list

    @property
    def mark_label(self):
        return MARKS.get(self.mark, "").partition(":")[0]

    @property
    def words(self):
        """Perfusion, ventilation and X-ray in words."""
        return [label for *_, label in self.cells[:3]]


@register.simple_tag(takes_context=True)
def lung_definitions(context):
    """Patterns and marks that the drawings refer to: once on a page, however many maps it shows."""
    request = context.get("request")
    if request is None or getattr(request, "has_lung_definitions", False):
        return ""
    request.has_lung_definitions = True
    return _constant("reporting/_map_definitions.html")


@register.simple_tag
def map_legend():
    """What the fillings and the marks mean."""
    return _constant("reporting/_map_legend.html")


@cache
def _constant(name):
    """A fragment that is the same for every reading: drawn once in a process."""
    return render_to_string(name)


@register.simple_tag
def segment_table(reading, study=None):
    """The table with a field for each segment's findings: 70 fields, by Jinja2 as the day's list is."""
    here = {"columns": COLUMNS, "lobes": segment_rows(reading, study)}
    return SafeString(render_to_string("reporting/map_table.html", here, using="jinja2"))


@register.simple_tag
def segment_figures(reading, study=None, views="all"):
    """Figures of a reading: `views` is "all" or "pair" (anterior and posterior)."""
    return figures(reading, PAIR if views == "pair" else tuple(VIEWS), study=study or None)


@register.simple_tag
def segment_columns():
    """[(letter, heading, [(value, label, key)])] of the table and of the bar below the map."""
    return COLUMNS


@register.simple_tag
def segment_rows(reading, study=None):
    """[(name of the lobe, [Row])] of every segment of the reading's scheme."""
    marks, lobes = marks_of(reading, study or None), {}
    for segment, finding in zip(SEGMENTS[reading.segment_scheme], reading.every_segment(), strict=True):
        row = Row(segment, finding, marks[segment.code], _cells(finding))
        lobes.setdefault(LOBES[segment.lobe], []).append(row)
    return list(lobes.items())


@register.simple_tag
def segment_marks(reading, study=None):
    """[(mark, its codes apart by spaces)], for the module that shows them."""
    marks = marks_of(reading, study or None)
    return [(mark, " ".join(code for code, each in marks.items() if each == mark)) for mark in MARKS]


@register.simple_tag
def mark_glyphs():
    """[(mark, its path, what it means)]."""
    return [(mark, path, MARKS[mark]) for mark, path in GLYPHS.items()]


@register.filter
def as_reading(kept):
    """The Reading with a map that is kept as JSON; None where there is none, or by rules no longer known."""
    try:
        reading = parse(kept)
    except InvalidReading:
        return None
    return reading if reading.segments else None


@register.simple_tag
def judged_study(reading, study=None, scheme=""):
    """The study as the scheme looks at it; without one, as the reading tells."""
    return judged_by(scheme, study or study_of(reading))


@register.simple_tag
def map_words(reading, study=None):
    """The map in one sentence."""
    return in_words(reading, study or None)


@register.filter
def pairs(text):
    """[[key, words]] of "key:words,key:words"."""
    return [each.split(":") for each in text.split(",")]


@register.filter
def before(text, mark):
    """The part of a text before the mark."""
    return text.partition(mark)[0]


def _cells(finding):
    wedge = {None: "", True: "yes", False: "no"}[finding.wedge]
    chosen = (finding.perfusion, finding.ventilation, finding.xray, wedge)
    return [
        (letter, heading, *_options(letter, str(value)))
        for (letter, heading, _), value in zip(COLUMNS, chosen, strict=True)
    ]


@cache
def _options(letter, chosen):
    """(the options of a column's field with one chosen, its label): seventy fields of a page share these few."""
    choices = next(choices for each, _, choices in COLUMNS if each == letter)
    found = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SELECTED if value == chosen else "", label) for value, label, _ in choices),
    )
    return found, next(label for value, label, _ in choices if value == chosen)


SELECTED = SafeString(" selected")
